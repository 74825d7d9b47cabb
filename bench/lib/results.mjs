// Results of several runs as one file: JSON Lines, a line about the machine, then one line per case.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** What makes two rows the same case. */
export const keyOf = (row) =>
  [row.mode, row.cell, row.base, row.threads, row.batch, row.time, row.inputs, row.units, row.layers ?? 1].join("/");

const order = ["start", "train", "infer", "text", "stream"];
const cellOrder = ["lstm", "gru", "rnn"];
const place = (row) => [
  order.indexOf(row.mode),
  row.base === "wasm" ? 1 : 0,
  row.threads,
  cellOrder.indexOf(row.cell),
  row.batch ?? 0,
  row.time ?? 0,
  row.units ?? 0,
  row.layers ?? 0,
];

/** In the order of the tables. */
export function sorted(rows) {
  return [...rows].sort((a, b) => {
    const [left, right] = [place(a), place(b)];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at < 0 ? 0 : left[at] - right[at];
  });
}

/**
 * Puts a run into the results so far. A case measured again replaces the old one; of the same build both may add their
 * peers to it. Results of another processor are another machine's: they are dropped. Versions of peers and measured
 * peaks that the new run does not know stay.
 */
export function merge(before, run) {
  if (!before || before.environment.cpu !== run.environment.cpu) return { ...run, rows: sorted(run.rows) };
  const rows = new Map(before.rows.map((row) => [keyOf(row), row]));
  for (const row of run.rows) {
    const old = rows.get(keyOf(row));
    const same = old && old.build === row.build;
    rows.set(keyOf(row), same ? { ...old, ...row, systems: { ...old.systems, ...row.systems } } : row);
  }
  const environment = {
    ...run.environment,
    systems: { ...before.environment.systems, ...run.environment.systems },
    peak: { ...before.environment.peak, ...run.environment.peak },
  };
  return { environment, rows: sorted(rows.values()) };
}

export function toText({ environment, rows }) {
  return `${[environment, ...rows].map((line) => JSON.stringify(line)).join("\n")}\n`;
}

export function fromText(text) {
  const [environment, ...rows] = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { environment, rows };
}

export const readResults = (file) => (existsSync(file) ? fromText(readFileSync(file, "utf8")) : null);

/** Written beside and renamed: an interrupted run leaves the old file or the new one. */
export function writeResults(file, results) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, toText(results));
  renameSync(`${file}.part`, file);
}
