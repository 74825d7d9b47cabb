import { beforeEach, describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/golden.js";
import { layers } from "../layers/index.js";
import { resetLayerNames } from "../layers/layer.js";
import { type Sequential, sequential } from "../model/sequential.js";
import { setSeed } from "../tensor/generator.js";
import { memory } from "../tensor/tensor.js";

beforeEach(() => {
  resetLayerNames();
  setSeed(2);
});

type Kind = "lstm" | "gru" | "simpleRNN";

function model(options: { kind?: Kind; stateful?: boolean; learningRate?: number } = {}): Sequential {
  const { kind = "lstm", stateful = false, learningRate = 0.1 } = options;
  resetLayerNames();
  setSeed(2);
  const made = sequential([
    layers[kind]({ units: 3, returnSequences: true, stateful, inputShape: [null, 1] }),
    layers.dense({ units: 1 }),
  ]);
  made.compile({ optimizer: "sgd", loss: "mse", learningRate });
  return made;
}
const weightsOf = (m: Sequential) => m.weights.flatMap((w) => [...w.dataSync()]);

/** [examples, steps, 1] */
const wave = (examples: number, steps: number, phase = 0) =>
  Array.from({ length: examples }, (_, i) => Array.from({ length: steps }, (_, t) => [Math.sin(i + phase + t / 2)]));
const window = (data: number[][][], from: number, to: number) => data.map((row) => row.slice(from, to));

describe("stateful models", () => {
  const x = wave(2, 8);
  const y = wave(2, 8, 1);
  // Rows 0 and 1 of every batch go on in rows 0 and 1 of the next.
  const windows = (data: number[][][]) => [0, 2, 4, 6].flatMap((t) => window(data, t, t + 2));

  test("windows in turn see what the whole sequence would have shown", async () => {
    const whole = await model().evaluate(x, y);
    const parts = await model({ stateful: true }).evaluate(windows(x), windows(y), { batchSize: 2 });
    expect(parts.loss).toBeCloseTo(whole.loss!, 6);
    const forgetful = await model().evaluate(windows(x), windows(y), { batchSize: 2 });
    expect(Math.abs(forgetful.loss! - whole.loss!)).toBeGreaterThan(1e-3);
  });

  test("keep their order and start every epoch anew", async () => {
    const losses: number[] = [];
    const m = model({ stateful: true, learningRate: 0 });
    await m.fit(windows(x), windows(y), {
      epochs: 2,
      batchSize: 2,
      callbacks: { onBatchEnd: (_b, _l, { batchLoss }) => void losses.push(batchLoss) },
    });
    expect(losses.slice(4)).toEqual(losses.slice(0, 4));
    expect(new Set(losses).size).toBe(4);
  });

  test("validation in between does not touch the states of training", async () => {
    const run = async (validates: boolean) => {
      const m = model({ stateful: true });
      const each = async () => {
        // A batch of another size, even.
        if (validates) await m.evaluate(wave(3, 2), wave(3, 2), { batchSize: 3 });
      };
      const options = validates ? { validationData: [windows(y), windows(x)] as const } : {};
      await m.fit(windows(x), windows(y), { epochs: 3, batchSize: 2, callbacks: { onBatchEnd: each }, ...options });
      return weightsOf(m);
    };
    expect(await run(true)).toEqual(await run(false));
  });

  test("evaluation starts from the beginning every time", async () => {
    const m = model({ stateful: true });
    const first = await m.evaluate(windows(x), windows(y), { batchSize: 2 });
    expect(await m.evaluate(windows(x), windows(y), { batchSize: 2 })).toEqual(first);
  });

  test("a last batch of another size is refused before anything is trained", async () => {
    const m = model({ stateful: true });
    await expect(m.fit(wave(5, 2), wave(5, 2), { batchSize: 2 })).rejects.toThrow(
      /batches of one size[\s\S]*5 examples in batches of 2/,
    );
    expect(m.optimizer.iterations).toBe(0);
  });

  test("states do not pile up in memory", async () => {
    const m = model({ stateful: true });
    await m.fit(windows(x), windows(y), { batchSize: 2 });
    const before = memory();
    await m.fit(windows(x), windows(y), { batchSize: 2, epochs: 20 });
    // What earlier tests left to the garbage collector may be gone by now.
    expect(memory().tensors).toBeLessThanOrEqual(before.tensors);
    expect(memory().bytes).toBeLessThanOrEqual(before.bytes);
  });
});

describe("truncate", () => {
  const x = wave(5, 7);
  const y = wave(5, 7, 1);

  test.each(["lstm", "gru", "simpleRNN"] as const)("%s: windows carry the states", async (kind) => {
    const whole = await model({ kind }).evaluate(x, y);
    const m = model({ kind, learningRate: 0 });
    // The last window and the last batch are shorter.
    const { history } = await m.fit(x, y, { truncate: { steps: 3 }, batchSize: 2, shuffle: false });
    expect(history.loss![0]).toBeCloseTo(whole.loss!, 6);
    expect(m.optimizer.iterations).toBe(9);
  });

  test("a window as long as the sequence is ordinary training", async () => {
    const [ordinary, truncated] = [model(), model()];
    await ordinary.fit(x, y, { epochs: 2, batchSize: 2 });
    await truncated.fit(x, y, { epochs: 2, batchSize: 2, truncate: { steps: 7 } });
    expect(weightsOf(truncated)).toEqual(weightsOf(ordinary));
  });

  test("updates are those of a stateful model fed window by window", async () => {
    const truncated = model();
    await truncated.fit(x, y, { batchSize: 5, shuffle: false, truncate: { steps: 3 } });
    const stateful = model({ stateful: true });
    for (const [from, to] of [
      [0, 3],
      [3, 6],
      [6, 7],
    ] as const) {
      await stateful.trainOnBatch(window(x, from, to), window(y, from, to));
    }
    expectClose(weightsOf(truncated), weightsOf(stateful), 1e-6);
  });

  test("afterwards the layers are as before", async () => {
    const m = model();
    const before = memory().tensors;
    await m.fit(x, y, { truncate: { steps: 3 } });
    expect(memory().tensors).toBeLessThanOrEqual(before);
    expect(m.stateful).toBe(false);
    expect(m.predict(x).dataSync()).toEqual(m.predict(x).dataSync());
  });

  test("sample weights by step are cut with the windows, by example they stay", async () => {
    const m = model({ learningRate: 0 });
    const ones = x.map((row) => row.map(() => 1));
    const plain = await m.fit(x, y, { truncate: { steps: 3 }, shuffle: false });
    const byStep = await m.fit(x, y, { truncate: { steps: 3 }, shuffle: false, sampleWeight: ones });
    const byRow = await m.fit(x, y, { truncate: { steps: 3 }, shuffle: false, sampleWeight: [1, 1, 1, 1, 1] });
    expect(byStep.history.loss![0]).toBeCloseTo(plain.history.loss![0]!, 6);
    expect(byRow.history.loss![0]).toBeCloseTo(plain.history.loss![0]!, 6);
  });

  test("what cannot be cut into windows", async () => {
    const truncate = { steps: 3 };
    await expect(model().fit(x, [[1], [2], [3], [4], [5]], { truncate })).rejects.toThrow(/target for every time step/);
    await expect(model().fit(x, y, { truncate: { step: 3 } as never })).rejects.toThrow(/did you mean "steps"/);
    await expect(model().fit(x, y, { truncate: { steps: 0 } })).rejects.toThrow(/at least 1/);
    const last = sequential([layers.lstm({ units: 1, inputShape: [null, 1] })]);
    last.compile({ optimizer: "sgd", loss: "mse" });
    // @ts-expect-error The compiler knows as well.
    await expect(last.fit(x, y, { truncate })).rejects.toThrow(/\(lstm_?\d*\)[\s\S]*returnSequences: true/);
    const both = sequential([
      layers.bidirectional({ layer: layers.lstm({ units: 1, returnSequences: true }), inputShape: [null, 1] }),
    ]);
    both.compile({ optimizer: "sgd", loss: "mse" });
    await expect(both.fit(x, y, { truncate })).rejects.toThrow(/bidirectional/);
  });
});
