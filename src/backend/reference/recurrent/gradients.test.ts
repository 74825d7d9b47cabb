import { expect, test } from "vitest";
import { Bench, type Output } from "../../../../test/parity/bench.js";
import { Source } from "../../../../test/parity/inputs.js";
import {
  type Layer,
  type LayerInputs,
  type LayerRun,
  layerLengths,
  runLayer,
} from "../../../../test/parity/recurrent.js";
import { createReferenceBackend } from "../index.js";

const backend = createReferenceBackend();
const tolerance = { relative: 0 };

function outputsOf(run: LayerRun, backward: boolean): Map<string, Output["values"]> {
  const bench = new Bench(backend);
  runLayer(bench, run, backward, tolerance);
  return new Map(bench.finish().map(({ label, values }) => [label, values]));
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (v, i) => v * b[i]!).reduce((x, y) => x + y, 0);

function loss(run: LayerRun): number {
  const outputs = outputsOf(run, false);
  const { dy, dhT, dcT } = run.arrays;
  return (
    dot(outputs.get("y")!, dy!) +
    dot(outputs.get("hT")!, dhT!) +
    (outputs.has("cT") ? dot(outputs.get("cT")!, dcT!) : 0)
  );
}

/** Fourth-order central difference of the loss by one element. */
function slope(run: LayerRun, values: Float32Array, i: number): number {
  const step = 2 ** -6;
  const at = values[i]!;
  const [a, b, c, d] = [-2, -1, 1, 2].map((k) => {
    values[i] = at + k * step;
    return loss(run);
  });
  values[i] = at;
  return (a! - 8 * b! + 8 * c! - d!) / (12 * step);
}

const layers: [string, Layer][] = [
  // relu has kinks that differences cannot cross: its gradient is checked against Keras.
  ["rnn linear", { cell: "rnn", activation: "linear" }],
  ["rnn tanh", { cell: "rnn", activation: "tanh" }],
  ["rnn sigmoid", { cell: "rnn", activation: "sigmoid" }],
  ["lstm", { cell: "lstm" }],
  ["gru, reset after", { cell: "gru", resetAfter: true }],
  ["gru, reset before", { cell: "gru", resetAfter: false }],
];
// Flags: sequences, goBackwards, zeroOutputForMask.
const flags = [
  [true, false, false],
  [true, true, true],
  [false, true, false],
  [false, false, true],
] as const;

test.each(layers.flatMap(([name, layer]) => flags.map((f) => [name, ...f, layer] as const)))(
  "gradients of %s equal finite differences (sequences %s, goBackwards %s, zeroOutputForMask %s)",
  (_, sequences, goBackwards, zeroOutputForMask, layer) => {
    const source = new Source(42);
    const shape = { layer, batch: 3, time: 4, inputs: 2, units: 3, sequences, goBackwards, zeroOutputForMask };
    const lengths = layerLengths(shape);
    const random = (name: keyof typeof lengths) => source.floats(lengths[name]);
    const arrays: LayerInputs = {
      x: random("x"),
      kernel: random("kernel"),
      recurrent: random("recurrent"),
      bias: random("bias"),
      h0: random("h0"),
      mask: Int32Array.of(0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0),
      recurrentMask: random("recurrentMask").map((v) => (v > 0.6 ? 0 : 1.5)),
      dy: random("dy"),
      dhT: random("dhT"),
    };
    if (layer.cell === "lstm") Object.assign(arrays, { c0: random("c0"), dcT: random("dcT") });
    const cell = layer.cell === "lstm" ? (["dc0"] as const) : [];
    const run: LayerRun = { ...shape, arrays, gradients: ["dx", "dBias", "dh0", ...cell] };
    const outputs = outputsOf(run, true);
    const pairs: [string, Float32Array | undefined][] = [
      ["dx", arrays.x],
      ["dKernel", arrays.kernel],
      ["dRecurrent", arrays.recurrent],
      ["dBias", arrays.bias],
      ["dh0", arrays.h0],
      ["dc0", arrays.c0],
    ];
    for (const [name, values] of pairs) {
      if (!values) continue;
      const gradient = outputs.get(name)!;
      expect(gradient.length).toBe(values.length);
      values.forEach((_, i) => {
        expect(Math.abs(gradient[i]! - slope(run, values, i)), `${name}[${i}]`).toBeLessThan(3e-5);
      });
    }
  },
);
