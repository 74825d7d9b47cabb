// rondo's WASM kernels with one and two workers, and against its native kernels on one thread, in one interleaved run. A Node
// from version 23 on runs the relaxed SIMD kernels, older ones plain SIMD.
//
//     node bench/wasm.mjs [--units 128,256,512] [--rounds N] [--publish]
import { parseArgs } from "node:util";
import { cells } from "./cases.mjs";
import { measure } from "./lib/measure.mjs";
import { publishPart } from "./lib/part.mjs";
import { startSystem } from "./lib/systems.mjs";
import { short, table } from "./lib/tables.mjs";

const { values: options } = parseArgs({
  options: {
    units: { type: "string", default: "128,256,512" },
    rounds: { type: "string", default: "7" },
    publish: { type: "boolean", default: false },
  },
});

const one = await startSystem("wasm", { threads: 1 });
const two = { ...(await startSystem("wasm", { threads: 2 })), name: "two workers" };
const native = await startSystem("native", { threads: 1 });
const rows = [];
for (const mode of ["train", "infer"]) {
  for (const cell of cells) {
    for (const units of options.units.split(",").map(Number)) {
      const test = { base: "wasm", mode, cell, batch: 32, time: 100, inputs: units, units };
      const rounds = Number(options.rounds);
      const { systems } = await measure([one, two, native], test, { budgetMs: 0, minimum: rounds, maximum: rounds });
      const ratio = (name) => systems[name].ratio[1];
      rows.push([
        ...[mode === "train" ? "training step" : "inference", cell, `32 x 100 x ${units}`, short(systems.wasm.ms[1])],
        ...[`${short(1 / ratio("two workers"))}x`, `${Math.round(100 * ratio("native"))} %`],
      ]);
      console.error(rows.at(-1).join("  "));
    }
  }
}
const text = table([["", "cell", "B x T x H", "1 worker, ms", "2 workers", "speed of native, 1 thread"], ...rows]);
console.log(text);
const relaxed = Number(process.versions.node.split(".")[0]) >= 23;
if (options.publish) publishPart(relaxed ? "relaxed" : "workers", text);
for (const system of [one, two, native]) system.stop();
