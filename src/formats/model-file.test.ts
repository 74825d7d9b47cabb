import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { layers } from "../layers/index.js";
import { sequential } from "../model/sequential.js";
import { Generator, setSeed } from "../tensor/generator.js";
import { optimizers } from "../training/optimizers/index.js";
import { loadModel, modelFromBytes, modelToBytes, saveModel } from "./model-file.js";
import { readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rondo-model-"));
});
afterEach(() => rm(folder, { recursive: true }));

function exampleModel() {
  const model = sequential({
    name: "example",
    layers: [
      layers.lstm({ name: "encoder", units: 3, returnSequences: true, stateful: true, inputShape: [null, 2] }),
      layers.dropout({ name: "drop", rate: 0.3, seed: 5 }),
      layers.bidirectional({ name: "both", layer: layers.gru({ units: 2 }) }),
      layers.dense({ name: "out", units: 1, activation: "sigmoid" }),
    ],
  });
  model.compile({
    optimizer: optimizers.adam({ learningRate: 0.01, globalClipNorm: 1 }),
    loss: "meanSquaredError",
    metrics: ["meanAbsoluteError"],
  });
  return model;
}

const random = new Generator(3);
const numbers = (...shape: number[]) => ({
  values: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.uniform(-1, 1)),
  shape,
});
const x = numbers(8, 5, 2);
const y = numbers(8, 1);
const bits = (model: { getWeights(): { dataSync(): ArrayLike<number> }[] }) =>
  model.getWeights().map((t) => [...new Uint32Array(Float32Array.from(t.dataSync()).buffer)]);

describe("model files", () => {
  it("bring back weights, architecture and compilation", async () => {
    const model = exampleModel();
    await model.fit(x, y, { epochs: 2, batchSize: 4 });
    model.resetStates();
    const path = join(folder, "m.safetensors");
    await model.save(path);
    const loaded = await loadModel(path);
    expect(bits(loaded)).toEqual(bits(model));
    expect(loaded.toJSON()).toEqual(model.toJSON());
    expect(loaded.compiled.getConfig()).toEqual(model.compiled.getConfig());
    expect([...loaded.predict(x).dataSync()]).toEqual([...model.predict(x).dataSync()]);
  });

  it("are safetensors files with readable names", async () => {
    const model = exampleModel();
    const { tensors, metadata } = readSafetensors(modelToBytes(model, { extras: { scale: 2 } }));
    expect([...tensors.keys()].sort()).toEqual([...model.namedWeights.keys()].sort());
    expect(tensors.get("encoder/recurrent_kernel")!.shape).toEqual([3, 12]);
    expect(metadata["format"]).toBe("rondo");
    expect(JSON.parse(metadata["extras"]!)).toEqual({ scale: 2 });
    expect(Object.keys(metadata).sort()).toEqual(["compile", "extras", "format", "model", "version"]);
  });

  it("let training go on to the same bits as without interruption", async () => {
    const run = async (interrupt: boolean) => {
      setSeed(11);
      let model = exampleModel() as ReturnType<typeof exampleModel>;
      if (interrupt) {
        const abort = new AbortController();
        const stop = {
          onBatchEnd: (batch: number) => batch === 0 && model.optimizer.iterations === 3 && abort.abort(),
        };
        await model.fit(x, y, { epochs: 4, batchSize: 4, callbacks: stop as never, signal: abort.signal });
        expect(model.optimizer.iterations).toBe(3);
        const bytes = modelToBytes(model, { includeTrainingState: true });
        setSeed(999);
        model = modelFromBytes(bytes) as never;
      }
      const history = await model.fit(x, y, { epochs: 4, batchSize: 4 });
      return { bits: bits(model), history: history.history };
    };
    expect(await run(true)).toEqual(await run(false));
  });

  const edit = (change: (tensors: Map<string, StoredTensor>, metadata: Record<string, string>) => void) => {
    const { tensors, metadata } = readSafetensors(modelToBytes(exampleModel()));
    const edited = new Map(tensors);
    const fields = { ...metadata };
    change(edited, fields);
    return writeSafetensors({ tensors: edited, metadata: fields });
  };
  const number: StoredTensor = { dtype: "F32", shape: [1], data: new Float32Array(1) };

  it.each<[string, () => Uint8Array, RegExp]>([
    ["a truncated file", () => modelToBytes(exampleModel()).subarray(0, -5), /truncated/],
    [
      "weights alone",
      () => writeSafetensors({ tensors: new Map([["w", number]]), metadata: {} }),
      /not written by rondo[\s\S]*tensors w/,
    ],
    ["PyTorch's weights", () => edit((_, m) => void (m["format"] = "pt")), /format "pt"/],
    ["a later version", () => edit((_, m) => void (m["version"] = "2")), /version 2[\s\S]*update rondo/],
    ["a missing weight", () => edit((t) => void t.delete("out/bias")), /"out\/bias" does not fit[\s\S]*no such tensor/],
    [
      "a weight of another shape",
      () => edit((t) => void t.set("encoder/kernel", number)),
      /"encoder\/kernel"[\s\S]*F32 \[1\]/,
    ],
    ["a tensor too many", () => edit((t) => void t.set("extra", number)), /does not know[\s\S]*extra/],
    ["broken JSON", () => edit((_, m) => void (m["model"] = "{")), /"model" is not JSON/],
    ["no description", () => edit((_, m) => void delete m["model"]), /does not describe a model/],
    [
      "an unknown layer",
      () => edit((_, m) => void (m["model"] = m["model"]!.replace('"LSTM"', '"LTSM"'))),
      /description cannot be used[\s\S]*LTSM/,
    ],
    [
      "an unknown optimizer",
      () => edit((_, m) => void (m["compile"] = m["compile"]!.replace('"Adam"', '"Adan"'))),
      /description cannot be used[\s\S]*Adan/,
    ],
  ])("refuse %s", async (_name, bytes, message) => {
    const path = join(folder, "bad.safetensors");
    await writeFile(path, bytes());
    await expect(loadModel(path)).rejects.toThrow(message);
    await expect(loadModel(path)).rejects.toThrow(/bad\.safetensors/);
  });

  it("refuse models without weights", () => {
    expect(() => modelToBytes(sequential([layers.dense({ units: 2 })]))).toThrow(/before its weights exist/);
  });

  it("say so when they cannot be read or written", async () => {
    await expect(loadModel(join(folder, "none.safetensors"))).rejects.toThrow(/no such file/);
    await expect(saveModel(exampleModel(), join(folder, "none", "m.safetensors"))).rejects.toThrow(/does not exist/);
  });
});
