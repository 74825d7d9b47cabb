// Memory of one training step of a recurrent layer: how far it makes a fresh process grow, rondo against PyTorch.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cells as allCells, shapeSets } from "./cases.mjs";
import { publishPart } from "./lib/part.mjs";
import { table } from "./lib/tables.mjs";

const help = `node bench/memory.mjs [options]
  --shapes floor|quick|grid   which shapes (default quick)
  --cells lstm,gru,rnn        which cells (default all)
  --python PATH               a Python with torch, for the PyTorch columns
  --json                      print one JSON object per case instead of the table
  --output FILE               also write everything measured to FILE
  --from FILE                 show an earlier --output, by cell and units, instead of measuring
  --publish                   put a table by cell and units into docs/benchmarks.md`;

const { values: options } = parseArgs({
  options: {
    shapes: { type: "string", default: "quick" },
    cells: { type: "string", default: allCells.join() },
    python: { type: "string" },
    json: { type: "boolean" },
    output: { type: "string" },
    from: { type: "string" },
    publish: { type: "boolean" },
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

/** How rondo's growth compares with PyTorch's, by cell and units. */
function summary(rows) {
  const lines = [];
  for (const cell of allCells) {
    for (const units of [...new Set(rows.map((row) => row.units))]) {
      const own = rows.filter((row) => row.cell === cell && row.units === units && row.torch.growth);
      if (own.length === 0) continue;
      const ratio = ({ rondo, torch }) => rondo.growth / torch.growth;
      own.sort((a, b) => ratio(a) - ratio(b));
      const worst = own.at(-1);
      const most = `${worst.batch} x ${worst.time}: ${megabytes(worst.rondo.growth)} MB, ${megabytes(worst.torch.growth)} MB`;
      lines.push([
        ...[cell, String(units), String(own.length), String(own.filter((row) => ratio(row) <= 1).length)],
        ...[`${ratio(own[own.length >> 1]).toFixed(2)}x`, `${ratio(worst).toFixed(2)}x (${most})`],
      ]);
    }
  }
  return table([
    ["cell", "units", "cases", "no more than PyTorch", "median", "most (B x T: rondo, PyTorch)"],
    ...lines,
  ]);
}

const megabytes = (bytes) => (bytes === undefined ? "failed" : (bytes / 1e6).toFixed(1));
if (options.from) {
  const text = summary(JSON.parse(readFileSync(options.from, "utf8")));
  console.log(text);
  if (options.publish) publishPart("memory", text, ["1 thread"]);
  process.exit(0);
}
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
if (options.publish) publishPart("memory", summary(results), ["1 thread"]);
