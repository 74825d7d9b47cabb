import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.js";
import type { TextEvent } from "./text-events.js";
import { generateText } from "./text-generation.js";
import { loadTextModel, type TextModel } from "./text-model.js";
import { presetSteps } from "./text-options.js";
import { type TrainTextOptions, trainText } from "./text-training.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rondo-text-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A text whose every character follows from the ones before. */
const text = "the cat sat on the mat. ".repeat(40);
const tiny = { text, units: 24, embedding: 8, layers: 1, batchSize: 4, window: 12, patience: 0, learningRate: 0.02 };

async function collect(options: TrainTextOptions) {
  const events: TextEvent[] = [];
  const run = await trainText({ ...options, onEvent: (event) => void events.push(event) });
  return { run, events };
}
const stepsOf = (events: TextEvent[]) => events.filter((e) => e.type === "step");

const bits = ({ model }: TextModel) => model.getWeights().map((t) => new Uint32Array(t.dataSync().slice().buffer));

describe("trainText", () => {
  it("learns a text that can be known by heart, and writes it", async () => {
    const { run, events } = await collect({ ...tiny, epochs: 12 });
    const steps = stepsOf(events);
    // An untrained model knows how often each character occurs, and no more.
    const counts = [...text].reduce((map, c) => map.set(c, (map.get(c) ?? 0) + 1), new Map<string, number>());
    const entropy = [...counts.values()].reduce((sum, n) => sum - (n / text.length) * Math.log(n / text.length), 0);
    expect(Math.abs(steps[0]!.loss - entropy)).toBeLessThan(0.1);
    expect(run.bestLoss).toBeLessThan(0.1);
    expect([...generateText(run.writer, { prompt: "the c", length: 43, temperature: 0 })].join("")).toBe(
      "at sat on the mat. the cat sat on the mat. ",
    );
    expect(events.map((e) => e.type).filter((t) => t !== "step" && t !== "sample")).toEqual(
      expect.arrayContaining(["start", "validation", "end"]),
    );
    expect(events.at(-1)).toMatchObject({ type: "end", reason: "epochs", step: steps.length });
  });

  it("reads short texts more often than the preset says, unless told how often", async () => {
    const epochs = async (options: TrainTextOptions) => {
      const { events } = await collect({ ...options, dryRun: true });
      const [start] = events.filter((e) => e.type === "start");
      return [start!.config.epochs, start!.stepsPerEpoch];
    };
    const [many, steps] = await epochs({ ...tiny, preset: "fast" });
    expect((many! - 1) * steps!).toBeLessThan(presetSteps.fast);
    expect(many! * steps!).toBeGreaterThanOrEqual(presetSteps.fast);
    expect((await epochs({ ...tiny, epochs: 2 }))[0]).toBe(2);
    expect((await epochs({ ...tiny, time: 60 }))[0]).toBe(0);
  });

  it("lets the learning rate fall along half a cosine", async () => {
    const { events } = await collect({ ...tiny, epochs: 1, decay: 0.1, learningRate: 0.01 });
    const rates = stepsOf(events).map((e) => e.learningRate);
    const n = rates.length;
    for (const [i, rate] of rates.entries()) {
      expect(rate).toBeCloseTo(0.01 * (0.1 + 0.9 * 0.5 * (1 + Math.cos((Math.PI * i) / n))), 9);
    }
  });

  it.each(["lstm", "gru", "rnn"] as const)("gives the same bits when interrupted and resumed (%s)", async (cell) => {
    const options = { ...tiny, cell, layers: 2, dropout: 0.2, epochs: 5 };
    const whole = join(folder, "whole");
    const parts = join(folder, "parts");
    for (const path of [whole, parts]) await mkdir(path);
    const uninterrupted = await trainText({ ...options, folder: whole });
    // Once in the middle of an epoch, once at its end.
    let resume: string | undefined;
    for (const stopAt of [7, 36]) {
      const abort = new AbortController();
      const config = resume === undefined ? options : { text };
      const run = await trainText({
        ...config,
        folder: parts,
        ...(resume ? { resume } : {}),
        signal: abort.signal,
        onEvent: (event) => {
          if (event.type === "step" && event.step === stopAt) abort.abort();
        },
      });
      expect([run.reason, run.steps]).toEqual(["interrupted", stopAt]);
      resume = join(parts, "last.safetensors");
    }
    const resumed = await trainText({ text, folder: parts, resume: resume! });
    expect(resumed.reason).toBe("epochs");
    expect(resumed.history).toEqual(uninterrupted.history);
    for (const file of ["best.safetensors", "last.safetensors"]) {
      const [a, b] = await Promise.all([whole, parts].map(async (path) => loadTextModel(join(path, file))));
      expect(b!.toBytes()).toEqual(a!.toBytes());
    }
    expect(resumed.writer.toBytes()).toEqual(uninterrupted.writer.toBytes());
  });

  it("returns the best model when later ones are worse", async () => {
    // Validation text that has nothing to do with the training text: learning the one unlearns the other.
    const mixed = "abcd".repeat(200) + "dbca".repeat(22);
    const { run, events } = await collect({ ...tiny, text: mixed, epochs: 40, patience: 2, folder });
    const losses = run.history.map((entry) => entry.validationLoss!);
    expect(run.reason).toBe("patience");
    expect(run.bestLoss).toBe(Math.min(...losses));
    expect(losses.length - 1 - losses.indexOf(run.bestLoss!)).toBe(2);
    const best = await loadTextModel(join(folder, "best.safetensors"));
    expect(bits(best)).toEqual(bits(run.writer));
    const last = await loadTextModel(join(folder, "last.safetensors"));
    expect(bits(last)).not.toEqual(bits(run.writer));
    expect(events.filter((e) => e.type === "validation").map((e) => e.best)).toContain(false);
  });

  it("validates without disturbing the training", async () => {
    const losses = async (validationSplit: number) => {
      const long = text.repeat(3);
      const part = validationSplit > 0 ? long : long.slice(0, Math.floor(long.length * 0.9));
      const { events } = await collect({ ...tiny, text: part, dropout: 0.1, epochs: 3, validationSplit });
      return stepsOf(events).map((e) => e.loss);
    };
    expect(await losses(0.1)).toEqual(await losses(0));
  });

  it("ends when the time is over", async () => {
    const { run, events } = await collect({ ...tiny, time: 0.5 });
    expect(run.reason).toBe("time");
    expect(stepsOf(events).at(-1)!.progress).toBeGreaterThan(0.5);
  });

  it("tries everything out without writing", async () => {
    const { run } = await collect({ ...tiny, folder, dryRun: true });
    expect([run.reason, run.steps]).toEqual(["dryRun", 3]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("stops when training breaks down, and keeps the best checkpoint", async () => {
    await trainText({ ...tiny, epochs: 2, folder });
    const best = await readFile(join(folder, "best.safetensors"));
    const resume = join(folder, "last.safetensors");
    const { tensors, metadata } = readSafetensors(await readFile(resume));
    tensors.get("lstm_1/recurrent_kernel")!.data[3] = Number.NaN;
    const broken = writeSafetensors({ tensors, metadata });
    await writeFile(resume, broken);
    const training = trainText({ text, folder, resume, epochs: 9 });
    await expect(training).rejects.toThrow(
      /broke down in step \d+[\s\S]*lower learning rate \(this one began at 0.02\)[\s\S]*kept: the best model so far \(loss/,
    );
    await expect(training).rejects.toMatchObject({ code: "nonFinite" });
    expect(await readFile(join(folder, "best.safetensors"))).toEqual(best);
    expect(await readFile(resume)).toEqual(Buffer.from(broken));
  });

  it("refuses what it cannot resume", async () => {
    await trainText({ ...tiny, epochs: 1, folder });
    const last = join(folder, "last.safetensors");
    const best = join(folder, "best.safetensors");
    await expect(trainText({ text, resume: best })).rejects.toThrow(/does not hold a training to resume/);
    await expect(trainText({ text: `${text}!`, resume: last })).rejects.toThrow(/not the text the training began with/);
    await expect(trainText({ text, resume: last, units: 8 })).rejects.toThrow(/units cannot change/);
    await expect(trainText({ text, resume: last, preset: "best" })).rejects.toThrow(/preset cannot change/);
    const more = await trainText({ text, resume: last, epochs: 2, folder });
    expect(more.reason).toBe("epochs");
  });

  it("refuses unknown options", async () => {
    await expect(trainText({ ...tiny, unit: 3 } as never)).rejects.toThrow(/did you mean "units"/);
  });
});
