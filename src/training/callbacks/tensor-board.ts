import { checkOptions, RondoError } from "../../errors.js";
import { type EventValue, eventFileHeader, eventRecord } from "../../formats/event-file.js";
import { files } from "../../util/files.js";
import type { Callback, Logs, TrainingContext } from "../callbacks.js";
import { checkCount } from "../checks.js";
import type { SavedState } from "../saved-state.js";

/** Options of `callbacks.tensorBoard`. */
export interface TensorBoardOptions {
  /** Histograms of all weights every so many epochs; 0, the default: none. */
  histogramFreq?: number;
  /** Also values within epochs ("batch_loss", …): every so many batches. "epoch", the default: none. */
  updateFreq?: "epoch" | "batch" | number;
  /** The model's summary as a text. True by default. */
  writeSummary?: boolean;
}

let written = 0;

/** One event file, begun when there is something to write. */
class EventFile {
  private path: string | null = null;
  constructor(private readonly folder: string) {}

  async write(step: number, values: readonly EventValue[]): Promise<void> {
    if (values.length === 0) return;
    const seconds = Date.now() / 1000;
    let header = new Uint8Array();
    if (!this.path) {
      // TensorBoard reads the files of a folder in the order of their names.
      this.path = `${this.folder}/events.out.tfevents.${Math.floor(seconds)}.rondo.${++written}`;
      header = eventFileHeader(seconds) as Uint8Array<ArrayBuffer>;
    }
    const event = eventRecord(seconds, step, values);
    const bytes = new Uint8Array(header.length + event.length);
    bytes.set(header);
    bytes.set(event, header.length);
    await files().append(this.path, bytes);
  }
}

class TensorBoard implements Callback {
  readonly name = "tensorBoard";
  private train: EventFile;
  private validation: EventFile;
  private batches = 0;

  constructor(
    private readonly logDir: string,
    private readonly options: Required<TensorBoardOptions>,
  ) {
    [this.train, this.validation] = this.open();
  }

  private open(): [EventFile, EventFile] {
    return [new EventFile(`${this.logDir}/train`), new EventFile(`${this.logDir}/validation`)];
  }

  onTrainBegin(): void {
    [this.train, this.validation] = this.open();
    this.batches = 0;
  }

  async onBatchEnd(_batch: number, logs: Logs, { model }: TrainingContext): Promise<void> {
    const step = this.batches++;
    if (step === 0 && this.options.writeSummary) {
      const lines: string[] = [];
      model.summary({ print: (line) => lines.push(`    ${line}`) }); // four spaces: a block of code in Markdown
      await this.train.write(0, [{ tag: "model", text: lines.join("\n") }]);
    }
    const every = this.options.updateFreq === "batch" ? 1 : this.options.updateFreq;
    if (every === "epoch" || step % every !== 0) return;
    await this.train.write(step, scalars("batch_", { ...logs, learning_rate: model.optimizer.learningRate }));
  }

  async onEpochEnd(epoch: number, logs: Logs, { model }: TrainingContext): Promise<void> {
    const entries = Object.entries(logs);
    const own = Object.fromEntries(entries.filter(([name]) => !name.startsWith("val_")));
    const held = entries.filter(([name]) => name.startsWith("val_")).map(([name, v]) => [name.slice(4), v]);
    const values = scalars("epoch_", { ...own, learning_rate: model.optimizer.learningRate });
    const { histogramFreq } = this.options;
    if (histogramFreq > 0 && epoch % histogramFreq === 0) {
      for (const [tag, weight] of model.namedWeights) values.push({ tag, histogram: weight.dataSync() });
    }
    await this.train.write(epoch, values);
    await this.validation.write(epoch, scalars("epoch_", Object.fromEntries(held)));
  }

  getState(): SavedState {
    return { tensors: {}, values: { batches: this.batches } };
  }

  setState({ values }: SavedState): void {
    this.batches = Number(values.batches);
  }
}

function scalars(prefix: string, logs: Logs): EventValue[] {
  return Object.entries(logs).map(([name, scalar]) => ({ tag: prefix + name, scalar }));
}

/**
 * Writes event files for TensorBoard (`tensorboard --logdir logs`), as Keras lays them out: "epoch_loss" and so on in
 * `<logDir>/train` and, with validation, in `<logDir>/validation`; on request values within epochs and histograms of the
 * weights. Give every run a folder of its own. Throws RondoError "file".
 *
 * @example callbacks.tensorBoard("logs/run-1", { histogramFreq: 1 })
 */
export function tensorBoard(logDir: string, options: TensorBoardOptions = {}): Callback {
  const where = "callbacks.tensorBoard";
  checkOptions(where, options, ["histogramFreq", "updateFreq", "writeSummary"]);
  const { histogramFreq = 0, updateFreq = "epoch", writeSummary = true } = options;
  checkCount(where, "histogramFreq", histogramFreq, 0);
  if (updateFreq !== "epoch" && updateFreq !== "batch") checkCount(where, "updateFreq", updateFreq);
  if (typeof logDir !== "string" || logDir === "") {
    throw new RondoError("option", `${where} needs a folder to write to`, { received: String(logDir) });
  }
  return new TensorBoard(logDir, { histogramFreq, updateFreq, writeSummary });
}
