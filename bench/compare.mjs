// Compares one training step and one inference pass of recurrent layers, system against system, in one interleaved run.
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cells as allCells, modes as allModes, flops, shapeSets } from "./cases.mjs";

const help = `node bench/compare.mjs [options]
  --shapes floor|quick|full   which shapes (default floor)
  --cells lstm,gru,rnn        which cells (default all)
  --modes train,infer         what to measure (default both)
  --threads N                 threads of every system that has them (default 1)
  --systems a,b,…             of native, wasm, torch, tfjs (default: all that can be had)
  --python PATH               a Python with torch, for the PyTorch rows
  --peers FOLDER              where the TensorFlow.js packages are installed (default bench/)
  --rounds N                  turns per system and case (default 7)
  --json FILE                 also write everything measured to FILE`;

const { values: options } = parseArgs({
  options: {
    shapes: { type: "string", default: "floor" },
    cells: { type: "string", default: allCells.join() },
    modes: { type: "string", default: allModes.join() },
    threads: { type: "string", default: "1" },
    systems: { type: "string", default: "native,wasm,torch,tfjs" },
    python: { type: "string" },
    peers: { type: "string" },
    rounds: { type: "string", default: "7" },
    json: { type: "string" },
    help: { type: "boolean" },
  },
});
if (options.help) {
  console.log(help);
  process.exit(0);
}
if (!(options.shapes in shapeSets)) {
  console.error(`--shapes ${options.shapes}: expected one of ${Object.keys(shapeSets).join(", ")}`);
  process.exit(2);
}

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const peers = options.peers ?? here(".");
const rounds = Number(options.rounds);

/** How to start each system, or why it cannot be had. */
const commands = {
  native: () => ({
    command: process.execPath,
    args: [here("workers/rondo.mjs")],
    env: { RONDO_BACKEND: "native", RONDO_THREADS: options.threads },
  }),
  wasm: () => ({
    command: process.execPath,
    args: [here("workers/rondo.mjs")],
    env: { RONDO_BACKEND: "wasm", RONDO_THREADS: options.threads },
  }),
  torch: () =>
    options.python
      ? {
          command: options.python,
          args: [here("workers/torch_worker.py")],
          env: { RONDO_BENCH_THREADS: options.threads, OMP_NUM_THREADS: options.threads },
        }
      : "give a Python with torch by --python",
  tfjs: () =>
    existsSync(`${peers}/node_modules/@tensorflow/tfjs-layers`)
      ? { command: process.execPath, args: [here("workers/tfjs.mjs")], env: { RONDO_BENCH_PEERS: path.resolve(peers) } }
      : "run npm install --prefix bench",
};

/** A running system: `ask` sends one request and waits for its answer. */
async function start(name) {
  const how = commands[name]?.() ?? `unknown system "${name}"`;
  if (typeof how === "string") {
    console.error(`${name}: left out (${how})`);
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
    return {
      name,
      description,
      async ask(request) {
        child.stdin.write(`${JSON.stringify(request)}\n`);
        const answer = await read();
        if (answer.error) throw new Error(answer.error);
        return answer;
      },
      stop: () => child.kill(),
    };
  } catch (error) {
    console.error(`${name}: left out (${error.message})`);
    return null;
  }
}

const median = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
};

const systems = (await Promise.all(options.systems.split(",").map(start))).filter(Boolean);
const results = [];
for (const mode of options.modes.split(",")) {
  for (const cell of options.cells.split(",")) {
    for (const shape of shapeSets[options.shapes]) {
      const test = { mode, cell, ...shape };
      const times = new Map();
      const failed = new Map();
      for (const system of systems) {
        try {
          await system.ask({ setup: test });
          const { ms } = await system.ask({ steps: 2 }); // warm-up, and how long a step takes
          times.set(system, { steps: Math.max(1, Math.min(20, Math.round(100 / ms[1]))), ms: [] });
        } catch (error) {
          failed.set(system.name, error.message);
        }
      }
      for (let round = 0; round < rounds; round++) {
        for (const [system, entry] of times) {
          const { ms } = await system.ask({ steps: entry.steps });
          entry.ms.push(...ms);
        }
      }
      const row = { ...test, medianMs: {}, spread: {}, failed: Object.fromEntries(failed) };
      for (const [system, { ms }] of times) {
        const middle = median(ms);
        row.medianMs[system.name] = middle;
        row.spread[system.name] = median(ms.map((x) => Math.abs(x - middle))) / middle;
      }
      const first = row.medianMs[systems[0]?.name];
      row.gflops = first ? flops(test) / first / 1e6 : null;
      results.push(row);
      print(row);
    }
  }
}

function print(row) {
  if (results.length === 1) {
    const names = systems.map((s) => `${s.name} ms`);
    const ratios = systems.slice(1).map((s) => `${s.name} / ${systems[0].name}`);
    console.log(`| mode | cell | B | T | I | H | ${[...names, "GFLOP/s", ...ratios].join(" | ")} |`);
    console.log(`|${"---|".repeat(7 + names.length + ratios.length)}`);
  }
  const base = row.medianMs[systems[0].name];
  const cellsOfRow = [
    ...systems.map((s) => row.medianMs[s.name]?.toFixed(2) ?? "failed"),
    row.gflops?.toFixed(0) ?? "",
    ...systems.slice(1).map((s) => (row.medianMs[s.name] ? `${(row.medianMs[s.name] / base).toFixed(2)}x` : "")),
  ];
  console.log(
    `| ${row.mode} | ${row.cell} | ${row.batch} | ${row.time} | ${row.inputs} | ${row.units} | ${cellsOfRow.join(" | ")} |`,
  );
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
for (const system of systems) system.stop();
