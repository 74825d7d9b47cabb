import { type Dataset, isDataset } from "../data/batches.js";
import type { DataParts } from "../data/examples.js";
import { checkOptions, RondoError } from "../errors.js";
import type { Model } from "../model/model.js";
import type { GeneratorState } from "../tensor/generator.js";
import { type Callback, checkCallbacks } from "./callbacks.js";
import { checkCount } from "./checks.js";
import type { ClassWeight } from "./class-weight.js";
import { fitInWorker } from "./fit-in-worker.js";
import { train } from "./fit-loop.js";
import { sources } from "./fit-sources.js";
import type { Truncation } from "./truncated.js";

/** Validation data: [x, y], { x, y }, either with sample weights, or a dataset. */
export type ValidationData =
  | readonly [x: DataParts, y: DataParts, sampleWeight?: DataParts]
  | { readonly x: DataParts; readonly y: DataParts; readonly sampleWeight?: DataParts }
  | Dataset;

/** Options of `model.fit`. */
export interface FitOptions {
  /** Passes over the data. 1 by default. */
  epochs?: number;
  /**
   * Examples per update; the last batch may be smaller. "all" makes one update of all examples per epoch: full-batch
   * gradient descent. 32 by default. Not for datasets, which bring their own batches.
   */
  batchSize?: number | "all";
  /** New order of the examples in every epoch. True by default, false for stateful models; datasets keep their order. */
  shuffle?: boolean;
  /** Share of the examples, taken from the end, to validate with instead of training. */
  validationSplit?: number;
  /** What to validate with: { x, y, sampleWeight }, [x, y, sampleWeight] (the last may be left out) or a dataset. */
  validationData?: ValidationData;
  /** Examples computed at once in validation; `batchSize` by default. */
  validationBatchSize?: number;
  /** Batches of validation data used; all by default. */
  validationSteps?: number;
  /** Validate every so many epochs, or after the epochs (from 1) listed. 1 by default. */
  validationFreq?: number | readonly number[];
  /** Weight of every example, [examples], or of every step, [examples, time]; for several outputs also by output. */
  sampleWeight?: DataParts;
  /**
   * What targets of each class count in the loss, e.g. { 0: 1, 1: 5 }; 1 for classes that are not named. For arrays, in
   * place of `sampleWeight`; validation is not weighted.
   */
  classWeight?: ClassWeight;
  /** Functions called while the model trains, in this order. */
  callbacks?: Callback | readonly Callback[];
  /** 1 prints a line per epoch. 0 by default. */
  verbose?: 0 | 1;
  /** Epoch to start from, when earlier ones have been trained already. */
  initialEpoch?: number;
  /** Batches per epoch; by default as many as there are. A dataset then goes on in the next epoch where it stopped. */
  stepsPerEpoch?: number;
  /** Truncated backpropagation: cut every batch into windows of this many time steps, one update each, states carried. */
  truncate?: Truncation;
  /**
   * Trains in another thread, so that this one stays free for requests or the page: the same numbers. The batches of
   * datasets are made here, one ahead of the one that is trained on. Callbacks run here; between epochs the model here is as it was at the last one's end. Classes of your own are
   * registered (`registerLayer`, `registerModel`) by modules that the worker imports: `{ modules: [url] }`.
   */
  worker?: boolean | { readonly modules?: readonly string[] };
  /** Ends training after the running batch; `fit` then resolves with what there is and `aborted: true`. */
  signal?: AbortSignal;
}

const optionNames = [
  "epochs",
  "batchSize",
  "shuffle",
  "validationSplit",
  "validationData",
  "validationBatchSize",
  "validationSteps",
  "validationFreq",
  "sampleWeight",
  "classWeight",
  "callbacks",
  "verbose",
  "initialEpoch",
  "stepsPerEpoch",
  "truncate",
  "worker",
  "signal",
] as const;

/** What `fit` returns. */
export interface History {
  /** Numbers of the completed epochs, from 0. */
  readonly epoch: number[];
  /** Values of every completed epoch by name: loss, metrics, and val_… with validation. */
  readonly history: Record<string, number[]>;
  /** Whether the signal ended the training early. */
  aborted: boolean;
}

/** Where a training is; kept by the model so that its state can be taken at any time. @internal */
export interface FitRun {
  running: boolean;
  /** The epoch and batch that come next. */
  epoch: number;
  batch: number;
  /** The generator before this epoch's order was drawn. */
  order: GeneratorState;
  readonly callbacks: readonly Callback[];
  readonly history: History;
}

/** `Model.fit`. */
export async function fitModel(
  model: Model,
  data: DataParts | Dataset,
  yOrOptions?: DataParts | FitOptions,
  maybeOptions?: FitOptions,
): Promise<History> {
  const dataset = isDataset(data);
  const options = ((dataset ? yOrOptions : maybeOptions) ?? {}) as FitOptions;
  check(model, options, dataset);
  const y = dataset ? undefined : (yOrOptions as DataParts);
  const { training, validation } = sources(model, data, y, options);
  if (model.run?.running) {
    throw new RondoError("state", `${model.name} is being trained already`, {
      fix: "wait for the first fit to finish",
    });
  }
  const run: FitRun = {
    running: true,
    epoch: options.initialEpoch ?? 0,
    batch: 0,
    order: model.shuffling.getState(),
    callbacks: checkCallbacks(options.callbacks),
    history: { epoch: [], history: {}, aborted: false },
  };
  model.run = run;
  model.stopTraining = false;
  try {
    if (options.worker) await fitInWorker(model, run, data, y, options);
    else await train(model, run, training, validation, options);
  } finally {
    run.running = false;
  }
  return run.history;
}

function check(model: Model, options: FitOptions, dataset: boolean): void {
  checkOptions("fit", options, optionNames);
  if (typeof options.worker === "object") checkOptions("fit, worker", options.worker, ["modules"]);
  void model.compiled; // throws unless compiled
  if (options.batchSize !== undefined && options.batchSize !== "all") checkCount("fit", "batchSize", options.batchSize);
  for (const name of ["epochs", "validationBatchSize", "validationSteps", "stepsPerEpoch"] as const) {
    const value = options[name];
    if (value !== undefined) checkCount("fit", name, value);
  }
  const { validationFreq = 1 } = options;
  const due: readonly unknown[] = Array.isArray(validationFreq) ? validationFreq : [validationFreq];
  for (const each of due) checkCount("fit", "validationFreq", each as number);
  if (options.initialEpoch !== undefined) checkCount("fit", "initialEpoch", options.initialEpoch, 0);
  const misplaced = (["batchSize", "shuffle", "validationSplit", "sampleWeight", "classWeight"] as const).filter(
    (name) => options[name] !== undefined && options[name] !== false,
  );
  if (dataset && misplaced.length > 0) {
    throw new RondoError("option", `fit: a dataset decides about ${misplaced.join(" and ")} itself`, {
      fix: "let the dataset give batches as you want them, or pass arrays x and y",
    });
  }
  if (options.validationSplit && options.validationData) {
    throw new RondoError("option", "fit takes either validationSplit or validationData", {
      fix: "remove one of the two",
    });
  }
}
