// Start-up: time to import, and from there to the end of the first training step, in fresh processes that take turns.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { summarize } from "./lib/statistics.mjs";
import { findPython } from "./lib/systems.mjs";

const worker = (name) => fileURLToPath(new URL(`workers/${name}`, import.meta.url));

/** A result row of mode "start": each system's import, and as "… first step" and "… second step" what follows it. */
export function measureStart(test, { python, peers, systems, rounds, budgetMs = Number.POSITIVE_INFINITY }) {
  const size = [test.batch, test.time, test.units].map(String);
  const has = (name) => !systems || systems.includes(name);
  const commands = { native: [process.execPath, worker("first_step.mjs"), "rondo"] };
  if (has("tfjs") && existsSync(path.join(peers, "node_modules/@tensorflow/tfjs-layers"))) {
    commands.tfjs = [process.execPath, worker("first_step.mjs"), "tfjs"];
  }
  if (has("torch") && python) commands.torch = [python, worker("first_step.py")];
  const env = { ...process.env, RONDO_BENCH_PEERS: path.resolve(peers), OMP_NUM_THREADS: "1" };
  const done = [];
  const failed = {};
  const began = performance.now();
  // The first round fills the disk's cache.
  for (let round = -1; round < rounds; round++) {
    if (round >= 3 && performance.now() - began > budgetMs) break;
    const times = {};
    for (const [name, [command, ...args]] of Object.entries(commands)) {
      // The others take seconds: three times will do.
      if (failed[name] || (name !== "native" && (round < 0 || round >= 3))) continue;
      const { stdout, stderr, status } = spawnSync(command, [...args, ...size], { env, encoding: "utf8" });
      if (status !== 0) {
        failed[name] = stderr.trim().split("\n").at(-1) ?? `status ${status}`;
        continue;
      }
      const answer = JSON.parse(stdout.trim().split("\n").at(-1));
      times[name] = answer.import;
      times[`${name} first step`] = answer.first;
      times[`${name} second step`] = answer.second;
    }
    if (round >= 0) done.push(times);
  }
  const row = { ...test, rounds: done.length, systems: summarize(done, "native") };
  return Object.keys(failed).length > 0 ? { ...row, failed } : row;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { python: { type: "string" }, peers: { type: "string" } } });
  const test = { mode: "start", cell: "lstm", base: "native", threads: 1, batch: 32, time: 50, inputs: 8, units: 64 };
  const peers = values.peers ?? fileURLToPath(new URL(".", import.meta.url));
  const row = measureStart(test, { python: findPython(values.python), peers, rounds: 15 });
  for (const [name, { ms }] of Object.entries(row.systems)) {
    console.log(
      `${name}: median ${ms[1].toFixed(1)} ms, half of all from ${ms[0].toFixed(1)} to ${ms[2].toFixed(1)} ms`,
    );
  }
  for (const [name, reason] of Object.entries(row.failed ?? {})) console.log(`${name}: failed (${reason})`);
}
