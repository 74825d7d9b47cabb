import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/golden.js";
import { GradientTape } from "../../autograd/index.js";
import { sequential } from "../../model/sequential.js";
import { ones } from "../../tensor/ops/creation.js";
import { randomNormal } from "../../tensor/ops/random.js";
import { sum } from "../../tensor/ops/reduce.js";
import { square } from "../../tensor/ops/unary.js";
import { scope } from "../../tensor/scope.js";
import { memory, type Tensor, tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";

const numbers = (t: unknown) => [...(t as Tensor).dataSync()];

describe("batch normalization", () => {
  test("one feature by hand: mean 2, variance 8/3, momentum 0.9", () => {
    const layer = layers.batchNormalization({ momentum: 0.9, epsilon: 0 });
    const x = [[0], [2], [4]];
    expectClose(
      numbers(layer.apply(x, { training: true })),
      [-2, 0, 2].map((d) => d / Math.sqrt(8 / 3)),
    );
    expectClose(numbers(layer.movingMean), [0.2]);
    expectClose(numbers(layer.movingVariance), [0.9 + 0.1 * (8 / 3)]);
    expectClose(
      numbers(layer.apply(x)),
      x.map(([v]) => (v! - 0.2) / Math.sqrt(0.9 + 0.8 / 3)),
    );
  });

  test.each([
    [{ scale: false }, ["beta", "moving_mean", "moving_variance"]],
    [{ center: false }, ["gamma", "moving_mean", "moving_variance"]],
    [{ scale: false, center: false }, ["moving_mean", "moving_variance"]],
  ])("trains in a model with %o", async (options, names) => {
    const layer = layers.batchNormalization({ ...options, inputShape: [3] });
    const model = sequential([layer, layers.dense({ units: 1 })]);
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    expect(layer.allWeights.map((w) => w.name)).toEqual(names);
    const x = randomNormal([16, 3], 2, 3, 1);
    const before = numbers(layer.movingMean);
    const { history } = await model.fit(x, ones([16, 1]), { epochs: 5, verbose: 0 });
    const losses = history["loss"] as number[];
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    expect(numbers(layer.movingMean)).not.toEqual(before);
  });

  test("moving statistics are weights that are saved and not trained", () => {
    const layer = layers.batchNormalization();
    layer.apply([[1, 2]], { training: true });
    expect(layer.trainableWeights.map((v) => v.shape)).toEqual([[2], [2]]);
    expect(layer.nonTrainableWeights).toEqual([layer.movingMean, layer.movingVariance]);
    expect(layer.getWeights().length).toBe(4);
  });

  test("predicting changes nothing; a frozen layer uses and keeps its moving statistics while training", () => {
    const layer = layers.batchNormalization({ trainable: false });
    const x = tensor([[1], [3]]);
    const inference = numbers(layer.apply(x));
    expect(numbers(layer.apply(x, { training: true }))).toEqual(inference);
    expect([numbers(layer.movingMean), numbers(layer.movingVariance)]).toEqual([[0], [1]]);
  });

  test("masked steps have no part in the statistics, and a batch without any step gives numbers", () => {
    const layer = layers.batchNormalization({ momentum: 0 });
    const mask = [[1, 1, 0]];
    layer.apply([[[1], [3], [1e6]]], { training: true, mask });
    expectClose(numbers(layer.movingMean), [2]);
    expectClose(numbers(layer.movingVariance), [1]);
    const empty = layer.apply([[[1], [3], [5]]], { training: true, mask: [[0, 0, 0]] });
    expect(numbers(empty).every(Number.isFinite)).toBe(true);
  });

  test("a recorded call leaves nothing behind", () => {
    const layer = layers.batchNormalization();
    layer.apply(ones([4, 2]), { training: true });
    const x = randomNormal([4, 2]);
    const step = () =>
      scope(() => {
        using tape = new GradientTape();
        tape.watch(x);
        tape.gradient([sum(square(layer.apply(x, { training: true }) as Tensor))], layer.trainableWeights);
      });
    step();
    const before = memory().tensors;
    step();
    expect(memory().tensors).toBe(before);
  });
});

describe("layer normalization", () => {
  test("every step has mean beta and deviation gamma", () => {
    const layer = layers.layerNormalization({ epsilon: 0, betaInitializer: { name: "constant", value: 5 } });
    const rows = (layer.apply(randomNormal([3, 4, 8], 7, 2, 2)) as Tensor).arraySync() as number[][][];
    for (const row of rows.flat()) {
      const mean = row.reduce((a, b) => a + b) / 8;
      expect(mean).toBeCloseTo(5, 4);
      expect(row.reduce((a, b) => a + (b - mean) ** 2, 0) / 8).toBeCloseTo(1, 4);
    }
  });

  test("along time, by hand; an unknown length has no weights", () => {
    const layer = layers.layerNormalization({ axis: 1, epsilon: 0 });
    expectClose(
      numbers(
        layer.apply([
          [
            [1, 10],
            [3, 30],
          ],
        ]),
      ),
      [-1, -1, 1, 1],
    );
    expect(layer.weights.map((v) => v.shape)).toEqual([[2], [2]]);
    expect(() => layers.layerNormalization({ axis: 1 }).build([null, null, 3])).toThrow(/size of axis 1/);
    expect(() => layers.layerNormalization({ axis: 3 }).apply([[1]])).toThrow(/axis/);
  });

  test("a constant input gives beta, not NaN, and finite gradients", () => {
    const layer = layers.layerNormalization();
    const x = ones([1, 4]);
    using tape = new GradientTape();
    tape.watch(x);
    const y = layer.apply(x) as Tensor;
    expect(numbers(y)).toEqual([0, 0, 0, 0]);
    expect(numbers(tape.gradient([y], [x])[0]!).every(Number.isFinite)).toBe(true);
  });
});

test("unit normalization keeps zeros, with finite gradients", () => {
  const x = tensor([
    [3, 4],
    [0, 0],
  ]);
  using tape = new GradientTape();
  tape.watch(x);
  const y = layers.unitNormalization().apply(x) as Tensor;
  expectClose(numbers(y), [0.6, 0.8, 0, 0]);
  expect(numbers(tape.gradient([y], [x])[0]!).every(Number.isFinite)).toBe(true);
});

test("group normalization refuses groups that do not divide the channels", () => {
  expect(() => layers.groupNormalization({ name: "norm" }).apply(ones([1, 2, 3]))).toThrow(
    /norm[\s\S]*3 channels[\s\S]*groups: 32/,
  );
  expect(() => layers.groupNormalization({ groups: 0 })).toThrow(/groups/);
});

test("all of them let the mask through", () => {
  const mask = tensor([[true, false]]);
  const x = ones([1, 2, 4]);
  for (const layer of [
    layers.batchNormalization(),
    layers.layerNormalization(),
    layers.rmsNormalization(),
    layers.unitNormalization(),
    layers.groupNormalization({ groups: 2 }),
  ]) {
    expect(layer.computeMask(x, mask)).toBe(mask);
  }
});

test("options are checked", () => {
  expect(() => layers.batchNormalization({ momentum: 2 })).toThrow(/momentum/);
  expect(() => layers.layerNormalization({ epsilon: -1 })).toThrow(/epsilon/);
  expect(() => layers.layerNormalization({ axes: 1 } as never)).toThrow(/did you mean "axis"/);
});
