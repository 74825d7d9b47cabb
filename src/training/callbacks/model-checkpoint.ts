import { checkOptions, RondoError } from "../../errors.js";
import { host } from "../../util/host.js";
import type { Callback, Logs, TrainingContext } from "../callbacks.js";
import { checkCount } from "../checks.js";
import type { SavedState } from "../saved-state.js";
import { checkMode, type MonitorMode, monitored, signOf } from "./monitor.js";

/** Options of `callbacks.modelCheckpoint`. */
export interface ModelCheckpointOptions {
  /** The value that says which is best; "val_loss" by default. Only looked at with `saveBestOnly`. */
  monitor?: string;
  /** Save only when the watched value is better than ever before. */
  saveBestOnly?: boolean;
  /** Whether smaller or larger is better; "auto" knows it for the loss and the metrics. */
  mode?: MonitorMode;
  /** "epoch", or every so many batches. "epoch" by default. */
  saveFreq?: "epoch" | number;
  /** Nothing is saved until the value is better than this. */
  initialValueThreshold?: number | null;
  /** Also keep what exact continuation of the training needs. */
  includeTrainingState?: boolean;
  /** 1 prints what is saved, and what is not as it is no better. 0 by default. */
  verbose?: 0 | 1;
}

class ModelCheckpoint implements Callback {
  readonly name = "modelCheckpoint";
  /** The best value saved so far, or null. */
  best: number | null = null;
  private readonly options: Required<ModelCheckpointOptions>;
  private sign = 1;
  private epoch = 0;
  private batches = 0;

  constructor(
    private readonly path: string,
    options: ModelCheckpointOptions,
  ) {
    const where = "callbacks.modelCheckpoint";
    const all = {
      monitor: "val_loss",
      saveBestOnly: false,
      mode: "auto" as MonitorMode,
      saveFreq: "epoch" as const,
      initialValueThreshold: null,
      includeTrainingState: false,
      verbose: 0 as const,
    };
    checkOptions(where, options, Object.keys(all));
    this.options = { ...all, ...options };
    checkMode(where, this.options.mode);
    if (this.options.saveFreq !== "epoch") checkCount(where, "saveFreq", this.options.saveFreq);
    if (typeof path !== "string" || path === "") {
      throw new RondoError("option", `${where} needs a path to save to`, { received: String(path) });
    }
  }

  onTrainBegin({ model }: TrainingContext): void {
    const { saveBestOnly, monitor, mode, initialValueThreshold } = this.options;
    if (saveBestOnly) this.sign = signOf(model, monitor, mode);
    this.best = initialValueThreshold;
    this.batches = 0;
  }

  onEpochBegin(epoch: number): void {
    this.epoch = epoch;
  }

  async onBatchEnd(_batch: number, logs: Logs, context: TrainingContext): Promise<void> {
    const { saveFreq } = this.options;
    if (saveFreq === "epoch" || ++this.batches % saveFreq !== 0) return;
    await this.save(logs, context);
  }

  async onEpochEnd(_epoch: number, logs: Logs, context: TrainingContext): Promise<void> {
    if (this.options.saveFreq === "epoch") await this.save(logs, context);
  }

  private async save(logs: Logs, { model }: TrainingContext): Promise<void> {
    const { saveBestOnly, monitor, includeTrainingState, verbose } = this.options;
    const say = (what: string) => verbose && host().print(`Epoch ${this.epoch + 1}: ${what}`);
    if (saveBestOnly) {
      const current = monitored("modelCheckpoint", monitor, logs);
      if (this.best !== null && !(this.sign * current < this.sign * this.best)) {
        say(`${monitor} ${current} is no better than ${this.best}`);
        return;
      }
      this.best = current;
    }
    const path = fileName(this.path, { epoch: this.epoch + 1, ...logs });
    await model.save(path, { includeTrainingState });
    say(`saved to ${path}`);
  }

  getState(): SavedState {
    const { best, batches } = this;
    return { tensors: {}, values: { best, batches } };
  }

  setState({ values }: SavedState): void {
    this.best = values.best === null ? null : Number(values.best);
    this.batches = Number(values.batches);
  }
}

/** Puts values in for {name}, {name:03d} (whole, filled up with zeros) and {name:.2f} (digits after the point). */
function fileName(path: string, values: Readonly<Record<string, number>>): string {
  return path.replace(
    /\{([^{}:]+)(?::(?:0?(\d*)d|\.(\d+)f))?\}/g,
    (_, name: string, width?: string, digits?: string) => {
      const value = values[name];
      if (value === undefined) {
        throw new RondoError("option", `modelCheckpoint: there is no value {${name}} for the file's name`, {
          path,
          received: name,
          expected: Object.keys(values).join(", "),
        });
      }
      if (digits !== undefined) return value.toFixed(Number(digits));
      return String(value).padStart(Number(width ?? 0), "0");
    },
  );
}

export type { ModelCheckpoint };

/**
 * Saves the model (as `model.save` does: whole files, atomically) after every epoch, or so many batches. The path may hold
 * values: {epoch} (from 1), {val_loss:.3f}, {epoch:03d}. Throws RondoError "file".
 *
 * @example callbacks.modelCheckpoint("best.safetensors", { saveBestOnly: true })
 */
export function modelCheckpoint(path: string, options: ModelCheckpointOptions = {}): ModelCheckpoint {
  return new ModelCheckpoint(path, options);
}
