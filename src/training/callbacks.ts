import type { Batch } from "../data/batches.js";
import { checkOptions, RondoError } from "../errors.js";
import type { Model } from "../model/model.js";
import type { SavedState } from "./saved-state.js";

/** Values by name: loss, the metrics, and with validation the same names after "val_". */
export type Logs = Readonly<Record<string, number>>;

/** What a callback can see of the training it runs in. */
export interface TrainingContext {
  readonly model: Model;
  /** Epochs asked for. */
  readonly epochs: number;
  /** Batches in an epoch; undefined for a dataset of unknown length. */
  readonly batches: number | undefined;
  /** Loss of the batch that just ended; the `loss` in logs is the mean over the epoch so far. */
  readonly batchLoss: number;
  /** The batch that is trained on, from onBatchBegin to onBatchEnd; null in a worker's training. */
  readonly batch: Batch | null;
  /** Whether the signal given to `fit` has ended the training: it may be meant to go on later. */
  readonly aborted: boolean;
  /** Ends the training after the running batch (or epoch, when called at its end). */
  stop(): void;
}

type Awaitable = void | Promise<void>;

/**
 * Functions called while a model trains; asynchronous ones are waited for. Epochs and batches count from 0.
 *
 * @example await model.fit(x, y, { callbacks: { onEpochEnd: (epoch, logs) => console.log(epoch, logs.loss) } });
 */
export interface Callback {
  /** Under which name its state is saved; needed only for callbacks that have one. */
  readonly name?: string;
  /** Before the first epoch. */
  onTrainBegin?(context: TrainingContext): Awaitable;
  /** After the last epoch; `logs` are those of the last one. */
  onTrainEnd?(logs: Logs, context: TrainingContext): Awaitable;
  /** Before the first batch of an epoch. */
  onEpochBegin?(epoch: number, context: TrainingContext): Awaitable;
  /** After an epoch and its validation; `logs` has both, the latter as `val_…`. */
  onEpochEnd?(epoch: number, logs: Logs, context: TrainingContext): Awaitable;
  /** Before the training step of a batch. */
  onBatchBegin?(batch: number, context: TrainingContext): Awaitable;
  /** `logs` are means over the epoch so far, as in Keras. */
  onBatchEnd?(batch: number, logs: Logs, context: TrainingContext): Awaitable;
  /** Before every validation. */
  onTestBegin?(context: TrainingContext): Awaitable;
  /** After every validation, with its results. */
  onTestEnd?(logs: Logs, context: TrainingContext): Awaitable;
  /**
   * A loss or gradient is NaN or infinite, and the weights are as they were before that step. `fit` rejects with the error
   * unless a callback stops the training here.
   */
  onNonFinite?(error: RondoError, context: TrainingContext): Awaitable;
  /** What the callback needs to go on later exactly. */
  getState?(): SavedState;
  /** Goes on from what `getState` gave. */
  setState?(state: SavedState): void;
}

/** Hooks that are called in the course of the training, wherever it runs. @internal */
export const courseHooks = [
  "onEpochBegin",
  "onEpochEnd",
  "onBatchBegin",
  "onBatchEnd",
  "onTestBegin",
  "onTestEnd",
  "onNonFinite",
] as const;
const hookNames = ["onTrainBegin", "onTrainEnd", ...courseHooks, "getState", "setState"] as const;

/** Throws RondoError "option" for an object that is no callback, with a did-you-mean for misspelt hooks. @internal */
export function checkCallbacks(callbacks: Callback | readonly Callback[] | undefined): readonly Callback[] {
  const list: readonly Callback[] =
    callbacks === undefined ? [] : Array.isArray(callbacks) ? callbacks : [callbacks as Callback];
  for (const callback of list) {
    if (typeof callback !== "object" || callback === null) {
      throw new RondoError("option", "a callback is an object with functions", {
        received: String(callback),
        expected: hookNames.join(", "),
        fix: "{ onEpochEnd: (epoch, logs) => … }",
      });
    }
    // Instances of classes may hold anything; plain objects hold hooks.
    if (Object.getPrototypeOf(callback) === Object.prototype)
      checkOptions("a callback", callback, ["name", ...hookNames]);
  }
  return list;
}

/**
 * A callback made of single functions; the same as the plain object, for those who know it from Keras.
 *
 * @example callbacks.lambda({ onEpochEnd: (epoch, logs) => console.log(epoch, logs.loss) })
 */
export function lambda(hooks: Omit<Callback, "getState" | "setState">): Callback {
  checkOptions("callbacks.lambda", hooks, ["name", ...hookNames]);
  return hooks;
}
