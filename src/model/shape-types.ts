import type { DataParts } from "../data/examples.js";
import type { HostArray, ShapedValues } from "../data/host-array.js";
import type { BatchShape } from "../layers/component.js";
import type { InWords, Mistake, Ranked } from "../layers/shape-types.js";
import type { SymbolicTensor } from "../layers/symbolic.js";
import type { Tensor, TypedArray } from "../tensor/tensor.js";
import type { LossRules } from "../training/losses/outputs.js";

// What a model that knows its shapes at compile time takes and gives; see layers/shape-types.ts.

/** A tensor whose shape is known as far as the type says. */
export type TensorOf<S extends BatchShape> =
  Ranked<S> extends true
    ? Tensor & { readonly shape: { readonly [K in keyof S]: S[K] extends number ? S[K] : number } }
    : Tensor;

// The sizes one by one: the type of a known shape is an intersection with that of any.
type Listed<S extends BatchShape, Done extends BatchShape = readonly []> = Done["length"] extends S["length"]
  ? Done
  : Listed<S, readonly [...Done, number extends S[Done["length"]] ? null : S[Done["length"]]]>;

/** The shape that the type of a tensor says, sizes that vary as null; any shape for lists. */
export type ShapeOf<T> = T extends { readonly shape: infer S extends BatchShape }
  ? Ranked<S> extends true
    ? Listed<S>
    : BatchShape
  : BatchShape;

type Nested<S extends BatchShape> = S extends readonly [unknown, ...infer Rest extends BatchShape]
  ? readonly Nested<Rest>[]
  : number | boolean;

/** Data of this rank: nested arrays are checked by the compiler, everything else carries its shape at run time. */
export type DataOf<S extends BatchShape> =
  Ranked<S> extends true
    ? Tensor | HostArray | ShapedValues | Nested<S> | (S["length"] extends 1 ? TypedArray | Float64Array : never)
    : DataParts;

// ---- functional models ----

/** Data for what `inputs` lists. */
export type InputsOf<I> = I extends SymbolicTensor<infer S> ? DataOf<S> : DataParts;

/** What a model of these outputs gives: a tensor, or a list of tensors. */
export type OutputsOf<O> =
  O extends SymbolicTensor<infer S>
    ? TensorOf<S>
    : O extends readonly SymbolicTensor[]
      ? number extends O["length"]
        ? Tensor[]
        : { -readonly [K in keyof O]: O[K] extends SymbolicTensor<infer S> ? TensorOf<S> : Tensor }
      : Tensor | Tensor[];

// ---- losses ----

type LastOf<S extends BatchShape> = S extends readonly [...unknown[], infer N extends number]
  ? number extends N
    ? null
    : N
  : null;

// The remainder of a decimal number by 2 or 3: by 2 that of its last digit, by 3 that of the sum of its digits.
type Digits = {
  0: "0" | "3" | "6" | "9";
  1: "1" | "4" | "7";
  2: "2" | "5" | "8";
};
type DigitBy3<D> = D extends Digits[0] ? 0 : D extends Digits[1] ? 1 : 2;
type Sum = [[0, 1, 2], [1, 2, 0], [2, 0, 1]];
type By3<N extends string, Seen extends 0 | 1 | 2 = 0> = N extends `${infer D}${infer Rest}`
  ? By3<Rest, Sum[Seen][DigitBy3<D>]>
  : Seen;
type Divides<Count, N extends number> = Count extends 2
  ? `${N}` extends `${string}${0 | 2 | 4 | 6 | 8}`
    ? true
    : false
  : By3<`${N}`> extends 0
    ? true
    : false;

type CountMessage<
  Name extends string,
  Count extends number,
  S extends BatchShape,
> = `${Name} needs ${Count} outputs for every number to predict, and the model gives ${InWords<S>}; give the last layer ${Count} units for each`;

type RuleCheck<Name extends string, Rule, S extends BatchShape> = Rule extends "classes" | "classNumbers"
  ? LastOf<S> extends 1
    ? Mistake<`${Name} needs one output per class, and the model has a single output; did you mean "binaryCrossentropy"?`>
    : unknown
  : Rule extends "steps"
    ? S["length"] extends 3
      ? unknown
      : Mistake<`${Name} needs outputs [batch, time, classes], and the model gives ${InWords<S>}${S["length"] extends 2 ? "; did the last recurrent layer forget returnSequences: true?" : ""}`>
    : Rule extends "vectors"
      ? S["length"] extends 2
        ? unknown
        : Mistake<`${Name} needs outputs [batch, size], and the model gives ${InWords<S>}${S["length"] extends 3 ? "; end time first, for example with returnSequences: false" : ""}`>
      : Rule extends number
        ? LastOf<S> extends infer N extends number
          ? Divides<Rule, N> extends true
            ? unknown
            : Mistake<CountMessage<Name, Rule, S>>
          : unknown
        : unknown;

/** Losses that ask something of the outputs. */
type Judged = { [N in keyof LossRules]: LossRules[N] extends "alike" ? never : N }[keyof LossRules];

type OneLossCheck<L, S extends BatchShape> = [L] extends [Judged]
  ? Ranked<S> extends true
    ? RuleCheck<L, LossRules[L], S>
    : unknown
  : unknown;

/**
 * Nothing where a loss suits the model's output, or the message why it does not. For several outputs a list of losses is
 * judged one by one. Only names are judged: functions, losses with options and one name of several pass.
 */
export type LossCheck<L, Out> = [L] extends [Judged]
  ? OneLossCheck<L, ShapeOf<Out>>
  : L extends readonly unknown[]
    ? {
        readonly [K in keyof L]: OneLossCheck<L[K], ShapeOf<Out extends readonly unknown[] ? Out[K & keyof Out] : Out>>;
      }
    : unknown;

// ---- targets ----

type Values = TypedArray | Float64Array;

interface HasShape {
  readonly shape: BatchShape;
}
type RankOfShape<S extends BatchShape> = Ranked<S> extends true ? S["length"] : null;

/** The number of axes of data, as far as their type tells it; otherwise null. */
type RankOf<Y, Axes extends readonly unknown[] = readonly [unknown]> = Axes["length"] extends 8
  ? null
  : Y extends HasShape
    ? RankOfShape<ShapeOf<Y>>
    : Y extends Values
      ? 1
      : Y extends readonly (infer Each)[]
        ? [Each] extends [never]
          ? null
          : [Each] extends [number | boolean]
            ? Axes["length"]
            : [Each] extends [readonly unknown[]]
              ? RankOf<Each, readonly [...Axes, unknown]>
              : null
        : null;

type AxesOf<Rank> = `${Rank & number} ${Rank extends 1 ? "axis" : "axes"}`;

/**
 * Nothing where data may be an input of a model that takes In, or the message why they cannot. In says the number of axes by
 * its nested arrays (see DataOf); where it says none, data must be of the type In.
 */
export type DataCheck<X, In> = 0 extends 1 & X
  ? unknown
  : RankOf<Extract<In, readonly unknown[]>> extends infer Rank extends number
    ? RankOf<X> extends infer Given extends number
      ? Given extends Rank
        ? unknown
        : Mistake<`data with ${AxesOf<Given>} do not fit an input of ${AxesOf<Rank>}, the first of which counts examples`>
      : unknown
    : In;

/** The size of the last axis of data, as far as their type tells it. */
type LastSizeOf<Y> = Y extends HasShape
  ? LastOf<ShapeOf<Y>>
  : Y extends Values
    ? null
    : Y extends readonly (infer Each)[]
      ? [Each] extends [number | boolean]
        ? number extends Y["length"]
          ? null
          : Y["length"]
        : LastSizeOf<Each>
      : null;

type Less<S extends BatchShape> = S extends readonly [unknown, ...infer Rest] ? Rest["length"] : never;
type More<S extends BatchShape> = [unknown, ...S]["length"];

type RankMessage<
  Rank,
  S extends BatchShape,
> = `targets with ${AxesOf<Rank>} do not fit outputs ${InWords<S>}; ${Rank extends More<S>
  ? "for one target per time step, the last recurrent layer needs returnSequences: true"
  : `they take ${S["length"]} axes, or ${Less<S>} for class numbers${S["length"] extends 3 ? "; for one target per sequence, the last recurrent layer needs returnSequences: false" : ""}`}`;

/**
 * Nothing where targets may suit the output, or the message why they cannot. They have as many axes, or one less (class
 * numbers, labels, a single output); what does not tell its axes passes, and so does everything for a list of outputs.
 */
export type TargetCheck<Y, Out> = 0 extends 1 & Y
  ? unknown
  : RankOf<Y> extends infer Rank extends number
    ? RankedTargetCheck<Y, Rank, ShapeOf<Out>>
    : unknown;

type RankedTargetCheck<Y, Rank extends number, S extends BatchShape> =
  Ranked<S> extends false
    ? unknown
    : S["length"] extends 0 | 1
      ? unknown
      : [Extract<Rank, S["length"] | Less<S>>] extends [never]
        ? Mistake<RankMessage<Rank, S>>
        : [Rank, LastOf<S>] extends [S["length"], 1]
          ? LastSizeOf<Y> extends infer N extends number
            ? N extends 1
              ? unknown
              : Mistake<`targets with a last size of ${N} do not fit outputs ${InWords<S>}; give the last layer ${N} units`>
            : unknown
          : unknown;
