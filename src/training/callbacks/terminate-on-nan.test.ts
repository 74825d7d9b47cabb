import { afterEach, beforeEach, expect, test } from "vitest";
import { line, numbers, weightsOf } from "../../../test/support/line.js";
import { layers } from "../../layers/index.js";
import { resetLayerNames } from "../../layers/layer.js";
import { sequential } from "../../model/sequential.js";
import { log } from "../../tensor/ops/unary.js";
import { host, provideHost } from "../../util/host.js";
import { callbacks } from "./index.js";

const usual = host();
let printed: string[] = [];
beforeEach(() => {
  resetLayerNames();
  printed = [];
  provideHost({ ...usual, print: (text) => void printed.push(text) });
});
afterEach(() => provideHost(usual));

test("training ends with the epochs completed and the weights before the bad step", async () => {
  const model = line();
  const nan = callbacks.terminateOnNaN();
  let good: number[][] = [];
  const spoil = {
    onEpochBegin: (epoch: number) => {
      if (epoch !== 2) return;
      good = [[Number.NaN], [0]];
      model.setWeights([[[Number.NaN]], [0]]);
    },
  };
  const history = await model.fit(numbers(1, 2), numbers(2, 4), { epochs: 5, callbacks: [spoil, nan] });
  expect(history.epoch).toEqual([0, 1]);
  expect(history.aborted).toBe(false);
  expect(weightsOf(model)).toEqual(good);
  expect(nan.error?.path).toMatch(/layer 0 \(dense\)/);
  expect(nan.error?.code).toBe("nonFinite");
  expect(printed).toEqual([nan.error?.message]);
});

test("names the first layer that is not finite", async () => {
  const model = sequential([
    layers.dense({ units: 1, kernelInitializer: "zeros", inputShape: [1], name: "first" }),
    layers.dense({ units: 1, activation: "linear", name: "second" }),
  ]);
  model.compile({ optimizer: "sgd", loss: "mse" });
  model.setWeights([[[3e38]], [0], [[3e38]], [0]]);
  const nan = callbacks.terminateOnNaN();
  await model.fit([[1]], [[1]], { callbacks: nan });
  expect(nan.error?.path).toMatch(/layer 1 \(second\)/);
});

test("without it fit rejects, also when another callback was told", async () => {
  const told: string[] = [];
  const model = line({ loss: (yTrue, yPred) => log(yPred.sub(yTrue).sub(1)) });
  const training = model.fit([[1]], [[1]], { callbacks: { onNonFinite: (error) => void told.push(error.code) } });
  await expect(training).rejects.toThrow(/the loss is NaN/);
  expect(told).toEqual(["nonFinite"]);
});

test("a validation loss that is not finite ends training too", async () => {
  const nan = callbacks.terminateOnNaN();
  const history = await line().fit([[1]], [[1]], {
    epochs: 3,
    validationData: [[[Number.NaN]], [[1]]],
    callbacks: nan,
  });
  expect(history.epoch).toEqual([]);
  expect(nan.error?.message).toMatch(/x holds NaN/);
});
