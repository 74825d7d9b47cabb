import type { DataParts } from "../data/examples.js";
import type { HostArray, ShapedValues } from "../data/host-array.js";
import type { BatchShape } from "../layers/component.js";
import type { Mistake, Ranked } from "../layers/shape-types.js";
import type { Tensor, TypedArray } from "../tensor/tensor.js";

// What a model that knows its shapes at compile time takes and gives; see layers/shape-types.ts.

/** A tensor whose shape is known as far as the type says. */
export type TensorOf<S extends BatchShape> =
  Ranked<S> extends true
    ? Tensor & { readonly shape: { readonly [K in keyof S]: S[K] extends number ? S[K] : number } }
    : Tensor;

type Nested<S extends BatchShape> = S extends readonly [unknown, ...infer Rest extends BatchShape]
  ? readonly Nested<Rest>[]
  : number | boolean;

/** Data of this rank: nested arrays are checked by the compiler, everything else carries its shape at run time. */
export type DataOf<S extends BatchShape> =
  Ranked<S> extends true
    ? Tensor | HostArray | ShapedValues | Nested<S> | (S["length"] extends 1 ? TypedArray | Float64Array : never)
    : DataParts;

/** Nothing where a loss suits the output, or the message why it does not. Only a loss given by one name is judged. */
export type LossCheck<L, S extends BatchShape> =
  Ranked<S> extends false
    ? unknown
    : [L] extends ["categoricalCrossentropy" | "sparseCategoricalCrossentropy"]
      ? S extends readonly [...unknown[], 1]
        ? Mistake<`${L & string} needs one output per class, and the model has a single output; did you mean "binaryCrossentropy"?`>
        : unknown
      : [L] extends ["ctc"]
        ? S extends readonly [unknown, unknown]
          ? Mistake<"ctc needs outputs [batch, time, classes]; did the last recurrent layer forget returnSequences: true?">
          : unknown
        : unknown;
