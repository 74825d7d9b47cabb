import { beforeEach, describe, expect, test } from "vitest";
import { modelFromBytes, modelToBytes } from "../formats/model-file.js";
import { input, layers } from "../layers/index.js";
import { resetLayerNames } from "../layers/layer.js";
import { setSeed } from "../tensor/generator.js";
import { memory } from "../tensor/tensor.js";
import { callbacks } from "../training/callbacks/index.js";
import { losses } from "../training/losses/table.js";
import { optimizers } from "../training/optimizers/index.js";
import { model } from "./functional.js";

beforeEach(() => {
  resetLayerNames();
  setSeed(11);
});

describe("encoder and decoder", () => {
  test("learns to reverse short strings of digits, and decodes with the parts", async () => {
    const length = 3;
    const [digits, start] = [4, 4];
    const strings = Array.from({ length: digits ** length }, (_, i) =>
      Array.from({ length }, (_, k) => Math.floor(i / digits ** k) % digits),
    );
    const turned = strings.map((s) => [...s].reverse());
    const shifted = turned.map((s) => [start, ...s.slice(0, -1)]);

    const source = input({ shape: [length], dtype: "int32", name: "source" });
    const previous = input({ shape: [null], dtype: "int32", name: "previous" });
    const read = layers.embedding({ inputDim: digits, outputDim: 8, name: "read" });
    const write = layers.embedding({ inputDim: digits + 1, outputDim: 8, name: "write" });
    const [, ...state] = layers.lstm({ units: 32, returnState: true, name: "encoder" }).apply(read.apply(source));
    const decoder = layers.lstm({ units: 32, returnSequences: true, returnState: true, name: "decoder" });
    const head = layers.dense({ units: digits, name: "head" });
    const [sequence] = decoder.apply(write.apply(previous), { initialState: state });
    const training = model({ inputs: [source, previous], outputs: head.apply(sequence!) });
    training.compile({
      optimizer: optimizers.adam({ learningRate: 0.02 }),
      loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }),
      metrics: ["accuracy"],
    });
    const { history } = await training.fit({ source: strings, previous: shifted }, turned, {
      epochs: 80,
      batchSize: 16,
      callbacks: callbacks.earlyStopping({ monitor: "accuracy", baseline: 0.999, patience: 80 }),
    });
    expect(history.accuracy!.at(-1)).toBeGreaterThan(0.97);

    // The trained layers again, as two models: one encodes, one writes digit by digit.
    const encode = model({ inputs: source, outputs: state });
    const [h, c] = [input({ shape: [32] }), input({ shape: [32] })];
    const [step, nextH, nextC] = decoder.apply(write.apply(previous), { initialState: [h, c] });
    const next = model({ inputs: [previous, h, c], outputs: [head.apply(step!), nextH!, nextC!] });
    let right = 0;
    for (const string of strings) {
      let states = encode.predict([string]);
      let token = start;
      const written: number[] = [];
      while (written.length < length) {
        const [logits, ...after] = next.predict([[[token]], states[0]!, states[1]!]);
        const scores = [...logits!.dataSync()];
        token = scores.indexOf(Math.max(...scores));
        written.push(token);
        states = after;
      }
      if (written.join() === [...string].reverse().join()) right++;
    }
    expect(right / strings.length).toBeGreaterThan(0.9);
    const again = modelFromBytes(modelToBytes(training));
    const x = { source: strings, previous: shifted };
    expect(again.predict(x).dataSync()).toEqual(training.predict(x).dataSync());
  }, 60_000);
});

describe("training with several outputs", () => {
  const pair = () => {
    const x = input({ shape: [1], name: "x" });
    const one = layers.dense({ units: 1, ...{ kernelInitializer: "ones" }, name: "one" }).apply(x);
    const two = layers.dense({ units: 1, ...{ kernelInitializer: "ones" }, name: "two" }).apply(x);
    return model({ inputs: x, outputs: [one, two] });
  };

  test("evaluation labels the losses as they are", async () => {
    const made = pair();
    made.compile({ optimizer: "sgd", loss: "mse" });
    // Errors 1 and 3: losses 1 and 9.
    expect(await made.evaluate([[0]], [[[1]], [[3]]])).toEqual({ loss: 10, one_loss: 1, two_loss: 9 });
    const { history } = await made.fit([[0]], [[[1]], [[3]]], { validationData: [[[0]], [[[1]], [[3]]]] });
    expect(history.loss).toEqual([10]);
    expect(history.val_loss![0]).toBeCloseTo(history.val_one_loss![0]! + history.val_two_loss![0]!, 5);
  });

  test("an output without a loss is not trained and needs no targets", async () => {
    const made = pair();
    made.compile({ optimizer: "sgd", loss: { one: "mse" }, learningRate: 0.1 });
    const before = made
      .getLayer("two")
      .getWeights()
      .map((w) => [...w.dataSync()]);
    expect(Object.keys(await made.trainOnBatch([[1]], { one: [[3]] }))).toEqual(["loss", "one_loss"]);
    expect(
      made
        .getLayer("two")
        .getWeights()
        .map((w) => [...w.dataSync()]),
    ).toEqual(before);
    expect(await made.trainOnBatch([[1]], [[[3]], null])).toHaveProperty("one_loss");
  });

  test("datasets, sample weights by output, weighted metrics", async () => {
    const made = pair();
    made.compile({
      optimizer: "sgd",
      loss: "mse",
      learningRate: 0,
      weightedMetrics: { two: ["mae"] },
      metrics: { two: "mae" },
    });
    const batch = { x: { x: [[0], [0]] }, y: { one: [[1], [1]], two: [[1], [3]] }, sampleWeight: { two: [1, 3] } };
    const logs = await made.evaluate([batch]);
    expect(logs).toEqual({ loss: 15, one_loss: 1, two_loss: 14, two_mae: 2, two_weighted_mae: 2.5 });
    const { history } = await made.fit([batch, [[[0]], [[[1]], [[3]]]]], { epochs: 2 });
    expect(history.one_loss).toEqual([1, 1]);
  });

  test("a training step of one's own is what fit and trainOnBatch run", async () => {
    const made = pair();
    made.compile({ optimizer: "sgd", loss: "mse" });
    let steps = 0;
    const usual = made.trainStep.bind(made);
    made.trainStep = (...args) => {
      steps++;
      return usual(...args);
    };
    await made.fit(
      [[0], [1], [2]],
      [
        [[1], [1], [1]],
        [[3], [3], [3]],
      ],
      { batchSize: 1, epochs: 2 },
    );
    await made.trainOnBatch([[0]], [[[1]], [[3]]]);
    expect(steps).toBe(7);
  });

  test("memory does not grow", async () => {
    const made = pair();
    made.compile({ optimizer: "adam", loss: "mse", metrics: ["mae", "mae"] });
    const data = [
      [[0], [1], [2]],
      [
        [[1], [1], [1]],
        [[3], [3], [3]],
      ],
    ] as const;
    await made.fit(...data, { batchSize: 2, validationData: data });
    const before = memory().tensors;
    await made.fit(...data, { batchSize: 2, validationData: data, epochs: 30 });
    expect(memory().tensors).toBeLessThanOrEqual(before);
  });
});
