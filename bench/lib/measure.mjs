// One case, measured by systems that take turns.
import { setTimeout as pause } from "node:timers/promises";
import { flops } from "../cases.mjs";
import { median, quantile, significant, summarize } from "./statistics.mjs";

/** A turn lasts about this long: one step where steps are long, else at least three, of which the first finds cold caches. */
const turnMs = 60;
/** Between turns, so that threads that still spin after their last step do not disturb the next system. */
const pauseMs = 4;

const clamp = (low, value, high) => Math.max(low, Math.min(high, value));

/** Largest difference between two results, relative to their largest number. */
export function difference(a, b) {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(...a.map(Math.abs), 1e-30);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / scale;
}

/** How many steps make a turn; trying it out is the warm-up, too. */
async function stepsPerTurn(system, test, sampleMs) {
  // The sample took a few of these steps already.
  if (sampleMs > 1000) return 1;
  const { ms } = await system.ask({ steps: test.mode === "stream" ? 500 : 1 });
  // Once more where a step is cheap: the first still allocates and compiles.
  const again = median(ms) < 500 ? (await system.ask({ steps: 2 })).ms : ms;
  const one = Math.min(...again);
  return clamp(one < 100 ? 3 : 1, Math.round(turnMs / one), test.mode === "stream" ? 4000 : 50);
}

/**
 * Sets the case up everywhere, checks that the results agree, and lets the systems take turns until `budgetMs` is over, at
 * least `minimum` and at most `maximum` rounds. Systems that fail are named with the reason. A `gauge` takes its turn in
 * every round and says what the machine could do just then.
 */
export async function measure(systems, test, { budgetMs, minimum, maximum, gauge }) {
  const began = performance.now();
  const failed = {};
  const ready = [];
  let expected = null;
  for (const system of systems) {
    try {
      const { sample, sampleMs } = await system.ask({ setup: test });
      if (sample) {
        expected ??= sample;
        const apart = difference(expected, sample);
        if (!(apart < 1e-3)) throw new Error(`its results differ by ${significant(apart, 2)}`);
      }
      ready.push({ system, steps: await stepsPerTurn(system, test, sampleMs), all: [] });
    } catch (error) {
      failed[system.name] = error.message;
    }
  }
  const rounds = [];
  const peaks = [];
  const roundsBegan = performance.now();
  while (ready.length > 0 && rounds.length < maximum) {
    const now = performance.now();
    const each = (now - roundsBegan) / Math.max(1, rounds.length);
    if (rounds.length >= minimum && now + each - began > budgetMs) break;
    const round = {};
    for (const entry of rounds.length % 2 ? [...ready].reverse() : [...ready]) {
      const { system, steps, all } = entry;
      await pause(pauseMs);
      try {
        const { ms } = await system.ask({ steps });
        round[system.name] = median(ms);
        if (test.mode === "stream") all.push(...ms);
      } catch (error) {
        failed[system.name] = error.message;
        ready.splice(ready.indexOf(entry), 1);
      }
    }
    rounds.push(round);
    if (gauge) peaks.push(await gauge.measure());
  }
  const row = { ...test, rounds: rounds.length, systems: summarize(rounds, test.base) };
  if (Object.keys(failed).length > 0) row.failed = failed;
  if (gauge) {
    row.share = {};
    for (const { system } of ready) {
      const shares = rounds.map((round, i) => flops(test) / round[system.name] / 1e6 / peaks[i]);
      row.share[system.name] = significant(median(shares), 3);
    }
  }
  for (const { system, all } of ready) {
    if (all.length > 0)
      row.systems[system.name].p99 = significant(
        quantile(
          all.sort((a, b) => a - b),
          0.99,
        ),
      );
  }
  return row;
}
