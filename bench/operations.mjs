// Compares single operations, optimizer updates and whole training steps with PyTorch, in one interleaved run.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import os from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { publishPart } from "./lib/part.mjs";
import { groups, nameOf } from "./operation-cases.mjs";

const help = `node bench/operations.mjs [options]
  --groups a,b,…    of ${Object.keys(groups).join(", ")} (default: all)
  --only TEXT       only cases whose name contains TEXT
  --threads N       threads of every system (default 1)
  --systems a,b,…   of native, wasm, torch (default native,torch)
  --python PATH     a Python with torch
  --rounds N        turns per system and case (default 7)
  --fastest         show the fastest steps instead of medians: for a machine with other work to do
  --before FOLDER   another checkout of rondo, built, as one more system
  --json FILE       also write everything measured to FILE
  --publish         put the table into docs/benchmarks.md`;

const { values: options } = parseArgs({
  options: {
    groups: { type: "string", default: Object.keys(groups).join() },
    only: { type: "string", default: "" },
    threads: { type: "string", default: "1" },
    systems: { type: "string", default: "native,torch" },
    python: { type: "string" },
    rounds: { type: "string", default: "7" },
    fastest: { type: "boolean", default: false },
    before: { type: "string" },
    json: { type: "string" },
    publish: { type: "boolean", default: false },
    help: { type: "boolean" },
  },
});
if (options.help) {
  console.log(help);
  process.exit(0);
}
const unknown = options.groups.split(",").filter((name) => !(name in groups));
if (unknown.length > 0) {
  console.error(`--groups ${unknown.join()}: expected some of ${Object.keys(groups).join(", ")}`);
  process.exit(2);
}

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const rondo = (backend, worker = here("workers/operations.mjs")) => ({
  command: process.execPath,
  args: [worker],
  env: { RONDO_BACKEND: backend, RONDO_THREADS: options.threads },
});
const commands = {
  native: () => rondo("native"),
  wasm: () => rondo("wasm"),
  before: () => rondo("native", `${options.before}/bench/workers/operations.mjs`),
  torch: () =>
    options.python && {
      command: options.python,
      args: [here("workers/operations_torch.py")],
      env: { RONDO_BENCH_THREADS: options.threads, OMP_NUM_THREADS: options.threads },
    },
};

/** A running system: `ask` sends one request and waits for its answer. */
async function start(name) {
  const how = commands[name]?.();
  if (!how) {
    console.error(
      `${name}: left out (${name === "torch" ? "give a Python with torch by --python" : "unknown system"})`,
    );
    return null;
  }
  const child = spawn(how.command, how.args, {
    env: { ...process.env, ...how.env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended`);
      if (value.startsWith("{")) return JSON.parse(value);
    }
  };
  try {
    const { description } = await read();
    console.error(`${name}: ${description}`);
    const ask = async (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const answer = await read();
      if (answer.error) throw new Error(answer.error);
      return answer;
    };
    return { name, description, ask, stop: () => child.kill() };
  } catch (error) {
    console.error(`${name}: left out (${error.message})`);
    return null;
  }
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** One case on every system, taking turns. */
async function measure(test) {
  const times = new Map();
  const failed = {};
  for (const system of systems) {
    try {
      await system.ask({ setup: test });
      const { ms } = await system.ask({ steps: 3 }); // warm-up, and how long a step takes
      times.set(system, { steps: Math.max(1, Math.min(200, Math.round(60 / ms[2]))), ms: [] });
    } catch (error) {
      failed[system.name] = error.message;
    }
  }
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [system, entry] of times) entry.ms.push(...(await system.ask({ steps: entry.steps })).ms);
  }
  const row = { name: nameOf(test), ...test, medianMs: {}, fastestMs: {}, spread: {}, failed };
  for (const [system, { ms }] of times) {
    const middle = median(ms);
    row.medianMs[system.name] = middle;
    row.fastestMs[system.name] = Math.min(...ms);
    row.spread[system.name] = median(ms.map((x) => Math.abs(x - middle))) / middle;
  }
  return row;
}

const systems = (
  await Promise.all([...options.systems.split(","), ...(options.before ? ["before"] : [])].map(start))
).filter(Boolean);
const others = systems.slice(1);
const tableHead = [
  "case",
  ...systems.map((s) => `${s.name} ms`),
  ...others.map((s) => `${s.name} / ${systems[0].name}`),
];
const lines = [`| ${tableHead.join(" | ")} |`, `|${"---|".repeat(tableHead.length)}`];
console.log(lines.join("\n"));
const results = [];
for (const test of options.groups.split(",").flatMap((name) => groups[name])) {
  if (!nameOf(test).includes(options.only)) continue;
  const row = await measure(test);
  results.push(row);
  const shown = options.fastest ? row.fastestMs : row.medianMs;
  const base = shown[systems[0].name];
  const ratio = (s) => (shown[s.name] && base ? `${(shown[s.name] / base).toFixed(2)}x` : "");
  const cells = [row.name, ...systems.map((s) => shown[s.name]?.toFixed(3) ?? "failed"), ...others.map(ratio)];
  lines.push(`| ${cells.join(" | ")} |`);
  console.log(lines.at(-1));
  for (const [name, reason] of Object.entries(row.failed)) console.error(`${name}: ${reason}`);
}

if (options.json) {
  const environment = {
    node: process.version,
    cpu: os.cpus()[0]?.model,
    cores: os.cpus().length,
    threads: Number(options.threads),
    systems: Object.fromEntries(systems.map((s) => [s.name, s.description])),
  };
  writeFileSync(options.json, `${JSON.stringify({ environment, results }, null, 2)}\n`);
}
if (options.publish) publishPart("operations", lines.join("\n"), [`${options.threads} thread`]);
for (const system of systems) system.stop();
