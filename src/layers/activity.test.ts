import { describe, expect, test } from "vitest";
import { type GoldenLayer, goldenLayers } from "../../test/layers/golden.js";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../test/support/golden.js";
import { GradientTape } from "../autograd/index.js";
import { model } from "../model/functional.js";
import { sequential } from "../model/sequential.js";
import { addN } from "../tensor/ops/arithmetic.js";
import { randomNormal } from "../tensor/ops/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { input, layers } from "./index.js";

interface Case {
  readonly id: string;
  readonly layer: GoldenLayer;
  readonly weights: readonly (GoldenArray & { readonly grad: readonly number[] })[];
  readonly input: GoldenArray;
  readonly penalty: number;
  readonly inputGrad: GoldenArray;
}

const { cases } = readGolden<{ cases: Case[] }>("activity");

test.each(cases.map((golden) => [golden.id, golden] as const))("%s: penalty and gradients are Keras'", (_, golden) => {
  const layer = goldenLayers(golden.layer)[0]!;
  const x = toTensor(golden.input);
  layer.ensureBuilt(x.shape);
  layer.setWeights(golden.weights.map((w) => toTensor(w)));
  using tape = new GradientTape();
  tape.watch(x);
  const penalties: Tensor[] = [];
  layer.callWithMasks([x], { training: true, masks: [null], penalties });
  const total = addN(penalties);
  expectClose(total.dataSync(), [golden.penalty], 1e-6);
  const [own, ...rest] = tape.gradient(total, [x, ...layer.trainableWeights]);
  expectClose(own!.dataSync(), golden.inputGrad.value, 1e-5);
  for (const [i, w] of golden.weights.entries()) expectClose(rest[i]!.dataSync(), w.grad, 1e-5);
});

describe("in a model", () => {
  const x = randomNormal([4, 3], 0, 1, 1);
  const targets = randomNormal([4, 2], 0, 1, 2);
  const penalty = (y: Tensor) => (0.5 * [...y.dataSync()].reduce((sum, v) => sum + v * v, 0)) / 4;

  test("it is part of the loss of training and evaluation, also inside a model inside", async () => {
    const inner = sequential([
      layers.dense({ units: 2, activityRegularizer: { name: "l2", l2: 0.5 }, inputShape: [3] }),
    ]);
    const tokens = input({ shape: [3] });
    const whole = model({ inputs: tokens, outputs: inner.apply(tokens) });
    whole.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const y = whole.predict(x) as Tensor;
    const error = [...y.dataSync()].reduce((sum, v, i) => sum + (v - targets.dataSync()[i]!) ** 2, 0) / 8;
    const wanted = error + penalty(y);
    expectClose([(await whole.testOnBatch(x, targets))["loss"]!], [wanted], 1e-5);
    expectClose([(await whole.trainOnBatch(x, targets))["loss"]!], [wanted], 1e-5);
  });

  test("outputs become small", async () => {
    const size = async (l2: number) => {
      const dense = layers.dense({
        units: 2,
        kernelInitializer: { name: "glorotUniform", seed: 1 },
        activityRegularizer: { name: "l2", l2 },
        inputShape: [3],
      });
      const net = sequential([dense]);
      net.compile({ optimizer: "adam", loss: "meanSquaredError", learningRate: 0.05 });
      await net.fit(x, targets, { epochs: 30, verbose: 0 });
      return penalty(net.predict(x) as Tensor);
    };
    expect(await size(5)).toBeLessThan(0.3 * (await size(0)));
  });
});

test("written to configs by name, copied, and refused where nobody would look at it", () => {
  const dense = layers.dense({ units: 1, activityRegularizer: { name: "l1", l1: 0.1 } });
  expect(dense.getConfig()["activityRegularizer"]).toEqual({ name: "l1", l1: 0.1 });
  expect(layers.dense({ units: 1 }).getConfig()).not.toHaveProperty("activityRegularizer");
  const lstm = layers.lstm({ units: 1, activityRegularizer: "l2" });
  expect(lstm.clone().activityRegularizer?.config).toBe("l2");
  expect(layers.activityRegularization({ l1: 1 }).clone().options).toEqual({ l1: 1, l2: 0 });
  expect(() => layers.dense({ units: 1, activityRegularizer: (y) => y.sum() }).getConfig()).toThrow(/cannot be saved/);
  expect(() => layers.timeDistributed({ layer: dense })).toThrow(/does not see/);
  expect(() => layers.dense({ units: 1, activityRegularizer: "l3" as never })).toThrow(/activityRegularizer[\s\S]*l3/);
});
