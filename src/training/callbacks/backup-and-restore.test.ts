import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { numbersLike } from "../../../test/support/sine.js";
import { callbacks, layers, type Model, mul, optimizers, sequential, setSeed, tensor } from "../../index.js";
import type { Callback } from "../callbacks.js";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rondo-backup-"));
  path = join(folder, "run.backup");
});
afterEach(() => rm(folder, { recursive: true }));

const x = tensor(numbersLike(10 * 4 * 2, 0.1), [10, 4, 2]);
const y = tensor(numbersLike(10, 0.9), [10, 1]);

/** The model as a program makes it at every start; it holds a function, which no file can. */
function make(): Model {
  setSeed(3);
  const model = sequential([
    layers.gru({ units: 4, name: "gru", recurrentDropout: 0.2 }),
    layers.lambda({ function: (t) => mul(t, 2), name: "twice" }),
    layers.dropout({ rate: 0.3, name: "dropout" }),
    layers.dense({ units: 1, name: "dense" }),
  ]);
  model.compile({ optimizer: optimizers.adam({ learningRate: 0.02 }), loss: "mse", metrics: ["mae"] });
  return model;
}

const crash = (hook: "onBatchEnd" | "onEpochEnd", after: number): Callback => {
  let count = 0;
  return {
    [hook]: () => {
      if (++count === after) throw new Error("power cut");
    },
  };
};

describe("a training that crashes", () => {
  test.each([
    ["in the middle of an epoch", { saveFreq: 3 }, crash("onBatchEnd", 9)],
    ["between epochs", {}, crash("onEpochEnd", 2)],
    ["before the first backup", {}, crash("onBatchEnd", 2)],
  ] as const)("%s ends with the same bits after a restart", async (_, options, cut) => {
    const trained = (model: Model, extra: readonly Callback[]) => {
      const backup = callbacks.backupAndRestore(path, options);
      return model.fit(x, y, {
        epochs: 4,
        batchSize: 2,
        callbacks: [backup, callbacks.earlyStopping({ monitor: "loss", patience: 9 }), ...extra],
      });
    };
    const whole = make();
    const expected = await whole.fit(x, y, { epochs: 4, batchSize: 2 });
    await expect(trained(make(), [cut])).rejects.toThrow("power cut");
    const again = make();
    const history = await trained(again, []);
    expect(history.history).toEqual(expected.history);
    again.getWeights().forEach((w, i) => {
      expect(w.dataSync()).toEqual(whole.getWeights()[i]!.dataSync());
    });
    expect(existsSync(path)).toBe(false);
  });
});

test("an aborted training keeps its backup; deleteCheckpoint: false keeps it always", async () => {
  const stop = new AbortController();
  const aborting = { onEpochEnd: () => stop.abort() };
  const backup = callbacks.backupAndRestore(path);
  await make().fit(x, y, { epochs: 3, callbacks: [backup, aborting], signal: stop.signal });
  expect(existsSync(path)).toBe(true);
  const keep = callbacks.backupAndRestore(path, { deleteCheckpoint: false });
  const { epoch } = await make().fit(x, y, { epochs: 3, callbacks: keep });
  expect(epoch).toEqual([0, 1, 2]);
  expect([keep.restored, existsSync(path)]).toEqual([true, true]);
  // All is done already: nothing is trained again.
  const done = make();
  expect((await done.fit(x, y, { epochs: 3, callbacks: keep })).epoch).toEqual([0, 1, 2]);
});

test("the backup of another model is refused, and weights stay", async () => {
  const stop = new AbortController();
  await make().fit(x, y, {
    callbacks: [callbacks.backupAndRestore(path), { onEpochEnd: () => stop.abort() }],
    signal: stop.signal,
  });
  const other = sequential([layers.gru({ units: 3, name: "gru", inputShape: [4, 2] }), layers.dense({ units: 1 })]);
  other.compile({ optimizer: "adam", loss: "mse" });
  const before = other.getWeights().map((w) => w.dataSync());
  await expect(other.fit(x, y, { callbacks: callbacks.backupAndRestore(path) })).rejects.toThrow(
    /another model's training[\s\S]*gru\/kernel \[2, 12\]/,
  );
  expect(other.getWeights().map((w) => w.dataSync())).toEqual(before);
  await other.save(path);
  await expect(other.fit(x, y, { callbacks: callbacks.backupAndRestore(path) })).rejects.toThrow(/not the backup/);
  expect(() => callbacks.backupAndRestore(path, { saveFreq: 0 })).toThrow(/saveFreq/);
});

test("validationFreq: every so many epochs, or those listed", async () => {
  const trained = async (validationFreq: number | readonly number[]) =>
    (await make().fit(x, y, { epochs: 5, validationSplit: 0.2, validationFreq })).history.val_loss!.length;
  expect(await trained(2)).toBe(2);
  expect(await trained([1, 3, 5])).toBe(3);
  await expect(trained(0)).rejects.toThrow(/validationFreq/);
  await expect(trained([1.5])).rejects.toThrow(/validationFreq/);
});
