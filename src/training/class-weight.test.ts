import { describe, expect, test } from "vitest";
import { examplesOf } from "../data/examples.js";
import { input, layers, type SymbolicTensor } from "../layers/index.js";
import { model as modelOf } from "../model/functional.js";
import { sequential } from "../model/sequential.js";
import { tensor } from "../tensor/tensor.js";
import { weightClasses } from "./class-weight.js";
import { losses } from "./losses/index.js";

function weights(y: Parameters<typeof tensor>[0], loss: keyof typeof losses): unknown {
  const target = tensor(y);
  const x = tensor(new Float32Array(target.shape[0]!));
  const examples = examplesOf("fit", { inputs: ["x"], outputs: ["y"] }, x, target);
  const [sampleWeight] = weightClasses(examples, [losses[loss]()], { 0: 2, 2: 5 }).sampleWeight;
  return sampleWeight!.rows(Array.from({ length: target.shape[0]! }, (_, i) => i)).arraySync();
}

describe("weights follow the classes", () => {
  test("numbers, columns of numbers, numbers per step", () => {
    expect(weights([0, 1, 2], "sparseCategoricalCrossentropy")).toEqual([2, 1, 5]);
    expect(weights([[0], [1], [0]], "binaryCrossentropy")).toEqual([2, 1, 2]);
    expect(
      weights(
        [
          [0, 2, 1],
          [1, 1, 0],
        ],
        "sparseCategoricalCrossentropy",
      ),
    ).toEqual([
      [2, 5, 1],
      [1, 1, 2],
    ]);
  });

  test("one-hot, per example and per step", () => {
    const [a, b, c] = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    expect(weights([a, c] as number[][], "categoricalCrossentropy")).toEqual([2, 5]);
    expect(
      weights(
        [
          [a, b],
          [c, c],
        ] as number[][][],
        "categoricalCrossentropy",
      ),
    ).toEqual([
      [2, 1],
      [5, 5],
    ]);
  });
});

test("training is that with the same sample weights, shuffled or not; validation is not weighted", async () => {
  const x = tensor(
    Float32Array.from({ length: 16 }, (_, i) => Math.sin(i * i)),
    [8, 2],
  );
  const y = tensor([0, 1, 1, 0, 1, 0, 0, 1]);
  const train = async (options: object) => {
    const model = sequential([layers.dense({ units: 1, activation: "sigmoid", kernelInitializer: "ones" })]);
    model.compile({ optimizer: "sgd", learningRate: 0.5, loss: "binaryCrossentropy" });
    const { history } = await model.fit(x, y, { epochs: 2, batchSize: 3, shuffle: false, ...options });
    return history;
  };
  const weighted = await train({ classWeight: { 1: 4 }, validationData: [x, y] });
  const same = await train({ sampleWeight: [1, 4, 4, 1, 4, 1, 1, 4], validationData: [x, y] });
  expect(weighted).toEqual(same);
  expect(weighted.loss![0]).toBeGreaterThan((await train({})).loss![0]!);
});

test("mistakes", async () => {
  const model = sequential([layers.dense({ units: 1 })]);
  model.compile({ optimizer: "sgd", loss: "binaryCrossentropy" });
  const [x, y] = [tensor([[1], [2]]), tensor([0, 1])];
  await expect(model.fit(x, y, { classWeight: { 1: -1 } })).rejects.toThrow(/at least 0[\s\S]*1: -1/);
  await expect(model.fit(x, y, { classWeight: { 1: 2 }, sampleWeight: [1, 1] })).rejects.toThrow(
    /either classWeight or/,
  );
  await expect(model.fit([{ x, y }], { classWeight: { 1: 2 } })).rejects.toThrow(/a dataset decides about classWeight/);
  const start = input({ shape: [1] });
  const outputs = [1, 2].map((units) => layers.dense({ units }).apply(start) as SymbolicTensor);
  const pair = modelOf({ inputs: start, outputs });
  pair.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  await expect(
    pair.fit(
      x,
      [
        y,
        [
          [0, 1],
          [1, 0],
        ],
      ],
      { classWeight: { 1: 2 } },
    ),
  ).rejects.toThrow(/models with one output[\s\S]*2 outputs/);
  expect(() => weights([[0, 1, 1]], "binaryCrossentropy")).toThrow(/do not say one class each/);
});
