import { expect, test } from "vitest";
import { modelFromBytes, modelToBytes } from "../../formats/model-file.js";
import { model } from "../../model/functional.js";
import { sequential } from "../../model/sequential.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { input, layers } from "../index.js";

const wave = (shape: number[], phase: number) =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.7 * i + phase)),
    shape,
  );

test("a decoder block never looks ahead, an encoder block does", () => {
  const x = wave([1, 5, 4], 0);
  const changed = tensor(
    x.dataSync().map((v, i) => (i >= 12 ? v + 1 : v)),
    [1, 5, 4],
  );
  const options = { intermediateDim: 8, numHeads: 2 };
  const variants = [{}, { numKeyValueHeads: 1 }, { ropeMaxWavelength: 100 }, { alibi: true, normalizeFirst: true }];
  for (const more of variants) {
    for (const Block of ["transformerDecoder", "transformerEncoder"] as const) {
      const layer = layers[Block]({ ...options, ...more });
      const run = (t: Tensor) => (layer.apply(t) as Tensor).dataSync().slice(0, 12);
      if (Block === "transformerDecoder") expect(run(changed)).toEqual(run(x));
      else expect(run(changed)).not.toEqual(run(x));
    }
  }
});

test("dropout drops while training only, and the state repeats the draws", () => {
  const layer = layers.transformerDecoder({ intermediateDim: 8, numHeads: 2, dropout: 0.5, name: "block" });
  const run = (training: boolean) => (layer.apply(wave([2, 6, 4], 0), { training }) as Tensor).dataSync();
  expect(run(false)).toEqual(run(false));
  const state = layer.getState();
  const first = run(true);
  expect(run(true)).not.toEqual(first);
  layer.setState(state);
  expect(run(true)).toEqual(first);
});

test("translation: encoder and decoder with masks and scores, saved and loaded", () => {
  const source = input({ shape: [null], dtype: "int32", name: "source" });
  const target = input({ shape: [null], dtype: "int32", name: "target" });
  const options = { intermediateDim: 8, numHeads: 2 };
  const embedding = { inputDim: 7, outputDim: 4, maskZero: true };
  const encoded = layers.transformerEncoder(options).apply(layers.embedding(embedding).apply(source));
  const decoder = layers.transformerDecoder(options);
  const [output, own, other] = decoder.apply([layers.embedding(embedding).apply(target), encoded], {
    returnAttentionScores: true,
  });
  expect(other!.shape).toEqual([null, 2, null, null]);
  const made = model({ inputs: [source, target], outputs: [output!, own!, other!] });
  const results = made.predict([[[3, 1, 0, 0]], [[2, 5, 6]]]);
  for (const head of (results[2]!.arraySync() as number[][][][])[0]!) {
    for (const row of head) expect([row[0]! + row[1]!, row[2], row[3]]).toEqual([expect.closeTo(1, 6), 0, 0]);
  }
  // What the padding holds does not matter.
  const shorter = made.predict([[[3, 1]], [[2, 5, 6]]]);
  for (const [i, v] of shorter[0]!.dataSync().entries()) expect(results[0]!.dataSync()[i]).toBeCloseTo(v, 5);
  const again = modelFromBytes<Tensor[]>(modelToBytes(made));
  expect(again.predict([[[3, 1, 0, 0]], [[2, 5, 6]]]).map((t) => t.dataSync())).toEqual(
    results.map((t) => t.dataSync()),
  );
});

test("weights are named after their part, and a sequential model takes blocks", () => {
  const made = sequential([
    layers.transformerEncoder({ intermediateDim: 8, numHeads: 2, name: "block", inputShape: [null, 4] }),
  ]);
  expect([...made.namedWeights.keys()]).toContain("block/self_attention/query/kernel");
  expect([...made.namedWeights.keys()].length).toBe(16);
  expect(made.countParams()).toBe(4 * (4 * 4 + 4) + (4 * 8 + 8) + (8 * 4 + 4) + 4 * 4);
  expect(made.outputShape).toEqual([null, null, 4]);
});

test("what does not fit is named", () => {
  const options = { intermediateDim: 8, numHeads: 2 };
  const x = wave([1, 5, 4], 0);
  expect(() => layers.transformerEncoder(options).apply([x, x])).toThrow(/one sequence/);
  expect(() => layers.transformerEncoder({ ...options, numHeads: 5 }).apply(x)).toThrow(
    /more heads[\s\S]*for 4 features/,
  );
  expect(() => layers.transformerEncoder({ ...options, heads: 5 } as never)).toThrow(/heads/);
  expect(() => layers.transformerDecoder({ ...options, numKeyValueHeads: 3 })).toThrow(/shared out evenly/);
  const decoder = layers.transformerDecoder(options);
  decoder.apply(x);
  expect(() => decoder.apply([x, x])).toThrow(/alone/);
});
