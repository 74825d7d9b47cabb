import { RondoError } from "../../errors.js";
import { transpose } from "../../tensor/ops/movement.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import { type AnyField, type Field, type Fields, oneOf } from "../fields.js";
import type { BatchShape, CallContext, LayerOptions } from "../layer.js";

/** Where an input has its features (channels): [batch, …, features] or [batch, features, …]. */
export type DataFormat = "channelsLast" | "channelsFirst";

/** Options of layers over time or planes. */
export interface SpatialOptions extends LayerOptions {
  /** Whether the features are the last axis (default) or the one after the batch. */
  dataFormat?: DataFormat;
}

export const spatialFields = {
  dataFormat: oneOf<DataFormat>(["channelsLast", "channelsFirst"], "channelsLast"),
} satisfies Fields<SpatialOptions, keyof LayerOptions>;

/** One number for every spatial axis, or one for each. */
export type PerAxis = number | readonly [number, number];

/**
 * One whole number of at least `minimum` for all spatial axes, or a list with one for each; required unless there is a
 * default. Along a single axis a plain number is written.
 */
export function perAxis(
  axes: number,
  fallback?: number,
  minimum = 1,
): Field<number | readonly number[], readonly number[]> {
  return {
    read: (value = fallback as number, at) => {
      const list = Array.isArray(value) ? (value as readonly number[]) : new Array<number>(axes).fill(value as number);
      if (list.length === axes && list.every((n) => Number.isInteger(n) && n >= minimum)) return list;
      throw new RondoError("value", `${at} cannot be this`, {
        received: JSON.stringify(value) ?? String(value),
        expected: `a whole number of at least ${minimum}${axes > 1 ? `, or ${axes} of them` : ""}`,
      });
    },
    write: (value) => (axes === 1 ? value[0] : [...value]),
  };
}

type Pair = readonly [number, number];

/** Counts at both ends of every spatial axis: one number, one for each axis, or [before, after] for each. */
export type Edges = number | Pair | readonly [Pair, Pair];

const isCount = (n: unknown) => Number.isInteger(n) && (n as number) >= 0;
const isPair = (value: unknown): value is Pair => Array.isArray(value) && value.length === 2 && value.every(isCount);

/** See `Edges`. Along a single axis two numbers are [before, after], and so they are written. */
export function edges(axes: number, fallback: number): Field<Edges, readonly Pair[]> {
  return {
    read: (value = fallback, at) => {
      if (axes === 1 && isPair(value)) return [value];
      const list: readonly unknown[] = Array.isArray(value) ? value : new Array(axes).fill(value);
      const pairs = list.map((each) => (isCount(each) ? ([each, each] as Pair) : each));
      if (pairs.length === axes && pairs.every(isPair)) return pairs;
      throw new RondoError("value", `${at} cannot be this`, {
        received: JSON.stringify(value) ?? String(value),
        expected: `a whole number of at least 0, or ${axes === 1 ? "" : "for each axis one or "}[before, after]`,
      });
    },
    write: (value) => (axes === 1 ? [...value[0]!] : value.map((pair) => [...pair])),
  };
}

const layouts = ["", "[batch, time, features]", "[batch, height, width, channels]"];
const layoutsFirst = ["", "[batch, features, time]", "[batch, channels, height, width]"];

/**
 * A layer over one or two spatial axes. Subclasses see features last, whatever the data format. A mask ends here, as in
 * Keras: steps no longer correspond.
 */
export abstract class SpatialLayer<V extends { readonly dataFormat: DataFormat }> extends FieldLayer<V> {
  /** Number of spatial axes: time, or height and width. */
  readonly axes: number;

  constructor(where: string, fields: { readonly [K in keyof V]: AnyField }, options: LayerOptions, axes: number) {
    super(where, fields, options);
    this.axes = axes;
  }

  /** The computation, features last. */
  protected abstract run(input: Tensor, context: CallContext): Tensor;

  /** Shape of the output, features last, for an input of the right rank. */
  protected abstract outputShape(inputShape: BatchShape): BatchShape;

  /** Makes the weights; features last. */
  protected make(_inputShape: BatchShape): void {}

  private get first(): boolean {
    return this.options.dataFormat === "channelsFirst";
  }

  /** The axes of a tensor in this layer's format, in the order features last. */
  private get toLast(): number[] {
    const all = Array.from({ length: this.axes + 2 }, (_, i) => i);
    return this.first ? [0, ...all.slice(2), 1] : all;
  }

  private get toFirst(): number[] {
    const all = Array.from({ length: this.axes }, (_, i) => i + 1);
    return [0, this.axes + 1, ...all];
  }

  private checkRank(shape: BatchShape): void {
    if (shape.length === this.axes + 2) return;
    throw new RondoError("shape", `${this.className} cannot take an input of this rank`, {
      path: this.describe(),
      received: formatShape(shape),
      expected: (this.first ? layoutsFirst : layouts)[this.axes]!,
      fix:
        shape.length > this.axes + 2 ? "wrap the layer in layers.timeDistributed, or reshape" : "add the missing axes",
    });
  }

  override build(inputShape: BatchShape): void {
    this.checkRank(inputShape);
    this.make(this.toLast.map((axis) => inputShape[axis]!));
  }

  call(input: Tensor, context: CallContext): Tensor {
    this.checkRank(input.shape);
    if (!this.first) return this.run(input, context);
    const output = this.run(transpose(input, this.toLast), context);
    return output.rank === input.rank ? transpose(output, this.toFirst) : output;
  }

  override computeMask(): null {
    return null;
  }

  override computeOutputShape(inputShape: BatchShape): BatchShape {
    this.checkRank(inputShape);
    const shape = this.outputShape(this.toLast.map((axis) => inputShape[axis] ?? null));
    return this.first && shape.length === inputShape.length ? this.toFirst.map((axis) => shape[axis]!) : shape;
  }
}
