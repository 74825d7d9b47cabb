// The whole comparison: runs the cases, shows what they say, writes the results, and draws the page and its charts.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cells, flops, modes, plan, shapeSets } from "./cases.mjs";
import { buildId, busyWarning, describeMachine } from "./lib/environment.mjs";
import { measure } from "./lib/measure.mjs";
import { measurePeak, startGauge } from "./lib/peak.mjs";
import { publish, toScreen } from "./lib/report.mjs";
import { merge, readResults, sorted, writeResults } from "./lib/results.mjs";
import { can, findPython, startSystem, systemNames } from "./lib/systems.mjs";
import { caseName, short } from "./lib/tables.mjs";
import { measureStart } from "./start.mjs";

const help = `node bench/compare.mjs [options]
  --shapes ${Object.keys(shapeSets).join("|")}  which shapes (default quick; grid is everything docs/benchmarks.md shows)
  --threads 1,2            numbers of threads, one after the other (default 1)
  --modes ${modes.join()}   what to measure (default all)
  --cells ${cells.join()}     which cells (default all)
  --base native,wasm       rondo's native kernels against PyTorch and ONNX Runtime, its WASM against TensorFlow.js
  --batch, --time, --units 32,64   only cases of these sizes
  --systems ${systemNames.join()}   against whom (default: all that can be had)
  --python PATH            a Python with torch (default python3, if it has it)
  --peers FOLDER           where the other systems' packages are installed (default bench/)
  --budget 20m             end after about this time (s, m or h; default 20m)
  --rounds N               at most so many turns of every system in a case (default 15)
  --results FILE           where to keep what was measured (default bench/results/latest.jsonl); runs add to it
  --fresh                  forget what the file holds
  --publish                put it into bench/measured.jsonl, docs/benchmarks.md and docs/charts too
  --report                 measure nothing: show the results, and with --publish draw page and charts from measured.jsonl
  --quiet                  only the targets and the summary of each part, without every case
Ctrl-C ends the run after the case at hand and keeps what was measured.`;

const fail = (message) => {
  console.error(`${message}\n\n${help}`);
  process.exit(2);
};

function readOptions() {
  const text = (fallback) => ({ type: "string", ...(fallback === undefined ? {} : { default: fallback }) });
  try {
    return parseArgs({
      options: {
        ...{ shapes: text("quick"), threads: text("1"), modes: text(), cells: text(), base: text() },
        ...{ batch: text(), time: text(), units: text(), systems: text(), python: text(), peers: text() },
        ...{ budget: text("20m"), rounds: text("15"), results: text() },
        ...Object.fromEntries(["fresh", "publish", "report", "quiet", "help"].map((n) => [n, { type: "boolean" }])),
      },
    }).values;
  } catch (error) {
    return fail(error.message);
  }
}

const options = readOptions();
if (options.help) {
  console.log(help);
  process.exit(0);
}

/** A list of names out of those there are. */
function names(option, among) {
  const list = options[option]?.split(",");
  const wrong = list?.find((name) => !among.includes(name));
  return wrong === undefined ? list : fail(`--${option} ${wrong}: expected some of ${among.join(", ")}`);
}
function counts(option) {
  const list = options[option]?.split(",").map(Number);
  return list?.every((n) => Number.isInteger(n) && n > 0) === false
    ? fail(`--${option} ${options[option]}: expected positive whole numbers`)
    : list;
}
function budget() {
  const match = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(options.budget);
  if (!match) return fail(`--budget ${options.budget}: expected a number and s, m or h, such as 20m`);
  return Number(match[1]) * { s: 1000, m: 60_000, h: 3_600_000 }[match[2]];
}

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const committed = here("measured.jsonl");
const file = options.results ? path.resolve(options.results) : here("results/latest.jsonl");
names("shapes", Object.keys(shapeSets));
const settings = {
  threads: counts("threads"),
  budgetMs: budget(),
  maximum: counts("rounds")[0],
  systems: names("systems", systemNames),
  peers: options.peers ?? here("."),
};

const show = (results) => {
  const screen = toScreen(results);
  console.log(options.quiet ? screen.split("\n## Every case")[0] : screen);
};

if (options.report) {
  const results = readResults(options.publish ? committed : file);
  if (!results) fail(`there are no results in ${options.publish ? committed : file} yet`);
  if (options.publish) publish(results);
  show(results);
  process.exit(0);
}

const environment = { ...describeMachine(), systems: {}, peak: measurePeak(settings.threads) };
const warning = busyWarning(environment.load, environment.cores);
if (warning) console.error(`WARNING: ${warning}`);
const python = findPython(options.python);
if (options.python && !python) console.error(`--python ${options.python}: cannot import torch, left out`);

const cases = plan({
  ...{ shapes: options.shapes, threads: settings.threads, modes: names("modes", modes), cells: names("cells", cells) },
  only: {
    batch: counts("batch"),
    time: counts("time"),
    units: counts("units"),
    base: names("base", ["native", "wasm"]),
  },
});
if (cases.length === 0) fail("no case is left");

/** How long a case takes, roughly: what it costs to set up, and some rounds of a few systems at 40 GFLOP/s. */
const minimum = 3;
const cost = (test) => {
  if (test.mode === "start") return 12_000;
  const slow = test.base === "wasm" ? 30 : 1;
  return 1200 + (slow * 3 * 6 * flops(test)) / 4e7;
};

const began = performance.now();
const left = () => settings.budgetMs - (performance.now() - began);
const rows = [];
let interrupted = false;
process.on("SIGINT", () => {
  if (interrupted) process.exit(130);
  interrupted = true;
  console.error("ending after this case; once more ends at once");
});

/** Puts what was measured so far into the file: nothing is lost when the run ends early. */
function save() {
  const before = options.fresh && rows.length <= 1 ? null : readResults(file);
  writeResults(file, merge(before, { environment, rows }));
}

/** Cheapest first: when the budget ends early, most cases are there. */
const queue = cases.map((test) => ({ test, cost: cost(test) })).sort((a, b) => a.cost - b.cost);
// Systems run with one number of threads at a time, and the WASM ones apart.
const phases = [
  queue.filter(({ test }) => test.mode === "start"),
  queue.filter(({ test }) => test.base === "wasm"),
  ...settings.threads.map((n) =>
    queue.filter(({ test: t }) => t.mode !== "start" && t.base === "native" && t.threads === n),
  ),
].filter((phase) => phase.length > 0);
let remaining = queue.reduce((sum, entry) => sum + entry.cost, 0);
let skipped = 0;
const missing = new Map();

function progress(row) {
  const base = row.systems[row.base]?.ms[1];
  const others = Object.entries(row.systems)
    .filter(([, system]) => system.ratio)
    .map(([name, { ratio }]) => `${name} ${short(ratio[1])}x`);
  const failures = Object.entries(row.failed ?? {}).map(([name, reason]) => `${name}: ${reason}`);
  const time = base === undefined ? "failed" : base < 0.1 ? `${short(base * 1000)} µs` : `${short(base)} ms`;
  const head = `${rows.length + skipped}/${cases.length}  ${row.mode} ${caseName(row)} (${row.base}, ${row.threads})`;
  console.error([`${head}: ${time}`, ...others, `${row.rounds} rounds`, ...failures].join("  "));
}

for (const phase of phases) {
  const wanted = systemNames.filter(
    (name) =>
      (!settings.systems || settings.systems.includes(name) || name === phase[0].test.base) &&
      phase.some(({ test }) => can(name, test)),
  );
  const started = await Promise.all(
    wanted.map((name) => startSystem(name, { python, peers: settings.peers, threads: phase[0].test.threads })),
  );
  const systems = started.filter(({ ask }) => ask);
  const [{ test: first }] = phase;
  const gauge = first.base === "native" && first.mode !== "start" ? startGauge(first.threads) : null;
  for (const { name, reason, description } of started) {
    if (reason && !interrupted) missing.set(name, reason);
    else if (description) environment.systems[name] = description;
  }
  for (const entry of phase) {
    const share = (left() * entry.cost) / remaining;
    remaining -= entry.cost;
    if (interrupted || left() < entry.cost / 8) {
      skipped++;
      continue;
    }
    const { test } = entry;
    const able = systems.filter(({ name }) => can(name, test));
    const base = able.find(({ name }) => name === test.base);
    if (test.mode !== "start" && !base) {
      skipped++;
      continue;
    }
    const row =
      test.mode === "start"
        ? measureStart(test, { ...settings, python, rounds: settings.maximum, budgetMs: share })
        : await measure([base, ...able.filter((one) => one !== base)], test, {
            ...{ budgetMs: share, minimum, maximum: settings.maximum },
            gauge: test.mode === "stream" ? null : gauge,
          });
    if (row.systems[row.base]) rows.push({ ...row, build: environment.build });
    else skipped++;
    progress(row);
    save();
  }
  for (const system of systems) system.stop();
  gauge?.stop();
}
for (const [name, reason] of missing) console.error(`${name}: left out (${reason})`);
if (buildId() !== environment.build) console.error("WARNING: rondo was built anew during the run; measure again.");
if (skipped > 0)
  console.error(
    `${skipped} of ${cases.length} cases were not measured (${interrupted ? "interrupted" : "the budget, or a failure"}).`,
  );
if (rows.length === 0) process.exit(1);

save();
if (options.publish) {
  const all = merge(options.fresh ? null : readResults(committed), { environment, rows });
  writeResults(committed, all);
  publish(all);
}
show({ environment, rows: sorted(rows) });
process.exit(0);
