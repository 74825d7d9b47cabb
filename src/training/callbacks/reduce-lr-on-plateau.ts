import { checkOptions, RondoError } from "../../errors.js";
import { host } from "../../util/host.js";
import type { Callback, Logs, TrainingContext } from "../callbacks.js";
import { checkCount, checkNotNegative } from "../checks.js";
import type { SavedState } from "../saved-state.js";
import { checkMode, type MonitorMode, monitored, signOf } from "./monitor.js";

/** Options of `callbacks.reduceLROnPlateau`. */
export interface ReduceLROnPlateauOptions {
  /** The value watched; "val_loss" by default. */
  monitor?: string;
  /** The learning rate is multiplied by this, above 0 and below 1. 0.1 by default. */
  factor?: number;
  /** Epochs without anything better before the rate is reduced. 10 by default. */
  patience?: number;
  /** Whether smaller or larger is better; "auto" knows it for the loss and the metrics. */
  mode?: MonitorMode;
  /** Smaller changes do not count as better. 1e-4 by default. */
  minDelta?: number;
  /** Epochs after a reduction that are not counted. 0 by default. */
  cooldown?: number;
  /** The rate is not reduced below this. 0 by default. */
  minLearningRate?: number;
  /** 1 prints when the rate is reduced. 0 by default. */
  verbose?: 0 | 1;
}

class ReduceLROnPlateau implements Callback {
  readonly name = "reduceLROnPlateau";
  private readonly options: Required<ReduceLROnPlateauOptions>;
  private best: number | null = null;
  private wait = 0;
  private resting = 0;
  private sign = 1;

  constructor(options: ReduceLROnPlateauOptions) {
    const where = "callbacks.reduceLROnPlateau";
    const all = {
      monitor: "val_loss",
      factor: 0.1,
      patience: 10,
      mode: "auto" as MonitorMode,
      minDelta: 1e-4,
      cooldown: 0,
      minLearningRate: 0,
      verbose: 0 as const,
    };
    checkOptions(where, options, Object.keys(all));
    this.options = { ...all, ...options };
    const { factor, patience, mode, minDelta, cooldown, minLearningRate } = this.options;
    if (!(factor > 0 && factor < 1)) {
      throw new RondoError("value", `${where}: factor must be above 0 and below 1`, { received: `factor = ${factor}` });
    }
    checkCount(where, "patience", patience, 0);
    checkCount(where, "cooldown", cooldown, 0);
    checkNotNegative(where, "minDelta", minDelta);
    checkNotNegative(where, "minLearningRate", minLearningRate);
    checkMode(where, mode);
  }

  onTrainBegin({ model }: TrainingContext): void {
    this.best = null;
    this.wait = 0;
    this.resting = 0;
    this.sign = signOf(model, this.options.monitor, this.options.mode);
  }

  onEpochEnd(epoch: number, logs: Logs, { model: { optimizer } }: TrainingContext): void {
    const { monitor, factor, patience, minDelta, cooldown, minLearningRate } = this.options;
    const current = monitored("reduceLROnPlateau", monitor, logs);
    if (this.resting > 0) {
      this.resting--;
      this.wait = 0;
    }
    if (this.best === null || this.sign * current + minDelta < this.sign * this.best) {
      this.best = current;
      this.wait = 0;
      return;
    }
    if (this.resting > 0 || ++this.wait < patience) return;
    const rate = optimizer.learningRate;
    if (rate <= minLearningRate) return;
    optimizer.learningRate = Math.max(rate * factor, minLearningRate);
    if (this.options.verbose) host().print(`Epoch ${epoch + 1}: learning rate reduced to ${optimizer.learningRate}`);
    this.resting = cooldown;
    this.wait = 0;
  }

  getState(): SavedState {
    const { best, wait, resting } = this;
    return { tensors: {}, values: { best, wait, resting } };
  }

  setState({ values }: SavedState): void {
    this.best = values.best === null ? null : Number(values.best);
    this.wait = Number(values.wait);
    this.resting = Number(values.resting);
  }
}

/**
 * Reduces the learning rate when a value no longer gets better.
 *
 * @example callbacks.reduceLROnPlateau({ factor: 0.5, patience: 3 })
 */
export function reduceLROnPlateau(options: ReduceLROnPlateauOptions = {}): Callback {
  return new ReduceLROnPlateau(options);
}
