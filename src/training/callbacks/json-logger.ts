import { checkOptions } from "../../errors.js";
import { files } from "../../util/files.js";
import type { Callback, Logs, TrainingContext } from "../callbacks.js";
import type { SavedState } from "../saved-state.js";
import { readIfAny } from "./log-file.js";

/** Options of `callbacks.jsonLogger`. */
export interface JSONLoggerOptions {
  /** Go on after the lines an existing file has, rather than replacing it. */
  append?: boolean;
}

class JSONLogger implements Callback {
  readonly name = "jsonLogger";
  private lines: string[] = [];

  constructor(
    private readonly path: string,
    private readonly append: boolean,
  ) {}

  async onTrainBegin(): Promise<void> {
    const text = this.append ? await readIfAny(this.path) : "";
    this.lines = text.split(/\r?\n/).filter((line) => line !== "");
  }

  async onEpochEnd(epoch: number, logs: Logs, { model }: TrainingContext): Promise<void> {
    this.lines.push(JSON.stringify({ epoch, ...logs, learningRate: model.optimizer.learningRate }));
    const text = this.lines.map((line) => `${line}\n`).join("");
    await files().write(this.path, new TextEncoder().encode(text));
  }

  getState(): SavedState {
    return { tensors: {}, values: { lines: [...this.lines] } };
  }

  setState({ values }: SavedState): void {
    this.lines = [...(values.lines as string[])];
  }
}

/**
 * Writes one JSON object per epoch and line: epoch, loss, metrics, learningRate (that of the next update); values that are
 * not finite are null. A training that goes on from a saved state goes on with its lines. Throws RondoError "file".
 *
 * @example callbacks.jsonLogger("log.jsonl")
 */
export function jsonLogger(path: string, options: JSONLoggerOptions = {}): Callback {
  checkOptions("callbacks.jsonLogger", options, ["append"]);
  return new JSONLogger(path, options.append ?? false);
}
