// Memory of one training step of a recurrent layer: how far it makes a fresh process grow, rondo against PyTorch.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cells as allCells, shapeSets } from "./cases.mjs";

const help = `node bench/memory.mjs [options]
  --shapes floor|quick|full   which shapes (default quick)
  --cells lstm,gru,rnn        which cells (default all)
  --python PATH               a Python with torch, for the PyTorch columns
  --json                      print one JSON object per case instead of the table
  --output FILE               also write everything measured to FILE`;

const { values: options } = parseArgs({
  options: {
    shapes: { type: "string", default: "quick" },
    cells: { type: "string", default: allCells.join() },
    python: { type: "string" },
    json: { type: "boolean" },
    output: { type: "string" },
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

/** What a fresh process of `command` says about a case. */
function measure(command, script, test) {
  const env = { ...process.env, RONDO_THREADS: "1", OMP_NUM_THREADS: "1" };
  const { stdout, stderr, status } = spawnSync(command, [here(script), JSON.stringify(test)], {
    env,
    encoding: "utf8",
  });
  if (status !== 0) return { error: stderr.trim().split("\n").at(-1) };
  return JSON.parse(stdout);
}

const megabytes = (bytes) => (bytes === undefined ? "failed" : (bytes / 1e6).toFixed(1));
const results = [];
if (!options.json) {
  console.log("| cell | B | T | I = H | tensors MB | rondo MB | PyTorch MB | ratio |");
  console.log("|---|---|---|---|---|---|---|---|");
}
for (const cell of options.cells.split(",")) {
  for (const shape of shapeSets[options.shapes]) {
    const test = { cell, ...shape };
    const rondo = measure(process.execPath, "workers/memory.mjs", test);
    const torch = options.python ? measure(options.python, "workers/torch_memory.py", test) : {};
    const row = { ...test, rondo, torch };
    results.push(row);
    if (options.json) {
      console.log(JSON.stringify(row));
      continue;
    }
    const ratio = torch.growth ? (rondo.growth / torch.growth).toFixed(2) : "";
    const columns = [rondo.peakTensors, rondo.growth, ...(options.python ? [torch.growth] : [])].map(megabytes);
    if (!options.python) columns.push("");
    console.log(`| ${[cell, shape.batch, shape.time, shape.units, ...columns, ratio].join(" | ")} |`);
  }
}
if (options.output) writeFileSync(options.output, `${JSON.stringify(results, null, 2)}\n`);
