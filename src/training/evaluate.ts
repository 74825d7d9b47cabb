import {
  arrayBatches,
  type Batch,
  type BatchSource,
  type Dataset,
  datasetBatches,
  isDataset,
} from "../data/batches.js";
import { type DataParts, examplesOf } from "../data/examples.js";
import { closePass, iteratorOf, nextOf } from "../data/next-batch.js";
import { checkOptions, RondoError } from "../errors.js";
import type { Model } from "../model/model.js";
import { Breath } from "./breath.js";
import type { Logs } from "./callbacks.js";
import { checkCount } from "./checks.js";
import { runStep } from "./step.js";

/** Options of `model.evaluate`. */
export interface EvaluateOptions {
  /** Examples computed at once. 32 by default. Not for datasets, which bring their own batches. */
  batchSize?: number;
  /** [examples], or [examples, time]. */
  sampleWeight?: DataParts;
  /** Batches after which to end; all by default. */
  steps?: number;
  /** Ends early: rejects with RondoError "aborted". */
  signal?: AbortSignal;
}

/** `Model.evaluate`. */
export async function evaluate(
  model: Model,
  data: DataParts | Dataset,
  yOrOptions?: DataParts | EvaluateOptions,
  maybeOptions?: EvaluateOptions,
): Promise<Logs> {
  const dataset = isDataset(data);
  const options = (dataset ? yOrOptions : maybeOptions) as EvaluateOptions | undefined;
  const { batchSize = 32, sampleWeight, steps, signal } = options ?? {};
  checkOptions("evaluate", options ?? {}, ["batchSize", "sampleWeight", "steps", "signal"]);
  checkCount("evaluate", "batchSize", batchSize);
  if (steps !== undefined) checkCount("evaluate", "steps", steps);
  const source = dataset
    ? datasetBatches("evaluate", data, model.partNames)
    : arrayBatches(examplesOf("evaluate", model.partNames, data, yOrOptions as DataParts, sampleWeight), batchSize);
  const logs = await evaluateBatches(model, source, steps, signal);
  if (logs) return logs;
  throw new RondoError("aborted", "evaluate was aborted", { cause: signal?.reason });
}

/**
 * Loss and metrics over batches; null when aborted. The running means and recurrent states of a training around it are
 * put aside meanwhile; stateful layers start from their initial state.
 */
export async function evaluateBatches(
  model: Model,
  source: BatchSource,
  steps = Number.POSITIVE_INFINITY,
  signal?: AbortSignal,
): Promise<Logs | null> {
  const { compiled, stateful } = model;
  const means = compiled.getState();
  const states = stateful ? model.layers.map((layer) => layer.getState()) : null;
  const breath = new Breath();
  compiled.reset();
  if (stateful) model.resetStates();
  const batches = iteratorOf<Batch>(source.open());
  try {
    let seen = 0;
    while (seen < steps) {
      const { value: batch, done } = await nextOf(batches, signal);
      if (signal?.aborted) return null;
      if (done) break;
      runStep(model, batch, () => model.testStep(batch));
      seen++;
      await breath.take();
    }
    if (seen === 0) throw new RondoError("data", "there is nothing to evaluate: the dataset gave no batches");
    return compiled.logs();
  } finally {
    await closePass(batches, signal);
    compiled.setState(means);
    states?.forEach((state, i) => {
      model.layers[i]!.setState(state);
    });
  }
}
