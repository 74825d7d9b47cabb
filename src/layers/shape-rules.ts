import type { ActivationFunction } from "./activations.js";
import type { BatchShape } from "./component.js";
import type { Call, In, InWords, Mistake, OutputOf, Ranked, ShapeFunction } from "./shape-types.js";
import type { DataFormat } from "./spatial/spatial-layer.js";

// What layers of one input do to shapes; see shape-types.ts. Sizes are passed on or replaced, hardly ever computed.

/** The size at a place; null where it is not known. */
export type At<S extends BatchShape, Place extends string> =
  Ranked<S> extends true ? (Place extends keyof S ? (S[Place] extends number | null ? S[Place] : null) : null) : null;

/** The size of the last axis. */
type Last<S extends BatchShape> =
  Ranked<S> extends true ? (S extends readonly [...unknown[], infer N extends number | null] ? N : null) : null;

/** As many axes, of unknown sizes. */
export type Nulls<S extends readonly unknown[]> = { readonly [K in keyof S]: null };

type Hint<S extends BatchShape> = S["length"] extends 2
  ? "; did an earlier recurrent layer forget returnSequences: true?"
  : "";

/** Fails below rank 3. */
type Timed<Name extends string, S extends BatchShape, Result> =
  Ranked<S> extends false
    ? Result
    : S extends readonly [unknown, unknown, unknown, ...unknown[]]
      ? Result
      : Mistake<`${Name} takes [batch, time, features] but is given ${InWords<S>}${Hint<S>}`>;

/** Element by element: dropout, activations, normalizations. */
export interface Same extends ShapeFunction {
  readonly output: In<this>;
}

/** Step by step: the shape of a sequence stays. */
export interface SameSteps<Name extends string> extends ShapeFunction {
  readonly output: Timed<Name, In<this>, In<this>>;
}

/** Image by image: spatialDropout2d. */
export interface SamePlane<Name extends string> extends ShapeFunction {
  readonly output: Ranked<In<this>> extends false
    ? In<this>
    : In<this> extends readonly [unknown, unknown, unknown, unknown, ...unknown[]]
      ? In<this>
      : Mistake<`${Name} takes [batch, height, width, channels] but is given ${InWords<In<this>>}`>;
}

/** Whatever another layer does: spectralNormalization. */
export interface As<L> extends ShapeFunction {
  readonly output: OutputOf<L, In<this>>;
}

/** Activations that are no functions: names, { name, ...options }, and what `activations` makes. */
export type NamedActivation = string | { readonly name: string } | { readonly config: unknown };

/** The `activation` option, its name kept. */
export type ActivationOption<A extends NamedActivation> = A | ActivationFunction | null;

// "glu" halves an axis, and what `activations` made may be one. A function leaves nothing but the widest type behind.
type MayHalve<A> = string extends A
  ? false
  : A extends "glu" | { readonly name: "glu" } | { readonly config: unknown }
    ? true
    : false;

/** The output of F behind an activation: sizes are lost where it may be "glu". */
export interface Activated<A extends NamedActivation, F extends ShapeFunction> extends ShapeFunction {
  readonly output: Call<F, this["input"]> extends infer O
    ? O extends BatchShape
      ? true extends MayHalve<A>
        ? Nulls<O>
        : O
      : O
    : never;
}

/** The last axis is replaced: dense. */
export interface LastBecomes<Name extends string, Units extends number> extends ShapeFunction {
  readonly output: Ranked<In<this>> extends false
    ? BatchShape
    : In<this> extends readonly [unknown, ...infer Middle extends BatchShape, number | null]
      ? readonly [null, ...Middle, Units]
      : Mistake<`${Name} takes [batch, ..., features] but is given ${InWords<In<this>>}`>;
}

/** An axis is added at the end: embedding. */
export interface Appends<Units extends number> extends ShapeFunction {
  readonly output: Ranked<In<this>> extends true ? readonly [...In<this>, Units] : BatchShape;
}

/**
 * What an option is that was not given, false; but where the options are of the type any, a required one, which then
 * falls back to its constraint with undefined, shows that nothing is known.
 */
export type Unless<Required> = undefined extends Required ? boolean : false;

/** The number in a required option. */
type NumberIn<U> = [U] extends [number] ? U : number;

/** Recurrent layers; returnState gives several tensors, of which this is the first. */
export interface Recurrent<Name extends string, Units, Sequences extends boolean> extends ShapeFunction {
  readonly output: Timed<
    Name,
    In<this>,
    boolean extends Sequences
      ? BatchShape
      : Sequences extends true
        ? readonly [null, At<In<this>, "1">, NumberIn<Units>]
        : readonly [null, NumberIn<Units>]
  >;
}

// ---- one or two spatial axes ----

/** Spatial axes of a layer: time, or height and width. */
type Axes = 1 | 2;
type First<D> = [D] extends ["channelsFirst"] ? true : false;

type Layout<N extends Axes, D> =
  First<D> extends true
    ? { 1: "[batch, features, time]"; 2: "[batch, channels, height, width]" }[N]
    : { 1: "[batch, time, features]"; 2: "[batch, height, width, channels]" }[N];

/** Spatial axes of one size, and features F where the format puts them; nothing is known where the format is not. */
type Laid<N extends Axes, D, F extends number | null, Size extends number | null = null> = [D] extends ["channelsLast"]
  ? { 1: readonly [null, Size, F]; 2: readonly [null, Size, Size, F] }[N]
  : First<D> extends true
    ? { 1: readonly [null, F, Size]; 2: readonly [null, F, Size, Size] }[N]
    : { 1: readonly [null, null, null]; 2: readonly [null, null, null, null] }[N];

/** The number of features of an input. */
type Features<S extends BatchShape, D> = [D] extends ["channelsLast"]
  ? Last<S>
  : First<D> extends true
    ? At<S, "1">
    : null;

/** Fails at another rank than that of the layout. */
type Spatial<Name extends string, N extends Axes, D, S extends BatchShape, Result> =
  Ranked<S> extends false
    ? Result
    : S["length"] extends { 1: 3; 2: 4 }[N]
      ? Result
      : Mistake<`${Name} takes ${Layout<N, D>} but is given ${InWords<S>}${N extends 1 ? Hint<S> : ""}`>;

/** Spatial sizes stay or change by numbers that are not worked out here; features are replaced: convolutions. */
export interface Convolved<Name extends string, N extends Axes, Filters extends number | null, D extends DataFormat>
  extends ShapeFunction {
  readonly output: Spatial<Name, N, D, In<this>, Laid<N, D, Filters>>;
}

/** Spatial axes become shorter or longer, features stay: pooling, cropping, padding. */
export interface Resampled<Name extends string, N extends Axes, D extends DataFormat> extends ShapeFunction {
  readonly output: Spatial<Name, N, D, In<this>, Laid<N, D, Features<In<this>, D>>>;
}

/** Spatial axes end, or are kept with a size of 1: global pooling. */
export interface Pooled<Name extends string, N extends Axes, D extends DataFormat, Keep extends boolean>
  extends ShapeFunction {
  readonly output: Spatial<
    Name,
    N,
    D,
    In<this>,
    boolean extends Keep
      ? BatchShape
      : Keep extends true
        ? Laid<N, D, Features<In<this>, D>, 1>
        : readonly [null, Features<In<this>, D>]
  >;
}

/** Recurrent layers whose steps have spatial axes. */
export interface ConvRecurrent<
  Name extends string,
  N extends Axes,
  Filters,
  Sequences extends boolean,
  D extends DataFormat,
> extends ShapeFunction {
  readonly output: Stepped<
    Name,
    N,
    D,
    In<this>,
    boolean extends Sequences
      ? BatchShape
      : Laid<N, D, NumberIn<Filters>> extends readonly [null, ...infer Step extends BatchShape]
        ? Sequences extends true
          ? readonly [null, At<In<this>, "1">, ...Step]
          : readonly [null, ...Step]
        : never
  >;
}

type StepLayout<N extends Axes, D> =
  First<D> extends true
    ? { 1: "[batch, time, features, width]"; 2: "[batch, time, features, height, width]" }[N]
    : { 1: "[batch, time, width, features]"; 2: "[batch, time, height, width, features]" }[N];

type Stepped<Name extends string, N extends Axes, D, S extends BatchShape, Result> =
  Ranked<S> extends false
    ? Result
    : S["length"] extends { 1: 4; 2: 5 }[N]
      ? Result
      : Mistake<`${Name} takes ${StepLayout<N, D>} but is given ${InWords<S>}`>;

// ---- axes come, go and move ----

/** A vector becomes a sequence: repeatVector. */
export interface Repeated<Times extends number> extends ShapeFunction {
  readonly output: Ranked<In<this>> extends false
    ? readonly [null, Times, null]
    : In<this> extends readonly [unknown, infer F extends number | null]
      ? readonly [null, Times, F]
      : Mistake<`repeatVector takes [batch, features] but is given ${InWords<In<this>>}`>;
}

/** All axes but the batch in one. The product is not worked out. */
export interface Flat extends ShapeFunction {
  readonly output: In<this> extends readonly [unknown, infer F extends number | null]
    ? readonly [null, F]
    : readonly [null, null];
}

/** Everything behind the batch is given: reshape, and lambda, where it need not be: then any shape may come out. */
export interface Becomes<Target extends BatchShape> extends ShapeFunction {
  readonly output: Ranked<Target> extends true
    ? readonly [null, ...{ readonly [K in keyof Target]: Target[K] extends -1 ? null : Target[K] }]
    : BatchShape;
}

/** The axes behind the batch in the order of Dims, counted from 1: permute. */
export interface Permuted<Dims extends readonly number[]> extends ShapeFunction {
  readonly output: Ranked<Dims> extends false
    ? Nulls<In<this>>
    : Ranked<In<this>> extends false
      ? readonly [null, ...Nulls<Dims>]
      : In<this>["length"] extends [null, ...Dims]["length"]
        ? readonly [null, ...{ readonly [K in keyof Dims]: At<In<this>, `${Dims[K]}`> }]
        : Mistake<`permute with dims ${InWords<Dims>} takes as many axes behind the batch but is given ${InWords<In<this>>}`>;
}

// ---- wrappers ----

/** The inner layer applied to every step, with the time axis put back: timeDistributed. */
export interface PerStep<L> extends ShapeFunction {
  readonly output: Ranked<In<this>> extends false
    ? BatchShape
    : In<this> extends readonly [
          unknown,
          infer T extends number | null,
          infer First extends number | null,
          ...infer Rest extends BatchShape,
        ]
      ? OutputOf<L, readonly [null, First, ...Rest]> extends infer O
        ? O extends readonly [unknown, ...infer After extends BatchShape]
          ? readonly [null, T, ...After]
          : O
        : never
      : Mistake<`timeDistributed takes [batch, time, ...] but is given ${InWords<In<this>>}${Hint<In<this>>}`>;
}

/**
 * Two directions, joined along the features: bidirectional. Modes other than "concat" keep or split them; what a layer of
 * its own for the way back adds is not worked out.
 */
export interface BothWays<L, Mode, Back> extends ShapeFunction {
  readonly output: OutputOf<L, In<this>> extends infer O
    ? O extends readonly [...infer Front extends BatchShape, infer Units extends number | null]
      ? [Mode] extends ["concat"]
        ? readonly [...Front, [Back] extends [never] ? (Units extends number ? Double<Units> : null) : null]
        : "concat" extends Mode
          ? Nulls<O>
          : O
      : O
    : never;
}

// Doubling in decimal: a digit becomes the last digit of its double, plus one if the digit behind it is 5 or more.
type Carry<Digits extends string> = Digits extends `${5 | 6 | 7 | 8 | 9}${string}` ? 1 : 0;
type Doubled = [
  { 0: 0; 1: 2; 2: 4; 3: 6; 4: 8; 5: 0; 6: 2; 7: 4; 8: 6; 9: 8 },
  { 0: 1; 1: 3; 2: 5; 3: 7; 4: 9; 5: 1; 6: 3; 7: 5; 8: 7; 9: 9 },
];
type DoubleDigits<Digits extends string> = Digits extends `${infer D extends keyof Doubled[0]}${infer Rest}`
  ? `${Doubled[Carry<Rest>][D]}${DoubleDigits<Rest>}`
  : "";
/** Twice a whole number; null where the number is not known. */
export type Double<N extends number> = number extends N
  ? null
  : `${Carry<`${N}`> extends 1 ? 1 : ""}${DoubleDigits<`${N}`>}` extends `${infer D extends number}`
    ? D
    : null;
