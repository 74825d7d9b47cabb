import { describe, expect, test } from "vitest";
import { checkGolden, type GoldenCase } from "../../../test/layers/golden.js";
import { expectClose, readGolden } from "../../../test/support/golden.js";
import { modelFromBytes, modelToBytes } from "../../formats/model-file.js";
import { model } from "../../model/functional.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { input, layers } from "../index.js";

const golden = [
  ...readGolden<{ cases: GoldenCase[] }>("layers").cases.filter(({ id }) => /Attention\//.test(id)),
  ...readGolden<{ cases: GoldenCase[] }>("attention").cases,
];

describe("outputs, scores, masks and gradients agree with Keras", () => {
  test.each(golden.map((each) => [each.id, each] as const))("%s", (_, each) => {
    checkGolden(each);
  });

  test("the file has the cases", () => {
    expect(golden.length).toBeGreaterThanOrEqual(35);
  });
});

const wave = (shape: number[], phase: number) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + phase)),
    shape,
  );
};

test("with a causal mask nothing later changes what came before", () => {
  for (const layer of [
    layers.attention(),
    layers.additiveAttention(),
    layers.multiHeadAttention({ numHeads: 2, keyDim: 3 }),
    layers.groupQueryAttention({ numQueryHeads: 4, numKeyValueHeads: 2, headDim: 3 }),
  ]) {
    const x = wave([1, 5, 4], 0);
    const changed = tensor(
      x.dataSync().map((v, i) => (i >= 12 ? v + 1 : v)),
      [1, 5, 4],
    );
    const run = (t: Tensor) => (layer.apply([t, t], { useCausalMask: true }) as Tensor).dataSync();
    expect(run(changed).slice(0, 12)).toEqual(run(x).slice(0, 12));
    expect(run(changed).slice(12)).not.toEqual(run(x).slice(12));
  }
});

test("masked keys are not looked at, whatever they hold", () => {
  const query = wave([1, 2, 4], 1);
  const value = wave([1, 3, 4], 2);
  const padded = tensor([...value.dataSync(), 50, -50, 7, 9], [1, 4, 4]);
  for (const layer of [
    layers.attention(),
    layers.additiveAttention(),
    layers.multiHeadAttention({ numHeads: 2, keyDim: 3 }),
    layers.groupQueryAttention({ numQueryHeads: 4, numKeyValueHeads: 2, headDim: 3 }),
  ]) {
    const plain = layer.apply([query, value]) as Tensor;
    const masked = layer.apply([query, padded], { masks: [null, [[1, 1, 1, 0]]] }) as Tensor;
    expectClose(masked.dataSync(), plain.dataSync(), 1e-6);
  }
});

test("while training scores are dropped, and the state repeats the draws", () => {
  const layer = layers.multiHeadAttention({ numHeads: 2, keyDim: 3, dropout: 0.5, name: "heads" });
  const x = wave([2, 6, 4], 0);
  const run = (training: boolean) => (layer.apply([x, x], { training }) as Tensor).dataSync();
  expect(run(false)).toEqual(run(false));
  const state = layer.getState();
  const first = run(true);
  expect(run(true)).not.toEqual(first);
  layer.setState(state);
  expect(run(true)).toEqual(first);
});

test("in a model: masks of both inputs, scores as an output, saved and loaded", () => {
  const [query, memory] = [input({ shape: [null, 4], name: "query" }), input({ shape: [null, 4], name: "memory" })];
  const heads = layers.multiHeadAttention({ numHeads: 2, keyDim: 3 });
  const masked = layers.masking().apply(memory);
  const [output, scores] = heads.apply([query, masked], { returnAttentionScores: true, useCausalMask: true });
  expect(scores!.shape).toEqual([null, 2, null, null]);
  const made = model({ inputs: [query, memory], outputs: [output!, scores!] });
  const rows = wave([1, 3, 4], 0);
  const padded = tensor(
    rows.dataSync().map((v, i) => (i < 4 ? 0 : v)),
    [1, 3, 4],
  );
  const results = made.predict([rows, padded]);
  const looks = results[1]!.arraySync() as number[][][][];
  // The first memory is padding, so the third query has two to look at, and the second one.
  for (const head of looks[0]!) {
    expect(head[2]![0]).toBe(0);
    expect(head[2]![1]! + head[2]![2]!).toBeCloseTo(1, 6);
    expect(head[1]).toEqual([0, 1, 0]);
  }
  const again = modelFromBytes<Tensor[]>(modelToBytes(made));
  expect(again.predict([rows, padded]).map((t) => t.dataSync())).toEqual(results.map((t) => t.dataSync()));
});

test("an attention mask may be an input of the model", () => {
  const [x, allowed] = [input({ shape: [2, 4], name: "x" }), input({ shape: [2, 2], dtype: "bool", name: "allowed" })];
  const heads = layers.multiHeadAttention({ numHeads: 1, keyDim: 3 });
  const [, scores] = heads.apply([x, x], { attentionMask: allowed, returnAttentionScores: true });
  const made = model({ inputs: [x, allowed], outputs: scores! });
  const mask = [
    [
      [true, false],
      [false, true],
    ],
  ];
  expect(made.predict([wave([1, 2, 4], 0), mask]).dataSync()).toEqual(Float32Array.of(1, 0, 0, 1));
  expect(modelFromBytes(modelToBytes(made)).predict([wave([1, 2, 4], 0), mask]).shape).toEqual([1, 1, 2, 2]);
});

test("window and gate are kept in files", () => {
  const x = input({ shape: [6, 4] });
  const options = { numHeads: 2, keyDim: 3, slidingWindow: 2, useGate: true };
  const heads = layers.multiHeadAttention(options);
  const made = model({ inputs: x, outputs: heads.apply([x, x]) });
  expect(heads.getConfig()).toMatchObject(options);
  expect(layers.multiHeadAttention({ numHeads: 2, keyDim: 3 }).getConfig()).not.toHaveProperty("slidingWindow");
  const again = modelFromBytes(modelToBytes(made));
  expect((again.predict(wave([1, 6, 4], 0)) as Tensor).dataSync()).toEqual(made.predict(wave([1, 6, 4], 0)).dataSync());
  expect(() => layers.multiHeadAttention({ ...options, slidingWindow: 0 })).toThrow(/slidingWindow/);
});

test("what does not fit is named", () => {
  const x = wave([2, 3, 4], 0);
  expect(() => layers.attention().apply([x])).toThrow(/cannot take these inputs[\s\S]*\[query, value\]/);
  expect(() => layers.attention().apply([x, x, wave([2, 2, 4], 0)])).toThrow(/\[2, 3, 4\], \[2, 3, 4\], \[2, 2, 4\]/);
  expect(() => layers.attention({ scoreMode: "cat" as never }).apply([x, x])).toThrow(/scoreMode/);
  expect(() => layers.multiHeadAttention({ numHeads: 2 } as never)).toThrow(/keyDim/);
  expect(() => layers.groupQueryAttention({ numQueryHeads: 4, numKeyValueHeads: 3, headDim: 2 })).toThrow(
    /shared out evenly[\s\S]*4 heads of the query, 3/,
  );
  expect(() => layers.attention().apply([x, x], { causal: true } as never)).toThrow(/no option "causal"/);
});
