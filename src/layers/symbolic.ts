import { checkOptions, RondoError } from "../errors.js";
import { type DType, formatShape } from "../tensor/shape.js";
import type { BatchShape } from "./component.js";
import type { CallFlags, Layer } from "./layer.js";

/** One call of a layer on symbolic tensors. A layer that is called twice has two of these and one set of weights. */
export interface LayerCall {
  /** Grows with every call, so that calls in this order have their inputs before them. */
  readonly order: number;
  readonly layer: Layer;
  readonly inputs: readonly SymbolicTensor[];
  readonly initialState: readonly SymbolicTensor[];
  readonly attentionMask: SymbolicTensor | null;
  readonly flags: CallFlags;
  readonly outputs: readonly SymbolicTensor[];
}

/**
 * A tensor that is known by its shape only: what `input()` gives, and what layers make of it. Models are made from them.
 *
 * Taken apart, it gives all outputs of the call it comes from:
 * `const [output, h, c] = layers.lstm({ units: 8, returnState: true }).apply(x)`.
 *
 * @typeParam S its shape, as far as it is known when compiling.
 *
 * @example const x: SymbolicTensor = input({ shape: [null, 4] }); x.shape // [null, null, 4]
 */
// biome-ignore lint/suspicious/noExplicitAny: one of any shape takes the place of every other, in both directions.
export class SymbolicTensor<S extends BatchShape = any> {
  /** With the batch axis; null where sizes vary. */
  readonly shape: S;
  readonly dtype: DType;
  readonly name: string;
  /** The call that makes it; null for an input. @internal */ readonly source: LayerCall | null;

  /** @internal Use `input()` and `layer.apply()`. */
  constructor(name: string, shape: S, dtype: DType, source: LayerCall | null) {
    this.name = name;
    this.shape = shape;
    this.dtype = dtype;
    this.source = source;
  }

  /** All outputs of the call that made this one, for layers with several. */
  *[Symbol.iterator](): Generator<SymbolicTensor, void> {
    if (this.source) yield* this.source.outputs;
    else yield this;
  }
}

/** Options of `input`. */
export interface InputOptions<S extends BatchShape = BatchShape> {
  /** Shape of one example, without the batch axis; null where it varies. */
  shape: S;
  /** What the numbers are: "float32" by default, "int32" for token numbers. */
  dtype?: DType;
  /** Under which data are given by name. "input", "input_1", … by default. */
  name?: string;
}

let inputs = 0;
let calls = 0;

/** Starts the numbering of unnamed inputs over. @internal */
export function resetInputNames(): void {
  inputs = 0;
}

/**
 * The beginning of a model: a tensor whose numbers come later. Throws RondoError "shape" for a shape that is none.
 *
 * @example const tokens = input({ shape: [null], dtype: "int32", name: "tokens" });
 */
export function input<const S extends BatchShape>(options: InputOptions<S>): SymbolicTensor<readonly [null, ...S]> {
  checkOptions("input", options, ["shape", "dtype", "name"]);
  const { shape, dtype = "float32", name } = options;
  const fits = (n: unknown) => n === null || (Number.isInteger(n) && (n as number) >= 1);
  if (!Array.isArray(shape) || !shape.every(fits)) {
    throw new RondoError("shape", "input needs the shape of one example", {
      received: Array.isArray(shape) ? formatShape(shape) : String(shape),
      expected: "whole numbers of at least 1, null where sizes vary; the batch axis is left out: [null, 4]",
    });
  }
  if (!["float32", "int32", "bool"].includes(dtype)) {
    throw new RondoError("dtype", "input cannot be of this type", {
      received: String(dtype),
      expected: '"float32", "int32" or "bool"',
    });
  }
  const given = name ?? (inputs++ === 0 ? "input" : `input_${inputs - 1}`);
  return new SymbolicTensor<readonly [null, ...S]>(given, [null, ...options.shape], dtype, null);
}

/** Registers a call of a layer and makes its outputs. @internal */
export function recordCall(
  call: Omit<LayerCall, "order" | "outputs">,
  shapes: readonly BatchShape[],
): LayerCall & { readonly outputs: readonly SymbolicTensor[] } {
  const outputs: SymbolicTensor[] = [];
  const made: LayerCall = { ...call, order: calls++, outputs };
  for (const [i, shape] of shapes.entries()) {
    const name = shapes.length === 1 ? call.layer.name : `${call.layer.name}:${i}`;
    outputs.push(new SymbolicTensor(name, shape, "float32", made));
  }
  return made;
}
