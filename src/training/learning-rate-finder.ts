import { arrayBatches, type Batch } from "../data/batches.js";
import { type DataParts, type Examples, examplesOf } from "../data/examples.js";
import { checkOptions, RondoError } from "../errors.js";
import type { Model } from "../model/model.js";
import { Breath } from "./breath.js";
import { checkCount, checkFraction } from "./checks.js";
import { runStep } from "./step.js";

/** Options of `findLearningRate`. */
export interface LearningRateFinderOptions {
  /** The first rate tried. 1e-7 by default. */
  minLearningRate?: number;
  /** The last rate tried, unless the loss diverges before. 10 by default. */
  maxLearningRate?: number;
  /** Batches trained on, each with a rate larger by the same factor. 100 by default. */
  steps?: number;
  /** Examples per batch; a smaller last batch is left out. 32 by default. */
  batchSize?: number;
  /** How much of the smoothed loss is the losses before, from 0 (none) to below 1. 0.9 by default. */
  smoothing?: number;
  /** The test ends when the smoothed loss is this many times its smallest value. 4 by default. */
  divergence?: number;
}

/** What a learning-rate range test saw. The three lists are as long as the test took. */
export interface LearningRateRange {
  readonly learningRates: readonly number[];
  /** Loss of the batch before its update with the rate of the same position. */
  readonly losses: readonly number[];
  /** Moving average of the losses. */
  readonly smoothedLosses: readonly number[];
  /** Where the smoothed loss falls fastest, a good rate to begin with; null when it never falls. */
  readonly suggestion: number | null;
}

/**
 * Learning-rate range test (Smith 2015): trains on batch after batch with ever larger rates and watches the loss. The model
 * is afterwards exactly as it was: weights, optimizer, states and random numbers. Needs a compiled model whose learning
 * rate is a number.
 *
 * @param x examples along the first axis, as for `fit`.
 * @example const { suggestion } = await findLearningRate(model, x, y);
 */
export async function findLearningRate(
  model: Model,
  x: DataParts,
  y: DataParts,
  options: LearningRateFinderOptions = {},
): Promise<LearningRateRange> {
  const names = ["minLearningRate", "maxLearningRate", "steps", "batchSize", "smoothing", "divergence"];
  checkOptions("findLearningRate", options, names);
  const { minLearningRate = 1e-7, maxLearningRate = 10, steps = 100, batchSize = 32 } = options;
  const { smoothing = 0.9, divergence = 4 } = options;
  if (!(minLearningRate > 0 && maxLearningRate > minLearningRate && Number.isFinite(maxLearningRate))) {
    throw new RondoError("value", "findLearningRate: the rates must rise from above 0", {
      received: `minLearningRate = ${minLearningRate}, maxLearningRate = ${maxLearningRate}`,
    });
  }
  checkCount("findLearningRate", "steps", steps, 3);
  checkCount("findLearningRate", "batchSize", batchSize);
  checkFraction("findLearningRate", "smoothing", smoothing);
  if (!(divergence > 1)) {
    throw new RondoError("value", "findLearningRate: divergence must be above 1", {
      received: `divergence = ${divergence}`,
    });
  }
  const examples = examplesOf("findLearningRate", model.partNames, x, y);
  const size = Math.min(batchSize, examples.x[0]!.length);
  if (size === 0) throw new RondoError("data", "findLearningRate needs examples", { received: "none" });
  const { optimizer } = model.compiled;
  model.build([size, ...examples.x[0]!.shape.slice(1)]);

  const learningRates: number[] = [];
  const losses: number[] = [];
  const smoothedLosses: number[] = [];
  await asItWas(model, async () => {
    const breath = new Breath();
    const batches = endless(
      model,
      (order) => arrayBatches(examples, size).open(order) as Iterable<Batch>,
      examples,
      size,
    );
    let average = 0;
    let lowest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < steps; i++) {
      optimizer.learningRate = minLearningRate * (maxLearningRate / minLearningRate) ** (i / (steps - 1));
      let loss: number;
      try {
        const batch = batches.next().value;
        loss = runStep(model, batch, () => model.trainStep(batch));
      } catch (error) {
        // That the loss leaves all bounds at some rate is what the test looks for; at the first it is a defect.
        if (i > 0 && error instanceof RondoError && error.code === "nonFinite") return;
        throw error;
      }
      average = smoothing * average + (1 - smoothing) * loss;
      const smoothed = average / (1 - smoothing ** (i + 1));
      learningRates.push(optimizer.learningRate);
      losses.push(loss);
      smoothedLosses.push(smoothed);
      if (smoothed > divergence * lowest) return;
      lowest = Math.min(lowest, smoothed);
      await breath.take();
    }
  });
  return { learningRates, losses, smoothedLosses, suggestion: steepest(learningRates, smoothedLosses) };
}

/** Full batches in a new order on every pass, without end. */
function* endless(
  model: Model,
  open: (order: ArrayLike<number>) => Iterable<Batch>,
  examples: Examples,
  size: number,
): Generator<Batch, never> {
  for (;;) {
    const order = Int32Array.from({ length: examples.x[0]!.length }, (_, i) => i);
    for (const batch of open(model.shuffling.shuffle(order))) if (batch.size === size) yield batch;
  }
}

/** Runs `body`, and puts the model back to what it was before, whatever happens. */
async function asItWas(model: Model, body: () => Promise<void>): Promise<void> {
  const { run, resume } = model;
  if (run?.running) {
    throw new RondoError("state", `${model.name} is being trained already`, { fix: "wait for the fit to finish" });
  }
  const weights = model.getWeights();
  const state = model.getTrainingState();
  const order = model.shuffling.getState();
  // A fit must not begin in the middle of the test.
  const history = { epoch: [], history: {}, aborted: false };
  model.run = { running: true, epoch: 0, batch: 0, order, callbacks: [], history };
  try {
    await body();
  } finally {
    model.setWeights(weights);
    model.setTrainingState(state);
    model.shuffling.setState(order);
    Object.assign(model, { run, resume });
    for (const t of [...weights, ...Object.values(state.tensors)]) t.dispose();
  }
}

/** The rate at which the loss falls fastest over the logarithm of the rate, before it is lowest. */
function steepest(rates: readonly number[], losses: readonly number[]): number | null {
  const lowest = losses.indexOf(Math.min(...losses));
  let at = -1;
  let steepestSlope = 0;
  for (let i = 1; i <= lowest && i + 1 < losses.length; i++) {
    const slope = losses[i + 1]! - losses[i - 1]!;
    if (slope < steepestSlope) [at, steepestSlope] = [i, slope];
  }
  return at < 0 ? null : rates[at]!;
}
