import { checkOptions, RondoError } from "../../errors.js";
import { files } from "../../util/files.js";
import type { Callback, Logs } from "../callbacks.js";
import type { SavedState } from "../saved-state.js";
import { readIfAny } from "./log-file.js";

/** Options of `callbacks.csvLogger`. */
export interface CSVLoggerOptions {
  /** Between two values. "," by default. */
  separator?: string;
  /** Go on after the rows an existing file has, rather than replacing it. */
  append?: boolean;
}

/** What stands where an epoch has no such value, as in Keras. */
const MISSING = "NA";

class CSVLogger implements Callback {
  readonly name = "csvLogger";
  private columns: string[] = ["epoch"];
  private rows: Record<string, string>[] = [];

  constructor(
    private readonly path: string,
    private readonly separator: string,
    private readonly append: boolean,
  ) {}

  async onTrainBegin(): Promise<void> {
    this.columns = ["epoch"];
    this.rows = [];
    if (this.append) this.parse(await readIfAny(this.path));
  }

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    for (const name of Object.keys(logs)) if (!this.columns.includes(name)) this.columns.push(name);
    const row: Record<string, string> = { epoch: String(epoch) };
    for (const [name, value] of Object.entries(logs)) row[name] = String(value);
    this.rows.push(row);
    await this.write();
  }

  private async write(): Promise<void> {
    const lines = [this.columns, ...this.rows.map((row) => this.columns.map((name) => row[name] ?? MISSING))];
    const text = lines.map((line) => `${line.join(this.separator)}\n`).join("");
    await files().write(this.path, new TextEncoder().encode(text));
  }

  private parse(text: string): void {
    const [header, ...rows] = text.split(/\r?\n/).filter((line) => line !== "");
    if (header === undefined) return;
    const columns = header.split(this.separator);
    const cells = rows.map((line) => line.split(this.separator));
    if (columns[0] !== "epoch" || cells.some((line) => line.length !== columns.length)) {
      throw new RondoError("format", "csvLogger cannot append to a file it did not write", {
        path: this.path,
        received: `the first line ${JSON.stringify(header.slice(0, 60))}`,
        expected: `lines of equally many values, the first one beginning with "epoch${this.separator}"`,
        fix: "name another file, or set append: false to replace this one",
      });
    }
    this.columns = columns;
    this.rows = cells.map((line) => Object.fromEntries(columns.map((name, i) => [name, line[i]!])));
  }

  getState(): SavedState {
    return { tensors: {}, values: structuredClone({ columns: this.columns, rows: this.rows }) };
  }

  setState({ values }: SavedState): void {
    const { columns, rows } = structuredClone(values) as { columns: string[]; rows: Record<string, string>[] };
    Object.assign(this, { columns, rows });
  }
}

/**
 * Writes the values of every epoch as a line of a table, readable by spreadsheets, after each epoch: "epoch", then the loss
 * and the metrics in their order. A training that goes on from a saved state goes on with its rows. Throws RondoError
 * "file".
 *
 * @example callbacks.csvLogger("log.csv")
 */
export function csvLogger(path: string, options: CSVLoggerOptions = {}): Callback {
  checkOptions("callbacks.csvLogger", options, ["separator", "append"]);
  const { separator = ",", append = false } = options;
  return new CSVLogger(path, separator, append);
}
