import { beforeEach, describe, expect, test } from "vitest";
import { layers } from "../layers/index.js";
import { resetLayerNames } from "../layers/layer.js";
import { type Sequential, sequential } from "../model/sequential.js";
import { callbacks } from "./callbacks/index.js";
import { type EarlyStoppingOptions, earlyStopping } from "./early-stopping.js";

beforeEach(() => resetLayerNames());

/** A model whose value `loss` after epoch e is values[e]: one weight that a callback sets, and data that shows it. */
async function run(values: readonly number[], options: EarlyStoppingOptions) {
  const model: Sequential = sequential([
    layers.dense({ units: 1, useBias: false, kernelInitializer: "zeros", inputShape: [1] }),
  ]);
  model.compile({ optimizer: "sgd", loss: "mae", learningRate: 0 });
  const stop = earlyStopping({ monitor: "loss", ...options });
  const { epoch } = await model.fit([[1]], [[0]], {
    epochs: values.length,
    callbacks: [{ onEpochBegin: (e) => model.setWeights([[[values[e]!]]]) }, stop],
  });
  return { epochs: epoch.length, weight: model.weights[0]!.item(), stop, model };
}

describe("when training ends", () => {
  // Keras: an epoch that is not better waits; at `patience` waiting epochs training stops.
  test.each([
    ["patience 0 stops at the first epoch that is not better", [5, 4, 4, 3], {}, 3],
    ["patience 2", [5, 4, 4.5, 4.2, 3], { patience: 2 }, 4],
    ["a better epoch starts the wait again", [5, 4, 4.5, 3, 3.5, 3.5, 1], { patience: 2 }, 6],
    ["smaller changes than minDelta do not count", [5, 4.9, 4.8, 1], { patience: 1, minDelta: 0.5 }, 2],
    ["waiting goes on until better than the baseline", [5, 4, 3, 2], { patience: 2, baseline: 1 }, 4],
    ["epochs before startFromEpoch are not looked at", [1, 2, 3, 2.5, 2.6, 0], { startFromEpoch: 2 }, 5],
    ["larger may be better", [1, 2, 1.5, 3], { mode: "max" }, 3],
    ["never while it gets better", [4, 3, 2, 1], {}, 4],
  ] as const)("%s", async (_, values, options, epochs) => {
    expect((await run(values, options)).epochs).toBe(epochs);
  });
});

describe("restoreBestWeights", () => {
  test("puts the best epoch's weights back, also when nothing stopped the training", async () => {
    const stopped = await run([3, 1, 2, 2], { patience: 2, restoreBestWeights: true });
    expect([stopped.weight, stopped.stop.bestEpoch, stopped.stop.stoppedEpoch]).toEqual([1, 1, 3]);
    const finished = await run([3, 1, 2], { patience: 9, restoreBestWeights: true });
    expect([finished.weight, finished.stop.stoppedEpoch]).toEqual([1, null]);
  });

  test("without it the last weights stay", async () => {
    expect((await run([3, 1, 2], {})).weight).toBe(2);
  });
});

test("accuracy is better when larger, without being told", async () => {
  const model = sequential([layers.dense({ units: 1, inputShape: [1] })]);
  model.compile({ optimizer: "sgd", loss: "mse", learningRate: 0, metrics: ["binaryAccuracy"] });
  model.setWeights([[[1]], [0]]);
  const outputs = [0.2, 0.9, 0.1, 0.1];
  const { epoch } = await model.fit([[1]], [[1]], {
    epochs: 4,
    callbacks: [
      { onEpochBegin: (e) => model.setWeights([[[outputs[e]!]], [0]]) },
      earlyStopping({ monitor: "binaryAccuracy" }),
    ],
  });
  expect(epoch).toEqual([0, 1, 2]);
});

test("one callback serves several trainings", async () => {
  const stop = earlyStopping({ monitor: "loss", patience: 1 });
  const model = sequential([layers.dense({ units: 1, inputShape: [1] })]);
  model.compile({ optimizer: "sgd", loss: "mse", learningRate: 0 });
  for (let i = 0; i < 2; i++) {
    expect((await model.fit([[1]], [[1]], { epochs: 9, callbacks: stop })).epoch).toEqual([0, 1]);
  }
});

test("a value that is not computed", async () => {
  const model = sequential([layers.dense({ units: 1, inputShape: [1] })]);
  model.compile({ optimizer: "sgd", loss: "mse" });
  const watching = (monitor?: string) =>
    model.fit([[1]], [[1]], { callbacks: earlyStopping(monitor === undefined ? {} : { monitor }) });
  await expect(watching()).rejects.toThrow(/watches "val_loss"[\s\S]*pass validationData or validationSplit/);
  await expect(watching("los")).rejects.toThrow(/did you mean "loss"/);
});

test("wrong options", () => {
  expect(() => earlyStopping({ patient: 3 } as never)).toThrow(/did you mean "patience"/);
  expect(() => earlyStopping({ mode: "down" as never })).toThrow(/"auto", "min" or "max"/);
  expect(() => callbacks.lambda({ onEpoch: () => {} } as never)).toThrow(/has no option "onEpoch"/);
});
