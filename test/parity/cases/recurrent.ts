import { opCodes } from "../../../src/backend/kernels.js";
import type { Bench, Tolerance } from "../bench.js";
import { Source } from "../inputs.js";
import { call, type Layer, type LayerInputs, type LayerRun, layerLengths, runLayer } from "../recurrent.js";
import type { Case, CaseTable } from "./case.js";

const layers: Record<"rnn" | "lstm" | "gru", Layer[]> = {
  rnn: opCodes.activation.map((activation) => ({ cell: "rnn", activation })),
  lstm: [{ cell: "lstm" }],
  gru: [
    { cell: "gru", resetAfter: true },
    { cell: "gru", resetAfter: false },
  ],
};

/** [batch, time, inputs, units] */
type Sizes = readonly [number, number, number, number];
const smallSizes: Sizes[] = [
  [3, 5, 7, 13],
  [1, 1, 1, 1],
  [2, 4, 3, 33],
  [1, 7, 5, 16],
  [9, 2, 20, 8],
  [0, 3, 2, 4],
  [2, 0, 3, 4],
  [2, 3, 0, 4],
  [2, 3, 2, 0],
];
const largeSizes: Sizes = [32, 20, 64, 64];

const maskKinds = ["no mask", "holes", "first steps masked", "all masked"] as const;

function makeMask(
  kind: (typeof maskKinds)[number],
  batch: number,
  time: number,
  source: Source,
): Int32Array | undefined {
  if (kind === "no mask") return undefined;
  if (kind === "holes") return source.ints(batch * time, 0, 2);
  // Row b has its first b + 1 steps masked.
  return Int32Array.from({ length: batch * time }, (_, i) =>
    kind === "first steps masked" && i % time > Math.floor(i / time) % time ? 1 : 0,
  );
}

/** A run with the given flags; which of the optional arrays it has depends on the seed. */
function makeRun(
  layer: Layer,
  [batch, time, inputs, units]: Sizes,
  flags: Pick<LayerRun, "sequences" | "goBackwards" | "zeroOutputForMask">,
  mask: (typeof maskKinds)[number],
  seed: number,
): { name: string; run: LayerRun } {
  const source = new Source(seed);
  const shape = { layer, batch, time, inputs, units, ...flags };
  const lengths = layerLengths(shape);
  const scale = 1 / Math.sqrt(1 + units); // so that neither states nor rounding errors grow over time
  const indexed = seed % 4 === 0 && inputs > 0;
  const arrays: LayerInputs = {
    ...(indexed ? { indices: source.ints(batch * time, 0, inputs) } : { x: source.floats(lengths.x) }),
    kernel: source.floats(lengths.kernel, -scale, scale),
    recurrent: source.floats(lengths.recurrent, -scale, scale),
  };
  const optional = ["bias", "h0", "recurrentMask", "dy", "dhT", ...(layer.cell === "lstm" ? ["c0", "dcT"] : [])] as (
    | "bias"
    | "h0"
    | "recurrentMask"
    | "dy"
    | "dhT"
    | "c0"
    | "dcT"
  )[];
  for (const name of optional) {
    const values = source.floats(lengths[name]);
    if (source.next() < 0.35) continue;
    arrays[name] = name === "recurrentMask" ? values.map((v) => (v < -0.4 ? 0 : 1.5)) : values;
  }
  const maskValues = makeMask(mask, batch, time, source);
  if (maskValues) arrays.mask = maskValues;
  const wanted = ["dx", "dBias", "dh0", ...(layer.cell === "lstm" ? ["dc0"] : [])] as (
    | "dx"
    | "dBias"
    | "dh0"
    | "dc0"
  )[];
  const gradients = wanted.filter((name) => source.next() < 0.75 && !(indexed && name === "dx"));
  const keepsPacked = seed % 3 === 0;

  const variant =
    layer.cell === "rnn" ? layer.activation : layer.cell === "gru" ? `resetAfter ${layer.resetAfter}` : "";
  const set = Object.entries(flags).filter(([, on]) => on);
  const words = [variant, `[${[batch, time, inputs, units]}]`, ...set.map(([flag]) => flag), mask];
  const given = Object.keys(arrays).filter((name) => !["x", "kernel", "recurrent"].includes(name));
  return {
    name: `${words.join(" ")}, with ${given.join(" ")}, for ${gradients.join(" ")} (seed ${seed})`,
    run: { ...shape, arrays, keepsPacked, gradients },
  };
}

/** Every layer × flags × mask × small sizes, and a few large ones, each with another choice of optional arrays. */
function* runs(cell: "rnn" | "lstm" | "gru") {
  let seed = 1;
  const booleans = [false, true];
  for (const layer of layers[cell]) {
    // The activations of the simple layer differ in one line only.
    const sizes = layer.cell === "rnn" && layer.activation !== "tanh" ? smallSizes.slice(0, 2) : smallSizes;
    for (const sequences of booleans) {
      for (const goBackwards of booleans) {
        for (const zeroOutputForMask of booleans) {
          const flags = { sequences, goBackwards, zeroOutputForMask };
          for (const mask of maskKinds) {
            for (const size of sizes) yield makeRun(layer, size, flags, mask, seed++);
          }
        }
      }
    }
    const plain = { sequences: true, goBackwards: false, zeroOutputForMask: false };
    for (let i = 0; i < 24; i++) yield makeRun(layer, smallSizes[0]!, plain, maskKinds[i % 2]!, seed++);
    yield makeRun(layer, largeSizes, plain, "no mask", seed++);
    yield makeRun(layer, largeSizes, { ...plain, goBackwards: true }, "holes", seed++);
    yield makeRun(layer, largeSizes, { ...plain, sequences: false, zeroOutputForMask: true }, "holes", seed++);
  }
}

const tolerance: Tolerance = { relative: 3e-6, scale: "largest" };

function* layerCases(cell: "rnn" | "lstm" | "gru", backward: boolean): Generator<Case> {
  for (const { name, run } of runs(cell)) yield { name, run: (bench) => runLayer(bench, run, backward, tolerance) };
}

/** How much working memory a backend wants is its own affair; the guards of the bench show whether it kept to it. */
function* sizeQueries(
  kernel: "rnn" | "lstm" | "gru",
  query: "SavedSize" | "ScratchSize" | "PackedSize",
): Generator<Case> {
  const name = `${kernel}${query}` as const;
  for (const [batch, time, inputs, units] of [...smallSizes, largeSizes]) {
    for (const flag of [0, 1]) {
      yield {
        name: `[${[batch, time, inputs, units]}], ${flag}`,
        run(bench: Bench) {
          const size = call(bench, name, {
            ...{ batch, time, inputs, units },
            backward: flag,
            resetAfter: flag,
            indexed: flag,
          });
          bench.returned("is a size", Number(Number.isInteger(size) && size >= 0));
        },
      };
    }
  }
}

export const recurrentCases: CaseTable<`${"rnn" | "lstm" | "gru"}${"Forward" | "Backward" | "SavedSize" | "ScratchSize" | "PackedSize"}`> =
  {
    rnnForward: () => layerCases("rnn", false),
    rnnBackward: () => layerCases("rnn", true),
    rnnSavedSize: () => sizeQueries("rnn", "SavedSize"),
    rnnScratchSize: () => sizeQueries("rnn", "ScratchSize"),
    rnnPackedSize: () => sizeQueries("rnn", "PackedSize"),
    lstmForward: () => layerCases("lstm", false),
    lstmBackward: () => layerCases("lstm", true),
    lstmSavedSize: () => sizeQueries("lstm", "SavedSize"),
    lstmScratchSize: () => sizeQueries("lstm", "ScratchSize"),
    lstmPackedSize: () => sizeQueries("lstm", "PackedSize"),
    gruForward: () => layerCases("gru", false),
    gruBackward: () => layerCases("gru", true),
    gruSavedSize: () => sizeQueries("gru", "SavedSize"),
    gruScratchSize: () => sizeQueries("gru", "ScratchSize"),
    gruPackedSize: () => sizeQueries("gru", "PackedSize"),
  };
