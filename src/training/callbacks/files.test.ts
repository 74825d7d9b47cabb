import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { line } from "../../../test/support/line.js";
import { loadModel } from "../../formats/model-file.js";
import { resetLayerNames } from "../../layers/layer.js";
import { host, provideHost } from "../../util/host.js";
import type { Callback } from "../callbacks.js";
import { callbacks } from "./index.js";

let folder: string;
beforeEach(async () => {
  resetLayerNames();
  folder = await mkdtemp(join(tmpdir(), "rondo-callbacks-"));
});
afterEach(() => rm(folder, { recursive: true }));

const text = (name: string) => readFile(join(folder, name), "utf8");

/** Trains so that the loss of epoch e is losses[e], and the saved weight too. */
async function train(losses: readonly number[], watching: Callback | Callback[], model = line({ loss: "mae" })) {
  model.optimizer.learningRate = 0;
  const set = { onEpochBegin: (epoch: number) => model.setWeights([[[losses[epoch]!]], [0]]) };
  await model.fit([[1]], [[0]], { epochs: losses.length, callbacks: [set, ...[watching].flat()] });
  return model;
}

describe("modelCheckpoint", () => {
  test("keeps the best model only", async () => {
    const path = join(folder, "best.safetensors");
    const checkpoint = callbacks.modelCheckpoint(path, { monitor: "loss", saveBestOnly: true });
    await train([3, 1, 2], checkpoint);
    expect((await loadModel(path)).weights[0]!.item()).toBe(1);
    expect(checkpoint.best).toBe(1);
  });

  test("of larger values with mode max; nothing before the threshold is passed", async () => {
    const options = { monitor: "loss", saveBestOnly: true, mode: "max" } as const;
    const path = join(folder, "max.safetensors");
    await train([3, 5, 2], callbacks.modelCheckpoint(path, options));
    expect((await loadModel(path)).weights[0]!.item()).toBe(5);
    const never = join(folder, "never.safetensors");
    await train([3, 5, 2], callbacks.modelCheckpoint(never, { ...options, initialValueThreshold: 6 }));
    expect(await readdir(folder)).toEqual(["max.safetensors"]);
  });

  test("file names with values", async () => {
    await train([3, 0.25], callbacks.modelCheckpoint(join(folder, "m-{epoch:03d}-{loss:.2f}-{epoch}")));
    expect((await readdir(folder)).sort()).toEqual(["m-001-3.00-1", "m-002-0.25-2"]);
    const wrong = callbacks.modelCheckpoint(join(folder, "m-{los}"));
    await expect(train([1], wrong)).rejects.toThrow(/no value \{los\}[\s\S]*epoch, loss/);
  });

  test("every so many batches, across epochs", async () => {
    const model = line();
    const saved: number[] = [];
    model.save = async () => void saved.push(model.optimizer.iterations);
    const examples = [[1], [1], [1]];
    const checkpoint = callbacks.modelCheckpoint("m", { saveFreq: 2 });
    await model.fit(examples, examples, { batchSize: 1, epochs: 2, callbacks: checkpoint });
    expect(saved).toEqual([2, 4, 6]);
  });

  test("with the training's state training goes on exactly", async () => {
    const path = join(folder, "m.safetensors");
    const fresh = () => line({ optimizer: "adam" });
    const x = [[1], [2], [3], [4]];
    const options = { epochs: 4, batchSize: 1, shuffle: false };
    const whole = fresh();
    await whole.fit(x, x, options);
    const checkpoint = callbacks.modelCheckpoint(path, { includeTrainingState: true });
    await fresh().fit(x, x, { ...options, epochs: 2, callbacks: checkpoint });
    const loaded = await loadModel(path);
    const { epoch } = await loaded.fit(x, x, options);
    expect(epoch).toEqual([0, 1, 2, 3]);
    expect(loaded.weights.map((w) => w.item())).toEqual(whole.weights.map((w) => w.item()));
  });

  test("impossible options", () => {
    expect(() => callbacks.modelCheckpoint("m", { saveFreq: 0 })).toThrow(/saveFreq/);
    expect(() => callbacks.modelCheckpoint("")).toThrow(/needs a path/);
    expect(() => callbacks.modelCheckpoint("m", { saveBest: true } as never)).toThrow(/no option "saveBest"/);
  });
});

describe("csvLogger", () => {
  test("one line per epoch, readable after each", async () => {
    const model = line({ loss: "mae", metrics: ["mse"] });
    const lines: number[] = [];
    const count = { onEpochEnd: async () => void lines.push((await text("log.csv")).split("\n").length - 1) };
    await train([3, 0.5], [callbacks.csvLogger(join(folder, "log.csv")), count], model);
    expect(await text("log.csv")).toBe("epoch,loss,mse\n0,3,9\n1,0.5,0.25\n");
    expect(lines).toEqual([2, 3]);
  });

  test("append goes on, and fills up columns that are new", async () => {
    const path = join(folder, "log.csv");
    const logger = () => callbacks.csvLogger(path, { append: true, separator: ";" });
    await train([3], logger());
    await train([2], logger(), line({ loss: "mae", metrics: ["mse"] }));
    expect(await text("log.csv")).toBe("epoch;loss;mse\n0;3;NA\n0;2;4\n");
  });

  test("append leaves a foreign file alone", async () => {
    await writeFile(join(folder, "log.csv"), "Dear diary,\n");
    const logger = callbacks.csvLogger(join(folder, "log.csv"), { append: true });
    await expect(train([3], logger)).rejects.toThrow(/did not write[\s\S]*Dear diary/);
    expect(await text("log.csv")).toBe("Dear diary,\n");
  });
});

test("jsonLogger writes an object per line", async () => {
  const path = join(folder, "log.jsonl");
  await train([3], callbacks.jsonLogger(path));
  await train([2], callbacks.jsonLogger(path, { append: true }));
  const lines = (await text("log.jsonl")).trimEnd().split("\n");
  expect(lines.map((l) => JSON.parse(l))).toEqual([
    { epoch: 0, loss: 3, learningRate: 0 },
    { epoch: 0, loss: 2, learningRate: 0 },
  ]);
});

test("history is there while training runs", async () => {
  const seen = callbacks.history();
  const lengths: number[] = [];
  await train([3, 2], [seen, { onEpochEnd: () => void lengths.push(seen.epoch.length) }]);
  expect(lengths).toEqual([1, 2]);
  expect([seen.epoch, seen.history]).toEqual([[0, 1], { loss: [3, 2] }]);
});

test("a training that goes on goes on with its rows", async () => {
  const make = () => [callbacks.csvLogger(join(folder, "log.csv")), callbacks.jsonLogger(join(folder, "log.jsonl"))];
  const seen = callbacks.history();
  const model = await train([3, 2], [...make(), callbacks.history()]);
  const state = model.getTrainingState();
  const values = JSON.parse(JSON.stringify(state.values));
  model.setTrainingState({ tensors: state.tensors, values });
  await train([3, 2, 1], [...make(), seen], model);
  expect(await text("log.csv")).toBe("epoch,loss\n0,3\n1,2\n2,1\n");
  expect((await text("log.jsonl")).split("\n").length).toBe(4);
  expect(seen.history).toEqual({ loss: [3, 2, 1] });
});

test("a folder that is not there", async () => {
  const logger = callbacks.csvLogger(join(folder, "none", "log.csv"));
  await expect(train([3], logger)).rejects.toThrow(/folder to write to does not exist/);
});

test("verbose: 1 says what callbacks do", async () => {
  const usual = host();
  const printed: string[] = [];
  provideHost({ ...usual, print: (line) => void printed.push(line) });
  try {
    const path = join(folder, "best.safetensors");
    const monitor = "loss";
    await train(
      [3, 1, 2, 2],
      [
        callbacks.modelCheckpoint(path, { monitor, saveBestOnly: true, verbose: 1 }),
        callbacks.learningRateScheduler((epoch) => (epoch === 1 ? 1e-20 : 0), { verbose: 1 }),
        callbacks.reduceLROnPlateau({ monitor, patience: 1, verbose: 1 }),
        callbacks.earlyStopping({ monitor, patience: 2, restoreBestWeights: true, verbose: 1 }),
      ],
    );
    expect(printed).toEqual([
      "Epoch 1: learning rate 0",
      `Epoch 1: saved to ${path}`,
      "Epoch 2: learning rate 1e-20",
      `Epoch 2: saved to ${path}`,
      "Epoch 3: learning rate 0",
      "Epoch 3: loss 2 is no better than 1",
      "Epoch 4: learning rate 0",
      "Epoch 4: loss 2 is no better than 1",
      "Epoch 4: early stopping",
      "weights of the best epoch, 2, are put back",
    ]);
    printed.length = 0;
    const model = line({ loss: "mae", learningRate: 0 });
    const raise = { onEpochEnd: () => void (model.optimizer.learningRate = 0.5) };
    await train([1, 2], [raise, callbacks.reduceLROnPlateau({ monitor, patience: 1, factor: 0.1, verbose: 1 })], model);
    expect(printed).toEqual(["Epoch 2: learning rate reduced to 0.05"]);
  } finally {
    provideHost(usual);
  }
});
