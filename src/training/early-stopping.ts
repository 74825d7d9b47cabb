import { checkOptions } from "../errors.js";
import { clone } from "../tensor/ops/creation.js";
import type { Tensor } from "../tensor/tensor.js";
import { host } from "../util/host.js";
import { checkMode, type MonitorMode, monitored, signOf } from "./callbacks/monitor.js";
import type { Callback, Logs, TrainingContext } from "./callbacks.js";
import type { SavedState } from "./saved-state.js";

/** Options of `callbacks.earlyStopping`. */
export interface EarlyStoppingOptions {
  /** The value watched; "val_loss" by default. */
  monitor?: string;
  /** Smaller changes do not count as better. 0 by default. */
  minDelta?: number;
  /** Epochs without anything better before training stops. 0 by default. */
  patience?: number;
  /** Whether smaller or larger is better; "auto" knows it for the loss and the metrics. */
  mode?: MonitorMode;
  /** Waiting goes on until the value is better than this. */
  baseline?: number;
  /** Put the weights of the best epoch back at the end, unless the training was aborted. */
  restoreBestWeights?: boolean;
  /** Epochs before this one (from 0) are not looked at. */
  startFromEpoch?: number;
  /** 1 prints when training stops, and which weights are put back. 0 by default. */
  verbose?: 0 | 1;
}

class EarlyStopping implements Callback {
  readonly name = "earlyStopping";
  /** Epoch at whose end training was stopped, or null. */
  stoppedEpoch: number | null = null;
  bestEpoch = 0;
  best: number | null = null;
  private wait = 0;
  private bestWeights: Tensor[] | null = null;
  private sign = 0;
  private readonly options: Required<Omit<EarlyStoppingOptions, "baseline">> & { baseline: number | null };

  constructor(options: EarlyStoppingOptions) {
    checkOptions("callbacks.earlyStopping", options, [
      "monitor",
      "minDelta",
      "patience",
      "mode",
      "baseline",
      "restoreBestWeights",
      "startFromEpoch",
      "verbose",
    ]);
    const { monitor = "val_loss", minDelta = 0, patience = 0, mode = "auto", baseline = null } = options;
    const { restoreBestWeights = false, startFromEpoch = 0, verbose = 0 } = options;
    checkMode("callbacks.earlyStopping", mode);
    this.options = {
      monitor,
      minDelta: Math.abs(minDelta),
      patience,
      mode,
      baseline,
      restoreBestWeights,
      startFromEpoch,
      verbose,
    };
  }

  onTrainBegin({ model }: TrainingContext): void {
    this.wait = 0;
    this.stoppedEpoch = null;
    this.best = null;
    this.bestEpoch = 0;
    this.forgetWeights();
    this.sign = signOf(model, this.options.monitor, this.options.mode);
  }

  onEpochEnd(epoch: number, logs: Logs, context: TrainingContext): void {
    const { monitor, patience, baseline, restoreBestWeights, startFromEpoch } = this.options;
    const current = monitored("early stopping", monitor, logs);
    if (epoch < startFromEpoch) return;
    if (restoreBestWeights && !this.bestWeights) this.rememberWeights(epoch, context);
    this.wait++;
    if (this.isBetter(current, this.best)) {
      this.best = current;
      this.bestEpoch = epoch;
      if (restoreBestWeights) this.rememberWeights(epoch, context);
      if (this.isBetter(current, baseline)) this.wait = 0;
      return;
    }
    if (this.wait >= patience && epoch > 0) {
      this.stoppedEpoch = epoch;
      context.stop();
    }
  }

  onTrainEnd(_logs: Logs, { model, aborted }: TrainingContext): void {
    const say = (what: string) => this.options.verbose && host().print(what);
    if (this.stoppedEpoch !== null) say(`Epoch ${this.stoppedEpoch + 1}: early stopping`);
    // An aborted training goes on later from the weights it has now.
    if (!this.bestWeights || aborted) return;
    say(`weights of the best epoch, ${this.bestEpoch + 1}, are put back`);
    model.setWeights(this.bestWeights);
  }

  getState(): SavedState {
    const { wait, best, bestEpoch, stoppedEpoch } = this;
    const weights = this.bestWeights ?? [];
    return {
      tensors: Object.fromEntries(weights.map((t, i) => [`best_weights_${i}`, clone(t)])),
      values: { wait, best, bestEpoch, stoppedEpoch, weights: weights.length },
    };
  }

  setState({ tensors, values }: SavedState): void {
    this.wait = Number(values.wait);
    this.best = values.best === null ? null : Number(values.best);
    this.bestEpoch = Number(values.bestEpoch);
    this.stoppedEpoch = values.stoppedEpoch === null ? null : Number(values.stoppedEpoch);
    this.forgetWeights();
    const count = Number(values.weights);
    if (count > 0) this.bestWeights = Array.from({ length: count }, (_, i) => clone(tensors[`best_weights_${i}`]!));
  }

  private isBetter(value: number, reference: number | null): boolean {
    return reference === null || this.sign * value + this.options.minDelta < this.sign * reference;
  }

  private rememberWeights(epoch: number, { model }: TrainingContext): void {
    this.forgetWeights();
    this.bestWeights = model.getWeights();
    this.bestEpoch = epoch;
  }

  private forgetWeights(): void {
    for (const t of this.bestWeights ?? []) t.dispose();
    this.bestWeights = null;
  }
}

export type { EarlyStopping };

/**
 * Stops training when a value no longer gets better, and may put the best weights back.
 *
 * @example await model.fit(x, y, { callbacks: [earlyStopping({ patience: 5, restoreBestWeights: true })] })
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): EarlyStopping {
  return new EarlyStopping(options);
}
