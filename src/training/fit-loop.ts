import type { Batch, BatchSource } from "../data/batches.js";
import { RondoError } from "../errors.js";
import type { Model } from "../model/model.js";
import { host } from "../util/host.js";
import { Breath } from "./breath.js";
import type { Callback, Logs, TrainingContext } from "./callbacks.js";
import { evaluateBatches } from "./evaluate.js";
import { Feed } from "./feed.js";
import type { FitOptions, FitRun } from "./fit.js";
import { runStep } from "./step.js";
import { keptInFields, takeUpTraining } from "./training-state.js";
import { trainTruncated } from "./truncated.js";

/** The loop of `fit`: epochs, batches, validation, callbacks. */
export async function train(
  model: Model,
  run: FitRun,
  training: BatchSource,
  validation: BatchSource | null,
  options: FitOptions,
): Promise<void> {
  const { epochs = 1, stepsPerEpoch, truncate, signal, verbose = 0 } = options;
  const { callbacks, history } = run;
  const shuffle = options.shuffle ?? !model.stateful;
  let batchLoss = Number.NaN;
  let current: Batch | null = null;
  const context: TrainingContext = {
    model,
    epochs,
    batches: stepsPerEpoch ?? training.count,
    get batchLoss() {
      return batchLoss;
    },
    get batch() {
      return current;
    },
    get aborted() {
      return signal?.aborted ?? false;
    },
    stop: () => {
      model.stopTraining = true;
    },
  };
  const breath = new Breath();
  const feed = new Feed(training, stepsPerEpoch, signal);
  let logs: Logs = {};
  let broken = false;
  for (const callback of callbacks) await callback.onTrainBegin?.(context);
  let resumed = takeUpTraining(model, run, options.initialEpoch !== undefined);
  // A state may have been taken while averages were in the weights' place.
  if (model.built) model.optimizer.swapEma(model.trainableWeights, false);

  try {
    for (let epoch = run.epoch; epoch < epochs && !model.stopTraining && !signal?.aborted; epoch++) {
      const started = host().now();
      const done = resumed ? run.batch : 0;
      if (done === 0) {
        model.compiled.reset();
        if (model.stateful) model.resetStates();
      }
      Object.assign(run, { epoch, batch: done, order: model.shuffling.getState() });
      const order =
        shuffle && training.examples !== undefined
          ? model.shuffling.shuffle(Int32Array.from({ length: training.examples }, (_, i) => i))
          : undefined;
      feed.begin(order);
      if (resumed) await feed.skip(epoch, done);
      resumed = false;
      for (const callback of callbacks) await callback.onEpochBegin?.(epoch, context);

      while (!model.stopTraining && !signal?.aborted) {
        const batch = await feed.next(run.batch);
        if (!batch) break;
        const index = run.batch;
        current = batch;
        for (const callback of callbacks) await callback.onBatchBegin?.(index, context);
        try {
          batchLoss = truncate
            ? trainTruncated(model, batch, truncate)
            : runStep(model, batch, () => model.trainStep(batch));
        } catch (error) {
          await surviveNonFinite(error, callbacks, context);
          broken = true;
          break;
        }
        run.batch++;
        if (callbacks.length > 0) {
          const soFar = model.compiled.logs();
          for (const callback of callbacks) await callback.onBatchEnd?.(index, soFar, context);
        }
        current = null;
        await breath.take();
      }
      current = null;
      if (signal?.aborted || broken) break;

      logs = model.compiled.logs();
      if (validation && isDue(options.validationFreq, epoch)) {
        for (const callback of callbacks) await callback.onTestBegin?.(context);
        const values = await evaluateBatches(model, validation, options.validationSteps, signal).catch(
          (error: unknown) => surviveNonFinite(error, callbacks, context),
        );
        for (const callback of callbacks) await callback.onTestEnd?.(values ?? {}, context);
        if (!values) break;
        logs = { ...logs, ...Object.fromEntries(Object.entries(values).map(([name, v]) => [`val_${name}`, v])) };
      }
      history.epoch.push(epoch);
      for (const [name, value] of Object.entries(logs)) {
        history.history[name] ??= [];
        history.history[name].push(value);
      }
      // A state taken from here on goes on with the next epoch.
      Object.assign(run, { epoch: epoch + 1, batch: 0, order: model.shuffling.getState() });
      for (const callback of callbacks) await callback.onEpochEnd?.(epoch, logs, context);
      if (verbose) host().print(line(epoch, epochs, logs, host().now() - started));
    }
  } finally {
    await feed.close();
  }
  history.aborted = context.aborted;
  if (model.built) {
    // An aborted training goes on later from the weights it has now.
    if (history.aborted) model.optimizer.swapEma(model.trainableWeights, false);
    else {
      model.optimizer.finalizeVariables(model.trainableWeights);
      for (const each of keptInFields(model).optimizers.values()) each.finalizeVariables(model.weights);
    }
  }
  for (const callback of callbacks) await callback.onTrainEnd?.(logs, context);
}

function isDue(freq: number | readonly number[] = 1, epoch: number): boolean {
  return typeof freq === "number" ? (epoch + 1) % freq === 0 : freq.includes(epoch + 1);
}

/** Tells callbacks about a loss or gradient that is not finite; throws what was thrown unless one stops the training. */
async function surviveNonFinite(
  error: unknown,
  callbacks: readonly Callback[],
  context: TrainingContext,
): Promise<void> {
  if (error instanceof RondoError && error.code === "nonFinite") {
    for (const callback of callbacks) await callback.onNonFinite?.(error, context);
    if (context.model.stopTraining) return;
  }
  throw error;
}

/** "Epoch 3/10  1.2 s  loss 0.1234  val_loss 0.2345" */
function line(epoch: number, epochs: number, logs: Logs, milliseconds: number): string {
  const values = Object.entries(logs).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
  return [`Epoch ${epoch + 1}/${epochs}`, `${(milliseconds / 1000).toFixed(1)} s`, ...values].join("  ");
}
