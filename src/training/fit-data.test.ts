import { beforeEach, describe, expect, test } from "vitest";
import { line, numbers, weightsOf } from "../../test/support/line.js";
import type { DataLike } from "../data/host-array.js";
import { layers } from "../layers/index.js";
import { resetLayerNames } from "../layers/layer.js";
import { sequential } from "../model/sequential.js";
import { setSeed } from "../tensor/generator.js";
import { tensor } from "../tensor/tensor.js";

beforeEach(() => {
  resetLayerNames();
  setSeed(5);
});

describe("kinds of data", () => {
  const x = numbers(1, 2, 3);
  const y = numbers(2, 4, 6);
  const expected = async () => {
    const model = line();
    await model.fit(x, y, { epochs: 2, batchSize: 2, shuffle: false });
    return weightsOf(model);
  };

  test.each([
    ["tensors", () => [tensor(x), tensor(y)]],
    [
      "typed arrays with a shape",
      () => [{ values: Float32Array.of(1, 2, 3), shape: [3, 1] }, Float32Array.of(2, 4, 6)],
    ],
    [
      "doubles",
      () => [
        { values: Float64Array.of(1, 2, 3), shape: [3, 1] },
        { values: Float64Array.of(2, 4, 6), shape: [3, 1] },
      ],
    ],
    ["whole numbers", () => [{ values: Int32Array.of(1, 2, 3), shape: [3, 1] }, Int32Array.of(2, 4, 6)]],
  ] as [string, () => [DataLike, DataLike]][])("%s", async (_, make) => {
    const [a, b] = make();
    const model = line();
    await model.fit(a, b, { epochs: 2, batchSize: 2, shuffle: false });
    expect(weightsOf(model)).toEqual(await expected());
  });

  const batches = [
    { x: x.slice(0, 2), y: y.slice(0, 2) },
    { x: x.slice(2), y: y.slice(2) },
  ];
  function* generate() {
    for (const { x, y } of batches) yield [x, y] as const;
  }
  async function* generateLater() {
    yield* batches;
  }

  test.each([
    ["an array of batches", () => batches],
    ["a function that makes a generator", () => generate],
    ["a function that makes an asynchronous generator", () => generateLater],
    ["a set", () => new Set(batches)],
  ] as const)("a dataset: %s", async (_, make) => {
    const model = line();
    await model.fit(make(), { epochs: 2 });
    expect(weightsOf(model)).toEqual(await expected());
  });

  test("batches of different lengths, to a model without inputShape", async () => {
    const model = sequential([layers.lstm({ units: 2 }), layers.dense({ units: 1 })]);
    model.compile({ optimizer: "adam", loss: "mse" });
    const lengths = [3, 5, 2];
    const data = lengths.map((length) => ({ x: [Array.from({ length }, (_, t) => [t, 1])], y: [[length]] }));
    const { history } = await model.fit(data, { epochs: 2 });
    expect(history.loss).toHaveLength(2);
    expect(model.optimizer.iterations).toBe(6);
  });

  test("whole numbers and booleans into a recurrent layer", async () => {
    const model = sequential([layers.gru({ units: 2, inputShape: [null, 1] }), layers.dense({ units: 1 })]);
    model.compile({ optimizer: "sgd", loss: "binaryCrossentropy" });
    const ones = await model.testOnBatch([[[1], [0]]], [1]);
    expect(await model.testOnBatch([[[true], [false]]], [true])).toEqual(ones);
    expect(await model.testOnBatch({ values: Int32Array.of(1, 0), shape: [1, 2, 1] }, Int32Array.of(1))).toEqual(ones);
  });

  test("a fixed number of steps goes on through the dataset", async () => {
    const seen: number[] = [];
    const model = line();
    model.compile({ optimizer: "sgd", loss: "mse", learningRate: 0 });
    function* endless() {
      for (let i = 1; ; i++) yield { x: numbers(0), y: numbers(i) };
    }
    await model.fit(endless(), {
      epochs: 3,
      stepsPerEpoch: 2,
      callbacks: { onBatchEnd: (_b, _l, { batchLoss }) => void seen.push(Math.sqrt(batchLoss)) },
    });
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("a short dataset starts over when more steps are asked for", async () => {
    const model = line();
    const { epoch } = await model.fit(batches, { epochs: 2, stepsPerEpoch: 3 });
    expect(epoch).toEqual([0, 1]);
    expect(model.optimizer.iterations).toBe(6);
  });

  test("a generator that is used up says what to do", async () => {
    await expect(line().fit(generate(), { epochs: 2 })).rejects.toThrow(/gave no batches[\s\S]*pass a function/);
    await expect(line().fit([][Symbol.iterator]())).rejects.toThrow(/gave no batches/);
  });

  test("batches that are not batches", async () => {
    await expect(line().fit(() => [{ inputs: x }] as never)).rejects.toThrow(/batch 0 of the dataset[\s\S]*inputs/);
    await expect(line().fit(() => [{ x }])).rejects.toThrow(/no targets/);
    await expect(line().fit(() => 3 as never)).rejects.toThrow(/nothing to iterate over/);
  });

  test("validation data as arrays, object and dataset", async () => {
    const validation = [
      [numbers(5), numbers(1)],
      { x: numbers(5), y: numbers(1) },
      [{ x: numbers(5), y: numbers(1) }],
    ] as const;
    const results = [];
    for (const validationData of validation) {
      const model = line();
      results.push((await model.fit(x, y, { validationData, shuffle: false })).history.val_loss);
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
});
