import type { Dataset } from "../data/batches.js";
import { countOf, isDataset } from "../data/batches.js";
import { type DataParts, examplesOf, packExamples } from "../data/examples.js";
import { RondoError } from "../errors.js";
import { modelFileToBytes } from "../formats/model-file.js";
import { trainingFromBytes } from "../formats/training-backup.js";
import type { Model } from "../model/model.js";
import { getBackend } from "../tensor/engine.js";
import { openWorker, type Port } from "../util/workers.js";
import { SwapEMAWeights } from "./callbacks/swap-ema-weights.js";
import { type Callback, courseHooks, type TrainingContext } from "./callbacks.js";
import { noBatches } from "./feed.js";
import type { FitOptions, FitRun, History } from "./fit.js";
import { isPair, partsOf } from "./fit-sources.js";
import { takeUpTraining } from "./training-state.js";
import { BatchSupply, buffersOf } from "./worker-batches.js";
import { errorFromPlain, type FromWorker, type RemoteHook, type ToWorker } from "./worker-messages.js";

/** `fit` with `worker`: the options and the data have been checked for what `fit` checks anywhere. */
export async function fitInWorker(
  model: Model,
  run: FitRun,
  data: DataParts | Dataset,
  y: DataParts | undefined,
  options: FitOptions,
): Promise<void> {
  const { validationData } = options;
  const datasets = {
    ...(isDataset(data) ? { training: data } : {}),
    ...(validationData === undefined || isPair(validationData) ? {} : { validation: validationData }),
  };
  const supply = new BatchSupply(datasets, model.partNames);
  try {
    await fitWith(supply, model, run, data, y, options);
  } finally {
    supply.end();
  }
}

async function fitWith(
  supply: BatchSupply,
  model: Model,
  run: FitRun,
  data: DataParts | Dataset,
  y: DataParts | undefined,
  options: FitOptions,
): Promise<void> {
  const { callbacks: _callbacks, signal, worker, sampleWeight, validationData, ...rest } = options;
  const names = model.partNames;
  const examples = isDataset(data) ? null : examplesOf("fit", names, data, y, sampleWeight);
  const held =
    validationData !== undefined && isPair(validationData)
      ? examplesOf("validationData", names, ...partsOf(validationData))
      : null;
  if (!model.built) {
    const first = examples ?? (await supply.peek(signal));
    run.history.aborted = signal?.aborted ?? false;
    if (!first && !run.history.aborted) throw noBatches(0);
    if (!first) return;
    model.buildFor(first.x.map(({ shape }) => [null, ...shape.slice(1)]));
  }
  const { callbacks } = run;
  // What changes the model happens where the model is.
  const swap = callbacks.find((callback) => callback instanceof SwapEMAWeights);
  const called = callbacks.filter((callback) => callback !== swap);
  const known = options.stepsPerEpoch ?? (isDataset(data) ? countOf(data) : undefined);
  let [batchLoss, batches] = [Number.NaN, known];
  const context: TrainingContext = {
    model,
    epochs: options.epochs ?? 1,
    batch: null,
    get batches() {
      return batches;
    },
    get batchLoss() {
      return batchLoss;
    },
    get aborted() {
      return signal?.aborted ?? false;
    },
    stop: () => {
      model.stopTraining = true;
    },
  };
  for (const callback of callbacks) await callback.onTrainBegin?.(context);
  const resumed = takeUpTraining(model, run, options.initialEpoch !== undefined);
  const request: ToWorker = {
    type: "fit",
    backend: getBackend(),
    model: describe(model),
    resumed,
    examples: examples && packExamples(examples),
    validation: validationData && !isPair(validationData) ? "dataset" : held && packExamples(held),
    swapEMA: swap?.options ?? null,
    options: rest,
    hooks: courseHooks.filter((name) => called.some((callback) => callback[name])),
    modules: typeof worker === "object" ? (worker.modules ?? []) : [],
  };
  const take = (state: Uint8Array, history?: History) => {
    trainingFromBytes(model, state);
    const { epoch, batch, order, history: known } = model.resume!.values.position as FitRun;
    model.resume = null;
    const { aborted } = history ?? run.history;
    Object.assign(run, { epoch, batch, order });
    run.history.epoch.splice(0, Number.POSITIVE_INFINITY, ...(history ?? known).epoch);
    Object.assign(run.history, { aborted });
    Object.assign(run.history.history, (history ?? known).history);
  };
  const call = async (message: Extract<FromWorker, { type: "hook" }>) => {
    [batchLoss, batches] = [message.batchLoss, message.batches ?? known];
    if (message.state) take(message.state);
    const { at, logs, error } = message;
    for (const callback of called) await runHook(message.hook, callback, context, { at, logs, error });
  };
  const port = openWorker();
  const abort = () => port.post({ type: "abort" } satisfies ToWorker);
  const start = () => {
    port.post(request, buffersIn(request));
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort);
  };
  try {
    const done = await new Promise<Extract<FromWorker, { type: "done" }>>((resolve, reject) => {
      port.listen(
        (received) => {
          const message = received as FromWorker;
          if (message.type === "ready") start();
          else if (message.type === "done") resolve(message);
          else if (message.type === "error") reject(errorFromPlain(message.error));
          else if (message.type === "close") supply.close(message.pass);
          else if (message.type === "pull") {
            supply.answer(message).then((batch) => port.post(batch, buffersOf(batch.examples)), reject);
          } else call(message).then(() => reply(port, model), reject);
        },
        (cause) => {
          reject(new RondoError("backend", "the worker failed", { received: cause.message, cause }));
        },
      );
    });
    take(done.state, done.history);
    for (const callback of callbacks) await callback.onTrainEnd?.(done.logs, context);
  } finally {
    signal?.removeEventListener("abort", abort);
    port.close();
  }
}

/** The model as a file, or what stands in the way. */
function describe(model: Model): Uint8Array {
  try {
    return modelFileToBytes({ model, trainingState: model.getTrainingState() });
  } catch (cause) {
    throw new RondoError("option", "this model cannot be sent to a worker", {
      received: (cause as Error).message,
      expected: "layers, losses, metrics and schedules that have names; functions stay in their thread",
      fix: "register classes of your own in a module and name it: { worker: { modules: [url] } }; or leave worker out",
      cause,
    });
  }
}

function reply(port: Port, { stopTraining, optimizer }: Model): void {
  const learningRate = optimizer.scheduled ? null : optimizer.learningRate;
  port.post({ type: "reply", stop: stopTraining, learningRate } satisfies ToWorker);
}

async function runHook(
  hook: RemoteHook,
  callback: Callback,
  context: TrainingContext,
  { at, logs, error }: Pick<Extract<FromWorker, { type: "hook" }>, "at" | "logs" | "error">,
): Promise<void> {
  if (hook === "onNonFinite") await callback.onNonFinite?.(errorFromPlain(error!) as RondoError, context);
  else if (hook === "onEpochBegin" || hook === "onBatchBegin") await callback[hook]?.(at, context);
  else if (hook === "onTestBegin") await callback.onTestBegin?.(context);
  else if (hook === "onTestEnd") await callback.onTestEnd?.(logs, context);
  else await callback[hook]?.(at, logs, context);
}

/** Memory of the data's copies, which need not be copied again. */
function buffersIn({ examples, validation, model }: Extract<ToWorker, { type: "fit" }>): ArrayBuffer[] {
  const held = validation === "dataset" ? null : validation;
  return [model.buffer as ArrayBuffer, ...buffersOf(examples), ...buffersOf(held)];
}
