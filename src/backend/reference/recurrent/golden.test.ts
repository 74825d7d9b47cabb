import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Bench, differences, type Output, type Tolerance } from "../../../../test/parity/bench.js";
import { type LayerInputs, type LayerRun, runLayer } from "../../../../test/parity/recurrent.js";
import type { OpCode } from "../../kernels.js";
import { createReferenceBackend } from "../index.js";

type Nested = number | Nested[];
type Graded = { value: Nested; grad: Nested };
interface GoldenCase {
  id: string;
  layer: {
    class: "SimpleRNN" | "LSTM" | "GRU";
    units: number;
    activation?: OpCode<"activation">;
    reset_after?: boolean;
    return_sequences?: boolean;
    go_backwards?: boolean;
    zero_output_for_mask?: boolean;
  };
  mask?: boolean[][];
  inputs: [Graded & { shape: [number, number, number] }];
  initialState?: Graded[];
  weights: Graded[];
  outputs: Nested[];
  lossProjection: Nested[];
}

const file = new URL("../../../../test/golden/recurrent-distinct.json", import.meta.url);
const cases = (JSON.parse(readFileSync(file, "utf8")) as { cases: GoldenCase[] }).cases;

const flatten = (values: Nested): number[] => (typeof values === "number" ? [values] : values.flatMap(flatten));
const floats = (values: Nested) => Float32Array.from(flatten(values));

/** Keras computes in float32. */
const float32: Tolerance = { relative: 3e-6, scale: 1 };

/** The layer's run as the kernels take it: the loss projections are the gradients of the outputs. */
function toRun({ layer, inputs, weights, initialState, mask, lossProjection }: GoldenCase): LayerRun {
  const [batch, time, width] = inputs[0].shape;
  const given: Record<string, Nested | undefined> = {
    ...{ x: inputs[0].value, kernel: weights[0]!.value, recurrent: weights[1]!.value, bias: weights[2]?.value },
    ...{ h0: initialState?.[0]?.value, c0: initialState?.[1]?.value },
    ...{ dy: lossProjection[0], dhT: lossProjection[1], dcT: lossProjection[2] },
  };
  const arrays: Partial<LayerInputs> = mask ? { mask: Int32Array.from(mask.flat(), Number) } : {};
  for (const [name, values] of Object.entries(given)) {
    if (values !== undefined) Object.assign(arrays, { [name]: floats(values) });
  }
  return {
    layer:
      layer.class === "SimpleRNN"
        ? { cell: "rnn", activation: layer.activation ?? "tanh" }
        : layer.class === "LSTM"
          ? { cell: "lstm" }
          : { cell: "gru", resetAfter: layer.reset_after ?? true },
    ...{ batch, time, inputs: width, units: layer.units },
    sequences: layer.return_sequences ?? false,
    goBackwards: layer.go_backwards ?? false,
    zeroOutputForMask: layer.zero_output_for_mask ?? false,
    arrays: arrays as LayerInputs,
    gradients: ["dx", "dBias", "dh0", ...(layer.class === "LSTM" ? (["dc0"] as const) : [])],
  };
}

test.each(cases.map((golden) => [golden.id, golden] as const))(
  "%s agrees with Keras, gradients included",
  (_, golden) => {
    const [y, hT, cT] = golden.outputs;
    const [kernel, recurrent, bias] = golden.weights;
    const [h0, c0] = golden.initialState ?? [];
    const known: Record<string, Nested | undefined> = {
      ...{ y, hT, cT, dKernel: kernel!.grad, dRecurrent: recurrent!.grad, dBias: bias?.grad },
      ...{ dx: golden.inputs[0].grad, dh0: h0?.grad, dc0: c0?.grad },
    };
    const expected: Output[] = [];
    for (const [label, values] of Object.entries(known)) {
      if (values !== undefined) expected.push({ label, values: floats(values), tolerance: float32 });
    }
    const bench = new Bench(createReferenceBackend());
    runLayer(bench, toRun(golden), true, float32);
    const outputs = new Map(bench.finish().map((output) => [output.label, output]));
    const actual = expected.map(({ label }) => outputs.get(label)!);
    expect(actual.map((output) => output.values.length)).toEqual(expected.map((output) => output.values.length));
    expect(differences(expected, actual)).toEqual([]);
  },
);
