import { beforeEach, describe, expect, test } from "vitest";
import { line } from "../../../test/support/line.js";
import { resetLayerNames } from "../../layers/layer.js";
import { optimizers } from "../optimizers/index.js";
import { schedules } from "../schedules.js";
import { callbacks } from "./index.js";
import type { ReduceLROnPlateauOptions } from "./reduce-lr-on-plateau.js";

beforeEach(() => resetLayerNames());

describe("learningRateScheduler", () => {
  test("sets the rate of every epoch from the epoch and the rate before", async () => {
    const model = line({ learningRate: 1 });
    const rates: number[] = [];
    const scheduler = callbacks.learningRateScheduler((epoch, rate) => (epoch === 0 ? rate : rate / 2));
    const watch = { onEpochEnd: () => void rates.push(model.optimizer.learningRate) };
    await model.fit([[0]], [[0]], { epochs: 3, callbacks: [scheduler, watch] });
    expect(rates).toEqual([1, 0.5, 0.25]);
  });

  test("what is no rate is refused", async () => {
    const train = (rate: unknown) =>
      line().fit([[0]], [[0]], { callbacks: callbacks.learningRateScheduler(() => rate as number) });
    await expect(train(Number.NaN)).rejects.toThrow(/finite number of at least 0/);
    await expect(train(undefined)).rejects.toThrow(/finite number of at least 0/);
    expect(() => callbacks.learningRateScheduler(0.1 as never)).toThrow(/needs a function/);
  });

  test("the rate of a schedule cannot be set", async () => {
    const learningRate = schedules.step({ initialLearningRate: 1, stepSize: 2 });
    const model = line({ optimizer: optimizers.sgd({ learningRate }), learningRate: undefined });
    const scheduler = callbacks.learningRateScheduler((_, rate) => rate);
    await expect(model.fit([[0]], [[0]], { callbacks: scheduler })).rejects.toThrow(/comes from a schedule/);
  });
});

/** The learning rate after every epoch when the loss is values[epoch]: |weight|, which is set before. */
async function rates(values: readonly number[], options: ReduceLROnPlateauOptions, stopAfter?: number) {
  const model = line({ loss: "mae", learningRate: 1e-12 });
  const seen: number[] = [];
  const train = (epochs: number) =>
    model.fit([[1]], [[0]], {
      epochs,
      callbacks: [
        { onEpochBegin: (epoch) => model.setWeights([[[values[epoch]!]], [0]]) },
        callbacks.reduceLROnPlateau({ monitor: "loss", ...options }),
        { onEpochEnd: () => void seen.push(model.optimizer.learningRate * 1e12) },
      ],
    });
  if (stopAfter !== undefined) {
    await train(stopAfter);
    model.setTrainingState(model.getTrainingState());
  }
  await train(values.length);
  return seen.map((rate) => Number(rate.toPrecision(6)));
}

describe("reduceLROnPlateau", () => {
  const values = [5, 4, 4, 4, 4.5, 3, 3, 3, 3, 3, 3, 3];
  // Computed by keras.callbacks.ReduceLROnPlateau of Keras 3.15.
  const cases: [ReduceLROnPlateauOptions, number[], number[]][] = [
    [{ factor: 0.5, patience: 2 }, values, [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.0625]],
    [
      { factor: 0.5, patience: 1, cooldown: 2 },
      values,
      [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.0625, 0.0625, 0.03125, 0.03125],
    ],
    [
      { patience: 1, minLearningRate: 5e-14 },
      values,
      [1, 1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05],
    ],
    [{ factor: 0.5, patience: 2, minDelta: 0.1 }, [5, 4.95, 4.9, 4.85, 4], [1, 1, 0.5, 0.5, 0.5]],
    [{ factor: 0.5, patience: 0 }, values.slice(0, 6), [1, 1, 0.5, 0.25, 0.125, 0.125]],
  ];
  test.each(cases)("%o", async (options, losses, expected) => {
    expect(await rates(losses, options)).toEqual(expected);
  });

  test("goes on where a saved training was", async () => {
    const options = { factor: 0.5, patience: 2 };
    expect(await rates(values, options, 3)).toEqual(await rates(values, options));
  });

  test("impossible options", () => {
    expect(() => callbacks.reduceLROnPlateau({ factor: 1 })).toThrow(/factor must be above 0 and below 1/);
    expect(() => callbacks.reduceLROnPlateau({ patience: -1 })).toThrow(/patience/);
    expect(() => callbacks.reduceLROnPlateau({ mode: "least" as never })).toThrow(/cannot use this mode/);
    expect(() => callbacks.reduceLROnPlateau({ minLr: 1 } as never)).toThrow(/no option "minLr"/);
  });

  test("a value that is not computed", async () => {
    const training = line().fit([[0]], [[0]], { callbacks: callbacks.reduceLROnPlateau() });
    await expect(training).rejects.toThrow(/"val_loss", which this training does not compute[\s\S]*validationData/);
  });
});
