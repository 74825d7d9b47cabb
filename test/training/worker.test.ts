import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import {
  callbacks,
  type FitOptions,
  input,
  Layer,
  layers,
  type Model,
  model,
  mul,
  optimizers,
  sequential,
  setSeed,
  tensor,
  timeSeriesWindows,
} from "../../src/index.js";
import { numbersLike } from "../support/sine.js";

const x = tensor(numbersLike(24 * 5 * 2, 0.1), [24, 5, 2]);
const y = tensor(numbersLike(24, 0.9), [24, 1]);

function make(units = 1): Model {
  setSeed(3);
  const model = sequential([
    layers.gru({ units: 4, dropout: 0.2, name: "gru", inputShape: [null, 2] }),
    layers.dense({ units, name: "out" }),
  ]);
  model.compile({ optimizer: optimizers.adam({ learningRate: 0.02 }), loss: "mse", metrics: ["mae"] });
  return model;
}

const weightsOf = (model: Model) => model.getWeights().map((w) => [...w.dataSync()]);

describe("fit in a worker", () => {
  test("gives the bits of fit, and the state to go on with", async () => {
    const options: FitOptions = { epochs: 3, batchSize: 8, validationSplit: 0.25 };
    const [here, there] = [make(), make()];
    const expected = await here.fit(x, y, options);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const history = await there.fit(x, y, { ...options, worker: true });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
    expect(history).toEqual(expected);
    expect(weightsOf(there)).toEqual(weightsOf(here));
    expect(there.optimizer.iterations).toBe(here.optimizer.iterations);
    // A second training, here, goes on from the same optimizer and generators.
    await here.fit(x, y, { epochs: 1 });
    await there.fit(x, y, { epochs: 1 });
    expect(weightsOf(there)).toEqual(weightsOf(here));
  });

  test("callbacks run here: they see the weights, change the rate, stop", async () => {
    const seen: string[] = [];
    const weights: number[][][] = [];
    const run = async (worker: boolean) => {
      const model = make();
      const watch = {
        onTrainBegin: () => void seen.push("begin"),
        onBatchEnd: (batch: number) => void seen.push(`batch ${batch}`),
        onEpochEnd: (epoch: number, logs: Readonly<Record<string, number>>) => {
          seen.push(`epoch ${epoch} ${logs.loss}`);
          weights.push(weightsOf(model));
        },
        onTrainEnd: () => void seen.push("end"),
      };
      const rate = callbacks.learningRateScheduler((epoch) => 0.02 / (epoch + 1));
      const stop = callbacks.earlyStopping({ monitor: "loss", baseline: -1, patience: 2, restoreBestWeights: true });
      await model.fit(x, y, { epochs: 9, batchSize: 12, worker, callbacks: [watch, rate, stop] });
      return [seen.splice(0), weights.splice(0), weightsOf(model), model.optimizer.learningRate];
    };
    const here = await run(false);
    expect(await run(true)).toEqual(here);
    expect((here[0] as string[]).length).toBeLessThan(9 * 3);
  });

  test("abort ends it after the running batch", async () => {
    const model = make();
    const stop = new AbortController();
    const history = await model.fit(x, y, {
      epochs: 1000,
      worker: true,
      signal: stop.signal,
      callbacks: { onEpochEnd: (epoch) => (epoch === 1 ? stop.abort() : undefined) },
    });
    expect(history.aborted).toBe(true);
    expect(history.epoch.length).toBeLessThan(1000);
    expect(weightsOf(model)).not.toEqual(weightsOf(make()));
  });

  test("windows that overlap, and a checkpoint that goes on", async () => {
    const windows = timeSeriesWindows(tensor(numbersLike(80, 0.3), [40, 2]), { length: 5 });
    const [model, twin] = [make(2), make(2)];
    const options = { epochs: 2, batchSize: 10 };
    await model.fit(windows.x, windows.y, options);
    await twin.fit(windows.x, windows.y, { ...options, worker: true });
    expect(weightsOf(twin)).toEqual(weightsOf(model));
  });

  test("several inputs and outputs, weights of examples and classes, validation data", async () => {
    const two = () => {
      setSeed(2);
      const [a, b] = [input({ shape: [null, 2], name: "a" }), input({ shape: [3], name: "b" })];
      const h = layers.gru({ units: 3, name: "gru" }).apply(a);
      const both = layers.concatenate({ name: "joined" }).apply([h, b]);
      const outputs = [
        layers.dense({ units: 1, name: "p" }).apply(both),
        layers.dense({ units: 1, name: "q" }).apply(both),
      ];
      const made = model({ inputs: [a, b], outputs });
      made.compile({ optimizer: "adam", loss: ["mse", "mae"], weightedMetrics: [["mae"], []] });
      return made;
    };
    const inputs = { a: x, b: tensor(numbersLike(72, 0.4), [24, 3]) };
    const targets = { p: y, q: y };
    const sampleWeight = { p: tensor(numbersLike(24, 0.2), [24]).abs(), q: null };
    const options = { epochs: 2, sampleWeight, validationData: { x: inputs, y: targets, sampleWeight } };
    const [here, there] = [two(), two()];
    const expected = await here.fit(inputs, targets, options);
    expect(await there.fit(inputs, targets, { ...options, worker: true })).toEqual(expected);
    expect(Object.keys(expected.history)).toContain("val_p_mae");
    const [plain, twin] = [make(), make()];
    const weighted = { sampleWeight: sampleWeight.p, validationData: [x, y] } as const;
    expect(await twin.fit(x, y, { ...weighted, worker: true })).toEqual(await plain.fit(x, y, weighted));
  });

  test("classes of one's own come from a module", async () => {
    const { doublerOf } = await import("./doubler-of.mjs" as string);
    setSeed(1);
    const model = sequential([new (doublerOf(Layer))({ inputShape: [2] }), layers.dense({ units: 1 })]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const data = [tensor(numbersLike(8, 0.1), [4, 2]), tensor(numbersLike(4, 0.5), [4, 1])] as const;
    await expect(model.fit(...data, { worker: true })).rejects.toThrow(/unknown layer "Doubler"/);
    const modules = [pathToFileURL(fileURLToPath(new URL("./doubler.mjs", import.meta.url))).href];
    const { history } = await model.fit(...data, { epochs: 2, worker: { modules } });
    expect(history.loss![1]).toBeLessThan(history.loss![0]!);
  }, 60_000);

  test("mistakes", async () => {
    await expect(make().fit([{ x, y }], { worker: true })).rejects.toThrow(/takes arrays/);
    await expect(make().fit(x, y, { worker: { module: [] } as never })).rejects.toThrow(/did you mean "modules"/);
    const lambda = sequential([
      layers.lambda({ function: (t) => mul(t, 2), inputShape: [5, 2] }),
      layers.flatten(),
      layers.dense({ units: 1 }),
    ]);
    lambda.compile({ optimizer: "sgd", loss: "mse" });
    await expect(lambda.fit(x, y, { worker: true })).rejects.toThrow(
      /cannot be sent to a worker[\s\S]*modules: \[url\]/,
    );
    const wild = make();
    await expect(wild.fit(x, tensor(new Float32Array(24).fill(1e30), [24, 1]), { worker: true })).rejects.toMatchObject(
      {
        code: "nonFinite",
        message: expect.stringMatching(/the loss is Infinity/),
      },
    );
    const nan = callbacks.terminateOnNaN();
    const print = console.log;
    console.log = () => {};
    try {
      await wild.fit(x, tensor(new Float32Array(24).fill(1e30), [24, 1]), { worker: true, callbacks: nan });
    } finally {
      console.log = print;
    }
    expect(nan.error?.code).toBe("nonFinite");
  });
});

test("the worker's program has been built", () => {
  expect(existsSync(new URL("../../dist/entry/worker-node.js", import.meta.url))).toBe(true);
});
