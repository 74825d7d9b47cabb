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

  test("callbacks change the rate of optimizers around others too", async () => {
    const kinds = [
      () => optimizers.lossScale({ innerOptimizer: optimizers.adam({ learningRate: 0.02 }) }),
      () =>
        optimizers.groups({
          groups: [{ match: ["bias"], optimizer: optimizers.sgd() }],
          rest: optimizers.adam({ learningRate: 0.02 }),
        }),
    ];
    for (const optimizer of kinds) {
      const run = async (worker: boolean) => {
        const model = make();
        model.compile({ optimizer: optimizer(), loss: "mse" });
        const rate = callbacks.learningRateScheduler((epoch) => 0.02 / (epoch + 1));
        await model.fit(x, y, { epochs: 3, worker, callbacks: rate });
        return [weightsOf(model), model.optimizer.learningRate, model.optimizer.lossScale];
      };
      expect(await run(true)).toEqual(await run(false));
    }
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

  describe("datasets", () => {
    const batchOf = (k: number) => ({ x: tensor(numbersLike(40, k), [4, 5, 2]), y: tensor(numbersLike(4, k), [4, 1]) });
    /** Batches of the numbers given; counts what is made and whether it was ended properly. */
    const source = (count: number) => {
      const log = { made: 0, passes: 0, closed: 0 };
      async function* dataset() {
        log.passes++;
        try {
          for (let k = 0; k < count; k++) {
            log.made++;
            await new Promise((resolve) => setTimeout(resolve, 1));
            yield batchOf(k);
          }
        } finally {
          log.closed++;
        }
      }
      return { dataset, log };
    };
    const unbuilt = () => {
      setSeed(3);
      const made = sequential([layers.gru({ units: 4, name: "gru" }), layers.dense({ units: 1, name: "out" })]);
      made.compile({ optimizer: optimizers.adam({ learningRate: 0.02 }), loss: "mse", metrics: ["mae"] });
      return made;
    };

    test.each(["built", "not built yet"])("give the bits of fit, also for validation: a model %s", async (kind) => {
      const here = kind === "built" ? make() : unbuilt();
      const [a, b] = [source(5), source(5)];
      const validation = [batchOf(7), batchOf(8)];
      const batches: (number | undefined)[] = [];
      const expected = await here.fit(a.dataset, { epochs: 3, validationData: validation });
      const there = kind === "built" ? make() : unbuilt();
      const history = await there.fit(b.dataset, {
        epochs: 3,
        validationData: function* () {
          yield* validation;
        },
        worker: true,
        callbacks: { onBatchEnd: (_batch, _logs, context) => void batches.push(context.batches) },
      });
      expect(history).toEqual(expected);
      expect(weightsOf(there)).toEqual(weightsOf(here));
      expect(b.log).toEqual({ made: 15, passes: 3, closed: 3 });
      expect(batches).toHaveLength(15);
    });

    test("go on through epochs of so many steps; arrays validate; weights of examples count", async () => {
      const weighted = [0, 1, 2].map((k) => ({ ...batchOf(k), sampleWeight: tensor([1, 0.5, 2, 1]) }));
      const options = { epochs: 4, stepsPerEpoch: 2, validationData: [x, y] } as const;
      const [here, there] = [make(), make()];
      const expected = await here.fit(weighted, options);
      expect(await there.fit(weighted, { ...options, worker: true })).toEqual(expected);
      expect(weightsOf(there)).toEqual(weightsOf(here));
    });

    test("are asked for one batch ahead, no more", async () => {
      const { dataset, log } = source(20);
      const ahead: number[] = [];
      await make().fit(dataset, {
        worker: true,
        callbacks: {
          onBatchEnd: async (batch) => {
            await new Promise((resolve) => setTimeout(resolve, 10));
            ahead.push(log.made - (batch + 1));
          },
        },
      });
      expect(log.made).toBe(20);
      expect(Math.max(...ahead)).toBeLessThanOrEqual(1);
    });

    test("are closed when training stops in the middle", async () => {
      const { dataset, log } = source(1000);
      const model = make();
      const stop = { onBatchEnd: (batch: number) => void (batch === 2 && (model.stopTraining = true)) };
      const { epoch } = await model.fit(dataset, { worker: true, callbacks: stop });
      expect(epoch).toEqual([0]);
      expect(log.made).toBeLessThanOrEqual(5);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(log.closed).toBe(1);
    });

    test.each([true, false])("that never answer do not hold up an abort (worker: %s)", async (worker) => {
      const model = make();
      const stop = new AbortController();
      async function* stuck() {
        yield batchOf(1);
        await new Promise(() => {});
        yield batchOf(2);
      }
      const callbacks = { onBatchEnd: () => void setTimeout(() => stop.abort(), 20) };
      const history = await model.fit(stuck, { worker, signal: stop.signal, callbacks });
      expect(history).toMatchObject({ aborted: true, epoch: [] });
      expect(model.optimizer.iterations).toBe(1);
      const before = new AbortController();
      const waiting = unbuilt().fit(
        async function* () {
          await new Promise(() => {});
        },
        { worker, signal: before.signal },
      );
      setTimeout(() => before.abort(), 20);
      expect((await waiting).aborted).toBe(true);
      const validating = new AbortController();
      const validation = make().fit([batchOf(1)], { worker, signal: validating.signal, validationData: stuck });
      setTimeout(() => validating.abort(), 300);
      expect((await validation).aborted).toBe(true);
    });

    test("their errors arrive as they are", async () => {
      class Mine extends Error {}
      async function* failing() {
        yield batchOf(1);
        throw new Mine("the disk is gone");
      }
      await expect(make().fit(failing, { worker: true })).rejects.toThrow(Mine);
      await expect(make().fit([batchOf(1)], { worker: true, validationData: failing })).rejects.toThrow(Mine);
      await expect(make().fit([{ x }] as never, { worker: true })).rejects.toThrow(/no targets/);
      await expect(make().fit([batchOf(1), { y }] as never, { worker: true })).rejects.toThrow(
        /batch 1 of the dataset: this is not a batch/,
      );
      const { dataset, log } = source(3);
      const begin = { onTrainBegin: () => Promise.reject(new Mine("not today")) };
      await expect(unbuilt().fit(dataset, { worker: true, callbacks: begin })).rejects.toThrow(Mine);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(log).toEqual({ made: 1, passes: 1, closed: 1 });
      for (const made of [make(), unbuilt()]) {
        await expect(made.fit(() => [], { worker: true })).rejects.toThrow(/gave no batches/);
      }
    });
  });

  test("mistakes", async () => {
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
