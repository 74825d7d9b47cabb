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
  let shape = model.inputShape;
  const rows = model.layers.map((layer): SummaryRow => {
    if (shape) shape = layer.computeOutputShape(shape);
    return {
      name: layer.name,
      type: layer.className,
      outputShape: shape,
      params: layer.built ? layer.countParams() : null,
      trainable: layer.trainable,
    };
  });
  return {
    name: model.name,
    rows,
    totalParams: sizes(model.weights),
    trainableParams: sizes(model.trainableWeights),
  };
}

const number = (n: number) => n.toLocaleString("en-US");

export function printSummary(summary: Summary, print: (line: string) => void = (line) => host().print(line)): void {
  const table = [
    ["Layer (type)", "Output shape", "Params"],
    ...summary.rows.map(({ name, type, outputShape, params, trainable }) => [
      `${name} (${type})${trainable ? "" : ", frozen"}`,
      outputShape ? formatShape(outputShape) : "not built",
      params === null ? "?" : number(params),
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((cells) => cells[column]!.length)));
  const rule = "─".repeat(widths.reduce((sum, w) => sum + w, 0) + 4);
  print(`Model "${summary.name}"`);
  print(rule);
  table.forEach(([layer, shape, params], i) => {
    print(`${layer!.padEnd(widths[0]!)}  ${shape!.padEnd(widths[1]!)}  ${params!.padStart(widths[2]!)}`);
    if (i === 0) print(rule);
  });
  print(rule);
  const frozen = summary.totalParams - summary.trainableParams;
  print(
    `${number(summary.totalParams)} parameters, ${number(summary.trainableParams)} trainable, ${number(frozen)} frozen`,
  );
}
