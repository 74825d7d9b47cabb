import type { Dataset } from "../data/batches.js";
import { isDataset } from "../data/batches.js";
import { type DataParts, examplesOf, packExamples } from "../data/examples.js";
import { RondoError } from "../errors.js";
import { modelFileToBytes } from "../formats/model-file.js";
import { trainingFromBytes } from "../formats/training-backup.js";
import type { Model } from "../model/model.js";
import { getBackend } from "../tensor/engine.js";
import { openWorker, type Port } from "../util/workers.js";
import type { Callback, TrainingContext } from "./callbacks.js";
import { type FitOptions, type FitRun, type History, isPair, partsOf } from "./fit.js";
import { takeUpTraining } from "./training-state.js";
import { errorFromPlain, type FromWorker, type RemoteHook, remoteHooks, type ToWorker } from "./worker-messages.js";

/** `fit` with `worker`: the options and the data have been checked for what `fit` checks anywhere. */
export async function fitInWorker(
  model: Model,
  run: FitRun,
  data: DataParts | Dataset,
  y: DataParts | undefined,
  options: FitOptions,
): Promise<void> {
  const { callbacks: _callbacks, signal, worker, sampleWeight, validationData, ...rest } = options;
  const names = model.partNames;
  if (isDataset(data) || (validationData !== undefined && !isPair(validationData))) {
    throw new RondoError("option", "fit in a worker takes arrays: a dataset cannot be sent to another thread", {
      fix: "pass arrays x and y, or leave worker out",
    });
  }
  const examples = examplesOf("fit", names, data, y, sampleWeight);
  const held =
    validationData !== undefined && isPair(validationData)
      ? examplesOf("validationData", names, ...partsOf(validationData))
      : null;
  if (!model.built) model.buildFor(examples.x.map(({ shape }) => [null, ...shape.slice(1)]));
  const { callbacks } = run;
  let [batchLoss, batches] = [Number.NaN, undefined as number | undefined];
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
    examples: packExamples(examples),
    validation: held && packExamples(held),
    options: rest,
    hooks: remoteHooks.filter((name) => callbacks.some((callback) => callback[name])),
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
    [batchLoss, batches] = [message.batchLoss, message.batches];
    if (message.state) take(message.state);
    const { at, logs, error } = message;
    for (const callback of callbacks) await runHook(message.hook, callback, context, { at, logs, error });
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
          else call(message).then(() => reply(port, model), reject);
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
  const rate = optimizer.getConfig().learningRate;
  const learningRate = typeof rate === "number" ? rate : null;
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
  else await callback[hook]?.(at, logs, context);
}

/** Memory of the data's copies, which need not be copied again. */
function buffersIn({ examples, validation, model }: Extract<ToWorker, { type: "fit" }>): ArrayBuffer[] {
  const packed = [examples, validation].flatMap((each) =>
    each ? [...each.x, ...(each.y ?? []), ...each.sampleWeight] : [],
  );
  return [
    model.buffer as ArrayBuffer,
    ...packed.flatMap((array) => (array ? [array.source.buffer as ArrayBuffer] : [])),
  ];
}
