import { beforeEach, describe, expect, test } from "vitest";
import { layers } from "../layers/index.js";
import { resetLayerNames } from "../layers/layer.js";
import { modelFromJSON } from "../model/from-json.js";
import type { Model } from "../model/model.js";
import { sequential } from "../model/sequential.js";
import { setSeed } from "../tensor/generator.js";
import type { CompileOptions } from "./compile.js";
import { earlyStopping } from "./early-stopping.js";
import type { FitOptions } from "./fit.js";
import { optimizers } from "./optimizers/index.js";
import type { SavedState } from "./saved-state.js";
import { schedules } from "./schedules.js";

beforeEach(() => resetLayerNames());

const x = Array.from({ length: 10 }, (_, i) => Array.from({ length: 4 }, (_, t) => [Math.sin(i + t), Math.cos(i * t)]));
const y = x.map((row) => [row[3]![0]! * row[0]![1]!]);

const compile = (): CompileOptions => ({
  optimizer: optimizers.adam({
    learningRate: schedules.exponentialDecay({ initialLearningRate: 0.05, decaySteps: 4, decayRate: 0.8 }),
    globalClipNorm: 1,
  }),
  loss: "mse",
  metrics: ["mae"],
});

function make(stateful = false): Model {
  resetLayerNames();
  setSeed(9);
  const model = sequential([
    layers.lstm({ units: 4, dropout: 0.2, recurrentDropout: 0.2, stateful, inputShape: [null, 2] }),
    layers.dropout({ rate: 0.25 }),
    layers.dense({ units: 1 }),
  ]);
  model.compile(compile());
  return model;
}

const options = (): FitOptions => ({
  epochs: 4,
  batchSize: 4,
  validationSplit: 0.2,
  callbacks: earlyStopping({ patience: 10, restoreBestWeights: true }),
});
const weightsOf = (model: Model) => model.weights.map((w) => [...w.dataSync()]);

/** As through a file: tensors by value, values as JSON, the model from its configuration with other random numbers. */
function reload(model: Model, state: SavedState): Model {
  setSeed(12345);
  const again = modelFromJSON(JSON.parse(JSON.stringify(model)));
  again.compile(compile());
  again.setWeights(model.getWeights());
  again.setTrainingState({ tensors: state.tensors, values: JSON.parse(JSON.stringify(state.values)) });
  return again;
}

describe("going on after an interruption", () => {
  // Eight training examples: two batches an epoch.
  test.each([
    ["in the middle of an epoch", 1, 0],
    ["after the last batch of an epoch, before validation", 1, 1],
    ["in the first epoch", 0, 0],
  ])("%s gives the same bits", async (_, epoch, batch) => {
    const whole = make();
    const expected = await whole.fit(x, y, options());

    const interrupted = make();
    const abort = new AbortController();
    let now = -1;
    const stop = {
      onEpochBegin: (e: number) => void (now = e),
      onBatchEnd: (b: number) => void (now === epoch && b === batch && abort.abort()),
    };
    const given = options();
    const callbacks = [given.callbacks as never, stop];
    const part = await interrupted.fit(x, y, { ...given, callbacks, signal: abort.signal });
    expect([part.aborted, part.epoch.length]).toEqual([true, epoch]);

    const resumed = reload(interrupted, interrupted.getTrainingState());
    const rest = await resumed.fit(x, y, options());
    expect(rest).toEqual(expected);
    expect(weightsOf(resumed)).toEqual(weightsOf(whole));
  });

  test("a state taken at the end of an epoch goes on with the next", async () => {
    const whole = make();
    const expected = await whole.fit(x, y, options());
    const first = make();
    let saved: Model | undefined;
    await first.fit(x, y, {
      ...options(),
      callbacks: [
        options().callbacks as never,
        {
          onEpochEnd: (epoch) => {
            if (epoch === 1) saved = reload(first, first.getTrainingState());
          },
        },
      ],
    });
    // `reload` reseeds the global generator; layers and models have their own by then.
    const rest = await saved!.fit(x, y, options());
    expect(rest.epoch).toEqual([0, 1, 2, 3]);
    expect(rest).toEqual(expected);
    expect(weightsOf(saved!)).toEqual(weightsOf(whole));
  });

  test("stateful layers go on with their states", async () => {
    const train = (model: Model, extra: FitOptions = {}) => model.fit(x, y, { epochs: 3, batchSize: 2, ...extra });
    const whole = make(true);
    await train(whole);
    const interrupted = make(true);
    const abort = new AbortController();
    const callbacks = { onBatchEnd: (batch: number) => void (batch === 2 && abort.abort()) };
    await train(interrupted, { callbacks, signal: abort.signal });
    const resumed = reload(interrupted, interrupted.getTrainingState());
    await train(resumed);
    expect(weightsOf(resumed)).toEqual(weightsOf(whole));
  });

  test("datasets skip what was trained already", async () => {
    const batches = x.map((row, i) => ({ x: [row], y: [y[i]!] }));
    for (const stepsPerEpoch of [undefined, 7]) {
      const extra = stepsPerEpoch === undefined ? {} : { stepsPerEpoch };
      const whole = make();
      await whole.fit(batches, { epochs: 3, ...extra });
      const interrupted = make();
      const abort = new AbortController();
      let seen = 0;
      const callbacks = { onBatchEnd: () => void (++seen === 16 && abort.abort()) };
      await interrupted.fit(batches, { epochs: 3, ...extra, callbacks, signal: abort.signal });
      const resumed = reload(interrupted, interrupted.getTrainingState());
      await resumed.fit(batches, { epochs: 3, ...extra });
      expect(weightsOf(resumed)).toEqual(weightsOf(whole));
    }
  });

  test("only the next fit goes on; initialEpoch says otherwise", async () => {
    const model = make();
    await model.fit(x, y, { epochs: 3 });
    const state = model.getTrainingState();
    expect((await model.fit(x, y, { epochs: 2 })).epoch).toEqual([0, 1]);
    model.setTrainingState(state);
    expect((await model.fit(x, y, { epochs: 4 })).epoch).toEqual([0, 1, 2, 3]);
    expect(model.optimizer.iterations).toBe(4);
    model.setTrainingState(state);
    expect((await model.fit(x, y, { epochs: 2, initialEpoch: 1 })).epoch).toEqual([1]);
  });
});

test("early stopping goes on counting", async () => {
  const run = (model: Model, epochs: number, stop = earlyStopping({ monitor: "loss", patience: 3 })) =>
    model.fit([[1]], [[1]], { epochs, callbacks: stop });
  const constant = () => {
    resetLayerNames();
    const model = sequential([layers.dense({ units: 1, kernelInitializer: "zeros", inputShape: [1] })]);
    model.compile({ optimizer: "sgd", loss: "mse", learningRate: 0 });
    return model;
  };
  expect((await run(constant(), 20)).epoch).toHaveLength(4);
  const model = constant();
  await run(model, 2);
  const state = model.getTrainingState();
  const again = constant();
  again.setTrainingState({ tensors: state.tensors, values: JSON.parse(JSON.stringify(state.values)) });
  expect((await run(again, 20)).epoch).toHaveLength(4);
});

test("mistakes", () => {
  const unbuilt = sequential([layers.dense({ units: 1 })]);
  unbuilt.compile({ optimizer: "sgd", loss: "mse" });
  const state = make().getTrainingState();
  expect(() => unbuilt.setTrainingState(state)).toThrow(/must be built before/);
  expect(() => make().setTrainingState({ tensors: {}, values: {} })).toThrow(/not the state of a training/);
});
