import {
  arrayBatches,
  type Batch,
  type BatchSource,
  type Dataset,
  datasetBatches,
  isDataset,
  splitExamples,
} from "../data/batches.js";
import { type DataParts, type Examples, examplesOf } from "../data/examples.js";
import { checkOptions, RondoError } from "../errors.js";
import type { Model } from "../model/model.js";
import type { GeneratorState } from "../tensor/generator.js";
import { host } from "../util/host.js";
import { Breath } from "./breath.js";
import { type Callback, checkCallbacks, type Logs, type TrainingContext } from "./callbacks.js";
import { checkCount } from "./checks.js";
import { type ClassWeight, weightClasses } from "./class-weight.js";
import { evaluateBatches } from "./evaluate.js";
import { fitInWorker } from "./fit-in-worker.js";
import { runStep } from "./step.js";
import { takeUpTraining } from "./training-state.js";
import { checkTruncation, type Truncation, trainTruncated } from "./truncated.js";

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
   * Trains in another thread, so that this one stays free for requests or the page: the same numbers, for arrays as data.
   * Callbacks run here; between epochs the model here is as it was at the last one's end. Classes of your own are
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

interface Sources {
  training: BatchSource;
  validation: BatchSource | null;
}

function sources(model: Model, data: DataParts | Dataset, y: DataParts | undefined, options: FitOptions): Sources {
  const { validationSplit, validationData } = options;
  const names = model.partNames;
  const sizeFor = (examples: Examples) => {
    const { batchSize = 32 } = options;
    return batchSize === "all" ? Math.max(1, examples.x[0]!.length) : batchSize;
  };
  const ofValidation = (held: Examples) => arrayBatches(held, options.validationBatchSize ?? sizeFor(held));
  let validation: BatchSource | null = null;
  if (validationData !== undefined) {
    validation = isPair(validationData)
      ? ofValidation(examplesOf("validationData", names, ...partsOf(validationData)))
      : datasetBatches("validationData", validationData as Dataset, names);
  }
  if (isDataset(data)) {
    if (options.truncate) checkTruncation(model, options.truncate, null);
    return { training: datasetBatches("fit", data, names), validation };
  }
  let examples = examplesOf("fit", names, data, y, options.sampleWeight);
  if (!examples.y) {
    throw new RondoError("data", "fit needs targets", { received: "x alone", expected: "fit(x, y, options)" });
  }
  if (validationSplit) {
    const [train, held] = splitExamples(examples, validationSplit);
    examples = train;
    validation = ofValidation(held);
  }
  if (options.classWeight) {
    const losses = model.compiled.outputs.map(({ loss }) => loss);
    examples = weightClasses(examples, losses, options.classWeight);
  }
  if (options.truncate) checkTruncation(model, options.truncate, examples);
  const batchSize = sizeFor(examples);
  const { length } = examples.x[0]!;
  if (model.stateful && length % batchSize !== 0) {
    throw new RondoError("shape", "a stateful model needs batches of one size", {
      received: `${length} examples in batches of ${batchSize}`,
      expected: `a number of examples that is a multiple of ${batchSize}`,
      fix: "leave some examples out, or choose another batchSize",
    });
  }
  return { training: arrayBatches(examples, batchSize), validation };
}

/** @internal */
export function isPair(data: ValidationData): data is Exclude<ValidationData, Dataset> {
  if (Array.isArray(data)) return !isDataset(data);
  return typeof data === "object" && "x" in data && "y" in data;
}

/** @internal */
export function partsOf(data: Exclude<ValidationData, Dataset>): [DataParts, DataParts, DataParts | undefined] {
  if (Array.isArray(data)) return [data[0], data[1], data[2]];
  const { x, y, sampleWeight } = data as { x: DataParts; y: DataParts; sampleWeight?: DataParts };
  return [x, y, sampleWeight];
}

/** Batches one after the other, through the ends of epochs where asked to. */
class Feed {
  private iterator: AsyncIterator<Batch> | Iterator<Batch> | null = null;
  constructor(
    private readonly source: BatchSource,
    private readonly steps: number | undefined,
  ) {}

  /** Starts an epoch. With a fixed number of steps an open pass over a dataset goes on. */
  begin(order: ArrayLike<number> | undefined): void {
    if (this.steps !== undefined && this.source.examples === undefined && this.iterator) return;
    const opened = this.source.open(order);
    this.iterator = Symbol.asyncIterator in opened ? opened[Symbol.asyncIterator]() : opened[Symbol.iterator]();
  }

  /** The next batch of the epoch, or null at its end. `done` batches of the epoch came before. */
  async next(done: number): Promise<Batch | null> {
    if (this.steps !== undefined && done >= this.steps) return null;
    const { value, done: ended } = await this.iterator!.next();
    if (!ended) return value;
    this.iterator = null;
    if (done > 0 && (this.steps === undefined || this.source.examples !== undefined)) return null;
    if (this.steps !== undefined) {
      // A dataset shorter than the steps starts over.
      this.begin(undefined);
      const again = await this.iterator!.next();
      if (!again.done) return again.value;
    }
    throw new RondoError("data", done > 0 ? "the dataset ran out of batches" : "the dataset gave no batches", {
      fix: "pass a function that makes the dataset anew for every epoch: fit(() => batches(), …)",
    });
  }

  /** Passes over what was trained before a state was taken: `done` batches of epoch number `epoch`. */
  async skip(epoch: number, done: number): Promise<void> {
    const through = this.steps !== undefined && this.source.examples === undefined;
    const count = through ? epoch * this.steps! + done : done;
    for (let i = 0; i < count; i++) await this.next(through ? i % this.steps! : i);
  }

  async close(): Promise<void> {
    await this.iterator?.return?.();
  }
}

async function train(
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
  const feed = new Feed(training, stepsPerEpoch);
  let logs: Logs = {};
  let broken = false;
  for (const callback of callbacks) await callback.onTrainBegin?.(context);
  let resumed = takeUpTraining(model, run, options.initialEpoch !== undefined);

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
        const values = await evaluateBatches(model, validation, options.validationSteps, signal).catch(
          (error: unknown) => surviveNonFinite(error, callbacks, context),
        );
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
  // An aborted training goes on later from the weights it has now.
  if (!history.aborted && model.built) model.optimizer.finalizeVariables(model.trainableWeights);
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
