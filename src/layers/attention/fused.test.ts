import { describe, expect, test } from "vitest";
import { onBackend, otherBackends } from "../../../test/support/backends.js";
import { expectClose } from "../../../test/support/golden.js";
import { GradientTape } from "../../autograd/index.js";
import { dotProductAttention } from "../../tensor/ops/attention.js";
import { scope } from "../../tensor/scope.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { type ApplyOptions, layers } from "../index.js";

const wave = (shape: readonly number[], phase: number) =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.7 * i + 0.37 * i * i + phase)),
    shape,
  );

const half = [
  [1, 0, 1, 1, 0, 1, 1],
  [0, 0, 0, 1, 1, 1, 1],
];
const calls: Record<string, ApplyOptions> = {
  plain: {},
  causal: { useCausalMask: true },
  masks: { masks: [half, half.map((row) => [...row].reverse()), half] },
  "causal and masks": { useCausalMask: true, masks: [half, half, null] },
};
const kinds = {
  heads: (flashAttention: boolean) =>
    layers.multiHeadAttention({ numHeads: 2, keyDim: 3, valueDim: 5, flashAttention }),
  "heads with ALiBi and rotary positions": (flashAttention: boolean) =>
    layers.multiHeadAttention({ numHeads: 3, keyDim: 4, alibi: true, ropeMaxWavelength: 50, flashAttention }),
  groups: (flashAttention: boolean) =>
    layers.groupQueryAttention({ numQueryHeads: 4, numKeyValueHeads: 2, headDim: 3, flashAttention }),
};

/** Outputs and gradients of everything. */
function run(kind: keyof typeof kinds, fused: boolean, options: ApplyOptions): Float32Array[] {
  return scope(() => {
    const layer = kinds[kind](fused);
    const inputs = [0.1, 0.9, 1.7].map((phase) => wave([2, 7, 4], phase));
    layer.apply(inputs);
    for (const [i, v] of layer.weights.entries()) v.assign(wave(v.shape, i));
    using tape = new GradientTape();
    tape.watch(...inputs);
    const y = layer.apply(inputs, options) as Tensor;
    const gradients = tape.gradient(y, [...inputs, ...layer.weights], wave(y.shape, 5));
    return [y, ...gradients].map((t) => t!.dataSync() as Float32Array);
  });
}

describe.each(["reference" as const, ...otherBackends()])(
  "on %s, fused attention is what ordinary operations give",
  (name) => {
    test.each(Object.keys(kinds) as (keyof typeof kinds)[])("%s", (kind) => {
      for (const options of Object.values(calls)) {
        onBackend(name, () => {
          const expected = run(kind, false, options);
          for (const [i, values] of run(kind, true, options).entries()) expectClose(values, expected[i]!, 1e-5);
        });
      }
    });
  },
);

test("memory grows with the steps, not with their square", () => {
  // One head of 20000 x 20000 scores would be 1.6 GB.
  const q = wave([1, 20_000, 1, 4], 0);
  const first = dotProductAttention(q, q.slice([0, 0, 0, 0], [1, 3, 1, 4]), wave([1, 3, 1, 4], 1));
  expect(first.shape).toEqual([1, 20_000, 1, 4]);
  const last = dotProductAttention(q.slice([0, 0, 0, 0], [1, 3, 1, 4]), q, q, { isCausal: true });
  expectClose(last.dataSync().slice(0, 4), q.dataSync().slice(0, 4), 1e-6);
});

test("without recorded gradients and with equal keys, the result is the mean of the values", () => {
  const value = wave([1, 6, 2, 3], 0);
  const [rows] = value.mean(1).arraySync() as number[][][];
  const y = dotProductAttention(wave([1, 2, 2, 5], 1), tensor(new Float32Array(60), [1, 6, 2, 5]), value);
  expectClose(y.dataSync(), [rows, rows].flat(2) as number[], 1e-6);
});

test("what does not fit is named", () => {
  const q = wave([1, 3, 4, 2], 0);
  expect(() => dotProductAttention(q, q, wave([1, 4, 4, 2], 0))).toThrow(/value does not fit[\s\S]*\[1, 3, 4, 2\]/);
  const three = wave([1, 3, 3, 2], 0);
  expect(() => dotProductAttention(q, three, three)).toThrow(/as many heads/);
  expect(() => dotProductAttention(q, q, q, { keyMask: [[1, 0]] })).toThrow(/keyMask does not fit/);
  expect(() => dotProductAttention(q, q, q, { causal: true } as never)).toThrow(/isCausal/);
  expect(() => dotProductAttention(q, q, q, { scale: Number.NaN })).toThrow(/finite/);
});
