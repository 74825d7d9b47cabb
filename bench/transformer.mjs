// A training step and an inference pass of one causal Transformer block, rondo against PyTorch, in one interleaved run:
//
//     node bench/transformer.mjs --python PATH [--threads N] [--modes train,infer] [--rounds N] [--publish]
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { publishPart } from "./lib/part.mjs";
import { table } from "./lib/tables.mjs";

const { values: options } = parseArgs({
  options: {
    python: { type: "string" },
    threads: { type: "string", default: "1" },
    modes: { type: "string", default: "train,infer" },
    rounds: { type: "string", default: "7" },
    publish: { type: "boolean", default: false },
  },
});

const cases = [
  { batch: 16, time: 64, size: 128, heads: 4 },
  { batch: 8, time: 128, size: 256, heads: 8 },
  { batch: 4, time: 512, size: 256, heads: 8 },
  { batch: 4, time: 256, size: 512, heads: 8 },
];

const worker = (name) => fileURLToPath(new URL(`workers/${name}`, import.meta.url));

async function start(command, ...args) {
  const env = { ...process.env, RONDO_THREADS: options.threads, OMP_NUM_THREADS: options.threads };
  const child = spawn(command, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await lines.next()).value);
  const { description } = await answer();
  const ask = (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return answer();
  };
  return { description, ask, end: () => child.stdin.end() };
}

const systems = [await start(process.execPath, worker("transformer.mjs"))];
if (options.python) systems.push(await start(options.python, worker("transformer_torch.py")));
console.log(`${systems.map(({ description }) => description).join(" | ")}; medians in ms`);

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const rows = [];
for (const mode of options.modes.split(",")) {
  for (const each of cases) {
    for (const { ask } of systems) {
      await ask({ setup: { ...each, mode } });
      await ask({ steps: 2 });
    }
    const times = systems.map(() => []);
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const [i, { ask }] of systems.entries()) times[i].push(...(await ask({ steps: 3 })).ms);
    }
    const [ours, theirs] = times.map(median);
    const ratio = theirs ? `, ${(theirs / ours).toFixed(2)} times as fast` : "";
    const { batch, time, size, heads } = each;
    const numbers = theirs ? [ours.toFixed(2), theirs.toFixed(2), `${(theirs / ours).toFixed(2)}x`] : [ours.toFixed(2)];
    rows.push([
      mode === "train" ? "training step" : "inference",
      ...[batch, time, size, heads].map(String),
      ...numbers,
    ]);
    const what = `${mode} batch ${batch}, time ${time}, size ${size}, heads ${heads}`;
    console.log(
      `${what}: ${[ours, theirs]
        .filter(Boolean)
        .map((t) => t.toFixed(2))
        .join(" | ")}${ratio}`,
    );
  }
}
const head = ["", "batch", "time", "size", "heads", "rondo ms", ...(options.python ? ["PyTorch ms", "ratio"] : [])];
if (options.publish) publishPart("transformer", table([head, ...rows]), [`${options.threads} thread`]);
for (const { end } of systems) end();
