import { RondoError } from "../errors.js";
import { RecurrentLayer } from "../layers/recurrent/recurrent-layer.js";
import { Generator } from "../tensor/generator.js";
import { scope } from "../tensor/scope.js";
import { type Tensor, tensor } from "../tensor/tensor.js";
import { Breath } from "../training/breath.js";
import { putState } from "../training/saved-state.js";
import { files } from "../util/files.js";
import { host } from "../util/host.js";
import type { TextData } from "./text-data.js";
import type { TextEnd, TextEvent } from "./text-events.js";
import { generateText } from "./text-generation.js";
import { type TextModel, textModelFileFromBytes } from "./text-model.js";
import type { TextConfig } from "./text-options.js";

export const checkpointFiles = { best: "best.safetensors", last: "last.safetensors" } as const;

/** Losses are in nats per character. */
export interface TextHistoryEntry {
  readonly step: number;
  readonly loss: number;
  readonly validationLoss: number | null;
}

/** What `trainText` returns: the best model, and how it came about. */
export interface TextRun {
  readonly writer: TextModel;
  readonly reason: TextEnd;
  /** Steps made, earlier runs of a resumed training included. */
  readonly steps: number;
  /** One entry per validation. */
  readonly history: readonly TextHistoryEntry[];
  /** Loss of the model returned: on the validation text, or in training when none is kept; null before any validation. */
  readonly bestLoss: number | null;
}

/** What the loop is told besides the configuration. */
export interface TextLoopOptions {
  /** A folder that exists, for the checkpoints best.safetensors and last.safetensors. Nothing is written without one. */
  folder?: string;
  /** Told what happens; waited for. */
  onEvent?: (event: TextEvent) => void | Promise<void>;
  /** Ends after the running step: saves, and resolves with reason "interrupted". */
  signal?: AbortSignal;
  /** Only tries everything out: three steps, no file written. */
  dryRun?: boolean;
}

/** Where a training is, besides weights, optimizer and states; JSON values. */
export interface Cursor {
  step: number;
  /** Seconds of training so far. */
  elapsed: number;
  /** Sum and number of the losses since the last validation. */
  lossSum: number;
  lossCount: number;
  best: { loss: number; step: number } | null;
  /** Validations since the best. */
  stale: number;
  history: TextHistoryEntry[];
  fingerprint: string;
}

/** The cursor of a training that begins. */
export function firstCursor(fingerprint: string): Cursor {
  return { step: 0, elapsed: 0, lossSum: 0, lossCount: 0, best: null, stale: 0, history: [], fingerprint };
}

/** Seconds after which the last checkpoint is written again, and a sample shown. */
const saveInterval = 20;
const sampleInterval = 10;
const sampleTemperature = 0.8;
/** Probability that a stream begins anew at a step. */
const forgetRate = 0.01;
/** Steps between validations, about: long epochs are validated in parts, short ones together. */
const leastSteps = 20;
const mostSteps = 1000;

/** Trains from where the cursor is to the end, validating, saving and telling on the way. */
export class TextLoop {
  private readonly writer: TextModel;
  private readonly config: TextConfig;
  private readonly data: TextData;
  private readonly cursor: Cursor;
  private readonly options: TextLoopOptions;
  private readonly stepsPerEpoch: number;
  private readonly validateEvery: number;
  private readonly totalSteps: number;
  private readonly startStep: number;
  /** The clock when `cursor.elapsed` was 0. */
  private zero = 0;
  private bestWeights: Tensor[] | null = null;
  private validationSeconds = 0;
  private secondsPerStep = 0;

  constructor(writer: TextModel, data: TextData, cursor: Cursor, options: TextLoopOptions) {
    this.writer = writer;
    this.config = writer.config;
    this.data = data;
    this.cursor = cursor;
    this.options = options;
    this.startStep = cursor.step;
    this.stepsPerEpoch = data.training.steps;
    this.totalSteps = this.config.epochs > 0 ? this.config.epochs * this.stepsPerEpoch : Number.POSITIVE_INFINITY;
    const parts = Math.ceil(this.stepsPerEpoch / mostSteps);
    this.validateEvery =
      parts > 1
        ? Math.ceil(this.stepsPerEpoch / parts)
        : this.stepsPerEpoch * Math.ceil(leastSteps / this.stepsPerEpoch);
  }

  async run(): Promise<TextRun> {
    const { cursor } = this;
    this.zero = host().now() - cursor.elapsed * 1000;
    await this.emit(this.startEvent());
    let saved = this.elapsed;
    let sampled = this.elapsed;
    const breath = new Breath();
    let reason = this.reasonToEnd();
    while (reason === null) {
      await this.step();
      await breath.take();
      if (cursor.step % this.validateEvery === 0) {
        await this.validate();
        sampled = this.elapsed;
      } else if (this.elapsed - sampled > sampleInterval) {
        await this.sample();
        sampled = this.elapsed;
      }
      if (this.elapsed - saved > saveInterval) {
        await this.save("last");
        saved = this.elapsed;
      }
      reason = this.reasonToEnd();
    }
    if (reason !== "interrupted" && cursor.lossCount > 0) await this.validate();
    if (cursor.step > this.startStep) await this.save("last");
    await this.takeBest();
    const { step, best, history } = cursor;
    const epoch = Math.ceil(step / this.stepsPerEpoch);
    const bestLoss = best?.loss ?? null;
    await this.emit({ type: "end", reason, step, epoch, elapsed: this.elapsed, bestLoss, bestStep: best?.step ?? 0 });
    return { writer: this.writer, reason, steps: step, history, bestLoss };
  }

  private get elapsed(): number {
    return (host().now() - this.zero) / 1000;
  }

  /** How much is done, 0 to 1, by steps or by the clock, whichever is further. */
  private get progress(): number {
    const { time } = this.config;
    return Math.min(1, Math.max(this.cursor.step / this.totalSteps, time > 0 ? this.elapsed / time : 0));
  }

  private reasonToEnd(): TextEnd | null {
    const { patience, time } = this.config;
    if (this.options.signal?.aborted) return "interrupted";
    if (this.options.dryRun && this.cursor.step - this.startStep >= 3) return "dryRun";
    if (this.cursor.step >= this.totalSteps) return "epochs";
    if (time > 0 && this.elapsed + this.validationSeconds >= time) return "time";
    return patience > 0 && this.cursor.stale >= patience ? "patience" : null;
  }

  private async step(): Promise<void> {
    const { cursor, config } = this;
    const { model } = this.writer;
    const started = host().now();
    const batchIndex = cursor.step % this.stepsPerEpoch;
    if (batchIndex === 0) model.resetStates();
    else this.forgetSome();
    const learningRate =
      config.learningRate * (config.decay + (1 - config.decay) * 0.5 * (1 + Math.cos(Math.PI * this.progress)));
    model.optimizer.learningRate = learningRate;
    const { inputs, targets, streams, time } = this.data.training.batch(batchIndex);
    const shape = [streams, time];
    const logs = await model.trainOnBatch({ values: inputs, shape }, { values: targets, shape }).catch((error) => {
      throw this.brokenDown(error);
    });
    const loss = logs["loss"]!;
    cursor.step++;
    cursor.lossSum += loss;
    cursor.lossCount++;
    const seconds = (host().now() - started) / 1000;
    this.secondsPerStep = this.secondsPerStep === 0 ? seconds : 0.95 * this.secondsPerStep + 0.05 * seconds;
    await this.emit({
      type: "step",
      step: cursor.step,
      epoch: Math.ceil(cursor.step / this.stepsPerEpoch),
      batch: batchIndex + 1,
      batches: this.stepsPerEpoch,
      loss,
      learningRate,
      charactersPerSecond: this.secondsPerStep > 0 ? (streams * time) / this.secondsPerStep : 0,
      elapsed: this.elapsed,
      left: this.left(),
      progress: this.progress,
    });
  }

  /**
   * Lets a few streams begin anew. Otherwise the model would see the empty state, from which all writing starts, once per
   * epoch only (as in Melis et al. 2017, "On the State of the Art of Evaluation in Neural Language Models").
   */
  private forgetSome(): void {
    const random = new Generator(this.config.seed).fold(this.cursor.step);
    const rows = Array.from({ length: this.data.training.streams }, (_, row) => row);
    const chosen = rows.filter(() => random.uniform() < forgetRate);
    if (chosen.length === 0) return;
    scope(() => {
      for (const layer of this.writer.model.layers) {
        if (!(layer instanceof RecurrentLayer) || !layer.states) continue;
        const states = layer.states.map((state) => {
          const values = state.dataSync();
          const size = state.size / state.shape[0]!;
          for (const row of chosen) values.fill(0, row * size, (row + 1) * size);
          return tensor(values, state.shape);
        });
        layer.resetStates(states);
      }
    });
  }

  /** Says what is left after a loss or gradient that is not finite; other errors pass through. */
  private brokenDown(error: unknown): unknown {
    if (!(error instanceof RondoError) || error.code !== "nonFinite") return error;
    const { best, step } = this.cursor;
    const kept = best ? `the best model so far (loss ${best.loss.toFixed(4)}, step ${best.step})` : "no checkpoint yet";
    const { learningRate, clip } = this.config;
    return new RondoError("nonFinite", `training broke down in step ${step + 1}: ${error.message.split("\n")[0]}`, {
      received: error.received,
      expected: "a finite loss and finite gradients",
      fix:
        `train with a lower learning rate (this one began at ${learningRate})` +
        `${clip > 0 ? "" : " or clip the gradients (clip 1)"}; kept: ${kept}`,
      cause: error,
    });
  }

  private left(): number {
    const perStep = this.secondsPerStep + this.validationSeconds / this.validateEvery;
    const bySteps = (this.totalSteps - this.cursor.step) * perStep;
    const { time } = this.config;
    return Math.max(0, time > 0 ? Math.min(time - this.elapsed, bySteps) : bySteps);
  }

  /** Measures the loss, keeps the weights if they are the best so far, and shows a sample. */
  private async validate(): Promise<void> {
    const { cursor } = this;
    const started = host().now();
    const loss = cursor.lossSum / cursor.lossCount;
    const validationLoss = await this.validationLoss();
    const watched = validationLoss ?? loss;
    const best = cursor.best === null || watched < cursor.best.loss;
    Object.assign(cursor, { lossSum: 0, lossCount: 0, stale: best ? 0 : cursor.stale + 1 });
    cursor.history.push({ step: cursor.step, loss, validationLoss });
    if (best) {
      cursor.best = { loss: watched, step: cursor.step };
      this.keepWeights();
      await this.save("best");
    }
    this.validationSeconds = (host().now() - started) / 1000;
    const epoch = Math.ceil(cursor.step / this.stepsPerEpoch);
    await this.emit({
      type: "validation",
      step: cursor.step,
      epoch,
      loss,
      validationLoss,
      best,
      elapsed: this.elapsed,
    });
    await this.sample();
  }

  private async validationLoss(): Promise<number | null> {
    const streams = this.data.validation;
    if (!streams) return null;
    const { model } = this.writer;
    const states = model.layers.map((layer) => layer.getState());
    model.resetStates();
    let sum = 0;
    let count = 0;
    for (let i = 0; i < streams.steps && !(this.options.dryRun && i === 2); i++) {
      const { inputs, targets, streams: rows, time } = streams.batch(i);
      const shape = [rows, time];
      const logs = await model.testOnBatch({ values: inputs, shape }, { values: targets, shape });
      sum += logs["loss"]! * targets.length;
      count += targets.length;
    }
    for (const [i, layer] of model.layers.entries()) {
      layer.setState(states[i]!);
      for (const state of Object.values(states[i]!.tensors)) state.dispose();
    }
    return sum / count;
  }

  private keepWeights(): void {
    for (const weight of this.bestWeights ?? []) weight.dispose();
    this.bestWeights = this.writer.model.getWeights();
  }

  /** Puts the best weights into the model that is returned. */
  private async takeBest(): Promise<void> {
    const { folder } = this.options;
    const { best, step } = this.cursor;
    const { model } = this.writer;
    if (this.bestWeights) model.setWeights(this.bestWeights);
    else if (folder !== undefined && best && best.step !== step) {
      // The best model came before this run was resumed. Its file may have been moved; the last one does then.
      const path = `${folder}/${checkpointFiles.best}`;
      const bytes = await files()
        .read(path)
        .catch(() => null);
      if (bytes) model.setWeights(textModelFileFromBytes(bytes, path).text.model.getWeights());
    }
    model.resetStates();
  }

  private async sample(): Promise<void> {
    const { config, cursor } = this;
    if (!this.options.onEvent) return;
    const seed = config.seed + cursor.step;
    const text = [...generateText(this.writer, { length: 240, temperature: sampleTemperature, seed })].join("");
    await this.emit({ type: "sample", step: cursor.step, temperature: sampleTemperature, text });
  }

  private async save(which: "best" | "last"): Promise<void> {
    const { folder, dryRun } = this.options;
    if (folder === undefined || dryRun) return;
    this.cursor.elapsed = this.elapsed;
    const state = which === "last" ? this.writer.model.getTrainingState() : null;
    if (state) putState(state, "text", { tensors: {}, values: { ...this.cursor } });
    const bytes = this.writer.toBytes(state);
    // Copies as large as the model, several times over, are not left to the garbage collector.
    for (const copy of Object.values(state?.tensors ?? {})) copy.dispose();
    await files().write(`${folder}/${checkpointFiles[which]}`, bytes);
  }

  private startEvent(): TextEvent {
    const { trainingCharacters, validationCharacters, vocabulary, notes } = this.data;
    return {
      type: "start",
      config: this.config,
      vocabulary: vocabulary.size,
      parameters: this.writer.model.countParams(),
      trainingCharacters,
      validationCharacters,
      stepsPerEpoch: this.stepsPerEpoch,
      resumedAt: this.startStep,
      notes,
    };
  }

  private async emit(event: TextEvent): Promise<void> {
    await this.options.onEvent?.(event);
  }
}
