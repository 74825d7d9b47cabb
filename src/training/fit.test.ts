import { beforeEach, describe, expect, test } from "vitest";
import { line, numbers, weightsOf } from "../../test/support/line.js";
import { layers } from "../layers/index.js";
import { resetLayerNames } from "../layers/layer.js";
import { regularizers } from "../layers/regularizers.js";
import { sequential } from "../model/sequential.js";
import { setSeed } from "../tensor/generator.js";
import { mean } from "../tensor/ops/reduce.js";
import { memory } from "../tensor/tensor.js";
import { host, provideHost } from "../util/host.js";
import { optimizers } from "./optimizers/index.js";

beforeEach(() => {
  resetLayerNames();
  setSeed(5);
});

describe("learning", () => {
  test("a sine from its last steps", async () => {
    const wave = Float32Array.from({ length: 80 }, (_, i) => Math.sin(i / 3));
    const x = Array.from({ length: 64 }, (_, i) => Array.from(wave.subarray(i, i + 8), (v) => [v]));
    const y = Array.from({ length: 64 }, (_, i) => [wave[i + 8]!]);
    const model = sequential([layers.gru({ units: 8, inputShape: [8, 1] }), layers.dense({ units: 1 })]);
    model.compile({ optimizer: "adam", loss: "meanSquaredError", learningRate: 0.02 });
    const { history } = await model.fit(x, y, { epochs: 40, batchSize: 16 });
    expect(history.loss!.at(-1)).toBeLessThan(0.005);
    expect(history.loss!.at(-1)).toBeLessThan(history.loss![0]! / 50);
  });

  test("parity of short strings", async () => {
    const x = Array.from({ length: 8 }, (_, i) => Array.from({ length: 3 }, (_, bit) => [(i >> bit) & 1]));
    const y = x.map((bits) => bits.reduce((sum, [bit]) => sum + bit!, 0) % 2);
    const model = sequential([
      layers.lstm({ units: 8, inputShape: [3, 1] }),
      layers.dense({ units: 1, activation: "sigmoid" }),
    ]);
    model.compile({ optimizer: "adam", loss: "binaryCrossentropy", metrics: ["accuracy"], learningRate: 0.05 });
    const { history } = await model.fit(x, y, { epochs: 100, batchSize: 8 });
    expect(history.accuracy!.at(-1)).toBe(1);
  });
});

describe("numbers", () => {
  test("one epoch is what can be worked out by hand", async () => {
    // w = b = 0. Batch {(1,2), (2,4)}: error -2, -4; loss (4+16)/2 = 10; dw = -2-8 = -10, db = -6 -> w = 1, b = 0.6.
    // Batch {(3,6)}: error 3.6-6 = -2.4; loss 5.76; dw = -14.4, db = -4.8 -> w = 2.44, b = 1.08.
    const model = line({ metrics: ["mae"] });
    const { history, epoch } = await model.fit(numbers(1, 2, 3), numbers(2, 4, 6), { batchSize: 2, shuffle: false });
    expect(weightsOf(model).flat()[0]).toBeCloseTo(2.44, 5);
    expect(weightsOf(model).flat()[1]).toBeCloseTo(1.08, 5);
    expect(epoch).toEqual([0]);
    // Means over examples, not over batches.
    expect(history.loss![0]).toBeCloseTo((10 * 2 + 5.76) / 3, 4);
    expect(history.mae![0]).toBeCloseTo((2 + 4 + 2.4) / 3, 5);
  });

  test("evaluation does not depend on the batch size", async () => {
    const model = line({ metrics: ["mae"] });
    model.setWeights([[[0.5]], [1]]);
    const x = numbers(1, 2, 3, 4, 5, 6, 7);
    const y = numbers(0, 4, 1, 1, 7, 3, 2);
    const whole = await model.evaluate(x, y, { batchSize: 7 });
    const parts = await model.evaluate(x, y, { batchSize: 3 });
    expect(parts.loss).toBeCloseTo(whole.loss!, 5);
    expect(parts.mae).toBeCloseTo(whole.mae!, 6);
    const errors = x.map(([v], i) => 0.5 * v! + 1 - y[i]![0]!);
    expect(whole.loss).toBeCloseTo(errors.reduce((s, e) => s + e * e, 0) / 7, 5);
  });

  test("loss and val_loss hold the penalties of regularized weights", async () => {
    const model = sequential([
      layers.dense({ units: 1, inputShape: [1], kernelRegularizer: regularizers.l2({ l2: 0.5 }) }),
    ]);
    model.compile({ optimizer: "sgd", loss: "mse", learningRate: 0 });
    model.setWeights([[[3]], [0]]);
    const { history } = await model.fit(numbers(1), numbers(3), { validationData: [numbers(2), numbers(6)] });
    // Both errors are 0; what is left is 0.5 · 3².
    expect(history.loss).toEqual([4.5]);
    expect(history.val_loss).toEqual([4.5]);
    expect((await model.evaluate(numbers(1), numbers(3))).loss).toBe(4.5);
    model.getLayer(0).trainable = false;
    expect((await model.evaluate(numbers(1), numbers(3))).loss).toBe(0);
  });

  test("sample weights scale the loss; weighted metrics count them, plain ones do not", async () => {
    const model = sequential([layers.dense({ units: 1, kernelInitializer: "zeros", inputShape: [1] })]);
    model.compile({ optimizer: "sgd", loss: "mse", learningRate: 0, metrics: ["mae"], weightedMetrics: ["mae"] });
    const logs = await model.evaluate(numbers(1, 1), numbers(2, 6), { sampleWeight: [3, 1] });
    expect(logs.loss).toBeCloseTo((3 * 4 + 36) / 2, 5);
    expect(logs.mae).toBeCloseTo(4, 5);
    expect(logs.weighted_mae).toBeCloseTo((3 * 2 + 6) / 4, 5);
  });

  test("trainOnBatch and testOnBatch are about that batch alone", async () => {
    const model = line();
    expect((await model.testOnBatch(numbers(1, 2), numbers(2, 4))).loss).toBeCloseTo(10, 5);
    expect((await model.trainOnBatch(numbers(1, 2), numbers(2, 4))).loss).toBeCloseTo(10, 5);
    expect(weightsOf(model).flat()[0]).toBeCloseTo(1, 5);
    expect((await model.testOnBatch(numbers(0), numbers(1))).loss).toBeCloseTo(0.16, 5);
  });

  test("a loss and a metric given as functions", async () => {
    const model = line();
    model.compile({
      optimizer: "sgd",
      loss: (yTrue, yPred) => mean(yPred.sub(yTrue).abs(), -1),
      metrics: [
        function bias(yTrue, yPred) {
          return mean(yPred.sub(yTrue), -1);
        },
      ],
    });
    const logs = await model.evaluate(numbers(1, 2), numbers(2, 4));
    expect([logs.loss, logs.bias]).toEqual([3, -3]);
  });
});

describe("order and reproducibility", () => {
  async function trained(seed: number): Promise<number[][]> {
    resetLayerNames();
    setSeed(seed);
    const model = sequential([
      layers.lstm({ units: 5, dropout: 0.2, recurrentDropout: 0.1, inputShape: [null, 2] }),
      layers.dropout({ rate: 0.3 }),
      layers.dense({ units: 1 }),
    ]);
    model.compile({ optimizer: "adam", loss: "mse" });
    const x = Array.from({ length: 11 }, (_, i) =>
      [
        [i, 1],
        [1, -i],
      ].map((step) => step.map((v) => v / 10)),
    );
    await model.fit(
      x,
      x.map((_, i) => [i / 10]),
      { epochs: 3, batchSize: 4 },
    );
    return weightsOf(model);
  }

  test("one seed, one result, bit for bit; another seed, another", async () => {
    const first = await trained(3);
    expect(await trained(3)).toEqual(first);
    expect(await trained(4)).not.toEqual(first);
  });

  test("every epoch sees every example once, in a new order", async () => {
    const model = line();
    model.compile({ optimizer: "sgd", loss: "mse", learningRate: 0 });
    const orders: number[][] = [];
    await model.fit(numbers(0, 1, 2, 3, 4, 5, 6, 7), numbers(0, 1, 2, 3, 4, 5, 6, 7), {
      batchSize: 1,
      epochs: 3,
      callbacks: {
        onEpochBegin: () => void orders.push([]),
        // With weight 0, the loss of an example is its target squared.
        onBatchEnd: (_batch, _logs, { batchLoss }) => void orders.at(-1)!.push(Math.sqrt(batchLoss)),
      },
    });
    expect(orders.map((order) => [...order].sort())).toEqual(orders.map(() => [0, 1, 2, 3, 4, 5, 6, 7]));
    expect(new Set(orders.map(String)).size).toBe(3);
  });

  test("validationSplit takes the end, before shuffling", async () => {
    const model = line();
    model.compile({ optimizer: "sgd", loss: "mse", learningRate: 0 });
    const { history } = await model.fit(numbers(0, 0, 0, 0), numbers(1, 1, 1, 5), { validationSplit: 0.25 });
    expect([history.loss, history.val_loss]).toEqual([[1], [25]]);
    await expect(model.fit(numbers(0), numbers(1), { validationSplit: 0.5 })).rejects.toThrow(/examples on both sides/);
  });
});

describe("stopping", () => {
  test("a signal ends after the running batch, and what there is comes back", async () => {
    const model = line();
    const abort = new AbortController();
    const calls: string[] = [];
    const result = await model.fit(numbers(1, 2, 3), numbers(1, 2, 3), {
      batchSize: 1,
      epochs: 5,
      signal: abort.signal,
      callbacks: {
        onBatchEnd: (batch) => {
          if (calls.length === 1 && batch === 1) abort.abort();
        },
        onEpochEnd: (epoch) => void calls.push(`epoch ${epoch}`),
        onTrainEnd: () => void calls.push("end"),
      },
    });
    expect(result.aborted).toBe(true);
    expect(result.epoch).toEqual([0]);
    expect(calls).toEqual(["epoch 0", "end"]);
    expect(model.optimizer.iterations).toBe(5);
    expect((await model.fit(numbers(1), numbers(1), { signal: abort.signal })).epoch).toEqual([]);
  });

  test("a timer can abort: long training lets others run", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 5);
    const result = await line().fit(numbers(1), numbers(1), { epochs: 1e9, signal: abort.signal });
    expect(result.aborted).toBe(true);
  });

  test("stop() in a callback ends the epoch properly", async () => {
    const model = line();
    const { epoch, history, aborted } = await model.fit(numbers(1, 2), numbers(1, 2), {
      batchSize: 1,
      epochs: 3,
      validationData: [numbers(1), numbers(1)],
      callbacks: { onBatchEnd: (_batch, _logs, context) => context.stop() },
    });
    expect([epoch, history.val_loss!.length, aborted, model.optimizer.iterations]).toEqual([[0], 1, false, 1]);
  });

  test("stopTraining on the model does the same", async () => {
    const model = line();
    const hooks = { onEpochEnd: () => void (model.stopTraining = true) };
    expect((await model.fit(numbers(1), numbers(1), { epochs: 3, callbacks: hooks })).epoch).toEqual([0]);
    expect((await model.fit(numbers(1), numbers(1), { epochs: 2 })).epoch).toEqual([0, 1]);
  });

  test("evaluate rejects when aborted", async () => {
    const signal = AbortSignal.abort();
    await expect(line().evaluate(numbers(1), numbers(1), { signal })).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("callbacks", () => {
  test("are called in order, asynchronous ones awaited", async () => {
    const calls: string[] = [];
    const note = (name: string) => async (n?: unknown) => {
      await Promise.resolve();
      calls.push(typeof n === "number" ? `${name} ${n}` : name);
    };
    await line().fit(numbers(1, 2), numbers(1, 2), {
      batchSize: 1,
      initialEpoch: 1,
      epochs: 2,
      callbacks: {
        onTrainBegin: note("begin"),
        onEpochBegin: note("epoch"),
        onBatchBegin: note("batch"),
        onBatchEnd: note("batch done"),
        onEpochEnd: note("epoch done"),
        onTrainEnd: note("end"),
      },
    });
    expect(calls).toEqual([
      "begin",
      "epoch 1",
      "batch 0",
      "batch done 0",
      "batch 1",
      "batch done 1",
      "epoch done 1",
      "end",
    ]);
  });

  test("evaluating in between leaves the running means alone", async () => {
    const run = async (evaluates: boolean) => {
      const model = line();
      const { history } = await model.fit(numbers(1, 2, 3), numbers(3, 1, 2), {
        batchSize: 1,
        shuffle: false,
        callbacks: {
          onBatchEnd: async () => {
            if (evaluates) await model.evaluate(numbers(9), numbers(1));
          },
        },
      });
      return history.loss;
    };
    expect(await run(true)).toEqual(await run(false));
  });

  test("misspelt hooks are errors", async () => {
    const training = line().fit(numbers(1), numbers(1), { callbacks: { onEpochEnds: () => {} } as never });
    await expect(training).rejects.toThrow(/did you mean "onEpochEnd"/);
  });

  test("verbose prints one line per epoch", async () => {
    const before = host();
    const lines: string[] = [];
    provideHost({ ...before, now: () => 0, print: (text) => lines.push(text) });
    try {
      await line().fit(numbers(1), numbers(2), { epochs: 2, verbose: 1 });
    } finally {
      provideHost(before);
    }
    expect(lines).toEqual(["Epoch 1/2  0.0 s  loss 4", "Epoch 2/2  0.0 s  loss 1.44"]);
  });
});

test('batchSize "all" makes one update of all examples per epoch', async () => {
  const [whole, batch] = [line(), line()];
  const [x, y] = [numbers(...Array.from({ length: 40 }, (_, i) => i / 40)), numbers(...Array(40).fill(1))];
  await whole.fit(x, y, { batchSize: "all", epochs: 3, validationSplit: 0.25, shuffle: false });
  await batch.fit(x.slice(0, 30), y.slice(0, 30), { batchSize: 30, epochs: 3, shuffle: false });
  expect(whole.optimizer.iterations).toBe(3);
  expect(weightsOf(whole)).toEqual(weightsOf(batch));
  await expect(whole.fit(x, y, { batchSize: "half" as never })).rejects.toThrow(/batchSize/);
});

test("with useEma training ends with the moving averages as weights", async () => {
  const model = sequential([layers.dense({ units: 1, useBias: false, kernelInitializer: "zeros", inputShape: [1] })]);
  const optimizer = optimizers.sgd({ learningRate: 1, useEma: true, emaMomentum: 0.5 });
  model.compile({ optimizer, loss: "mae" });
  const seen: number[] = [];
  // The gradient is -1 as long as the weight is below 10.
  await model.fit([[1]], [[10]], {
    epochs: 2,
    callbacks: { onEpochEnd: () => void seen.push(model.weights[0]!.item()) },
  });
  expect([...seen, model.weights[0]!.item()]).toEqual([1, 2, 1.5]);
});

test("memory stays flat over ten thousand steps", async () => {
  const model = sequential([
    layers.embedding({ inputDim: 4, outputDim: 2, maskZero: true, inputShape: [3] }),
    layers.simpleRNN({ units: 2, kernelRegularizer: "l2" }),
    layers.dense({ units: 2, activation: "softmax" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"], globalClipNorm: 1 });
  const x = [
    [1, 2, 0],
    [3, 1, 2],
    [2, 0, 0],
    [1, 1, 3],
    [3, 0, 0],
    [2, 2, 2],
    [1, 0, 0],
  ];
  const y = [0, 1, 0, 1, 1, 0, 1];
  await model.fit(x, y, { batchSize: 2, epochs: 2, validationData: [x, y] });
  const before = memory();
  await model.fit(x, y, { batchSize: 2, epochs: 2500, validationData: [x, y] });
  expect(model.optimizer.iterations).toBe(10_008);
  const after = memory();
  // What earlier tests left to the garbage collector may be gone by now.
  expect(after.tensors).toBeLessThanOrEqual(before.tensors);
  expect(after.bytes).toBeLessThanOrEqual(before.bytes);
  expect(after.reserved).toBe(before.reserved);
}, 120_000);
