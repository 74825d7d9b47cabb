import { formatShape } from "../tensor/shape.js";
import { host } from "../util/host.js";
import type { Model } from "./model.js";

/** One line of a summary. */
export interface SummaryRow {
  readonly name: string;
  /** Class of the layer, e.g. "LSTM". */
  readonly type: string;
  /** With the batch axis, null where sizes vary; null before the model is built. */
  readonly outputShape: readonly (number | null)[] | null;
  /** Number of weights; null before the model is built. */
  readonly params: number | null;
  readonly trainable: boolean;
  /** Names of the tensors it takes, for models that are not a plain chain. */
  readonly connectedTo?: readonly string[];
}

/** What `model.summary()` shows. */
export interface Summary {
  readonly name: string;
  readonly rows: readonly SummaryRow[];
  readonly totalParams: number;
  readonly trainableParams: number;
}

const sizes = (weights: readonly { size: number }[]) => weights.reduce((sum, { size }) => sum + size, 0);

export function summarize(model: Model): Summary {
  return {
    name: model.name,
    rows: model.summaryRows(),
    totalParams: sizes(model.weights),
    trainableParams: sizes(model.trainableWeights),
  };
}

/** A row per layer of a chain. */
export function chainRows(model: Model): SummaryRow[] {
  let shape = model.inputShape;
  return model.layers.map((layer): SummaryRow => {
    if (shape) shape = layer.computeOutputShape(shape);
    return {
      name: layer.name,
      type: layer.className,
      outputShape: shape,
      params: layer.built ? layer.countParams() : null,
      trainable: layer.trainable,
    };
  });
}

const number = (n: number) => n.toLocaleString("en-US");

export function printSummary(summary: Summary, print: (line: string) => void = (line) => host().print(line)): void {
  const connected = summary.rows.some(({ connectedTo }) => connectedTo);
  const table = [
    ["Layer (type)", "Output shape", "Params", ...(connected ? ["Connected to"] : [])],
    ...summary.rows.map(({ name, type, outputShape, params, trainable, connectedTo }) => [
      `${name} (${type})${trainable ? "" : ", frozen"}`,
      outputShape ? formatShape(outputShape) : "not built",
      params === null ? "?" : number(params),
      ...(connected ? [connectedTo?.join(", ") ?? ""] : []),
    ]),
  ];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((cells) => cells[column]!.length)));
  const rule = "─".repeat(widths.reduce((sum, w) => sum + w + 2, -2));
  print(`Model "${summary.name}"`);
  print(rule);
  table.forEach((cells, i) => {
    // Numbers stand at the right of their column.
    const padded = cells.map((cell, column) =>
      column === 2 ? cell.padStart(widths[2]!) : cell.padEnd(widths[column]!),
    );
    print(padded.join("  ").trimEnd());
    if (i === 0) print(rule);
  });
  print(rule);
  const frozen = summary.totalParams - summary.trainableParams;
  print(
    `${number(summary.totalParams)} parameters, ${number(summary.trainableParams)} trainable, ${number(frozen)} frozen`,
  );
}
