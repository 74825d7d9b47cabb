import type { BatchShape } from "./component.js";

// Shapes at compile time. A layer that is made by a factory carries the function from its input's shape to its output's
// in its type, and nothing of it at run time. What is not known stays open: a shape of unknown rank is `BatchShape`,
// an unknown size is null, and a layer that carries nothing takes and gives anything. A function that cannot take a
// shape gives a Mistake instead: the message that the editor shows.

declare const shapes: unique symbol;
declare const start: unique symbol;

/** A function from shape to shape: an interface whose `output` is written in terms of `this["input"]`. */
export interface ShapeFunction {
  readonly input: unknown;
  readonly output: unknown;
}

/** What does not fit, in words. Nothing has this type. */
export interface Mistake<Message extends string> {
  readonly mistake: Message;
}

/** The input of a shape function; any shape while the function is not called. */
type In<F extends ShapeFunction> = F["input"] extends BatchShape ? F["input"] : BatchShape;

/** Carries a layer's shape function, and the shape given by its `inputShape`, in its type. */
export interface Shaped<F extends ShapeFunction, Start extends BatchShape = BatchShape> {
  readonly [shapes]?: F;
  readonly [start]?: Start;
}

/** The `inputShape` option, its literal sizes kept. */
export interface Start<I extends BatchShape> {
  inputShape?: I;
}

type Call<F extends ShapeFunction, S extends BatchShape> = (F & { readonly input: S })["output"];

/** Whether the rank of a shape is known. */
export type Ranked<S extends BatchShape> = number extends S["length"] ? false : true;

/** The shape a layer makes of another, or the message why it cannot. */
export type OutputOf<L, S extends BatchShape> =
  L extends Shaped<infer F, BatchShape> ? (ShapeFunction extends F ? BatchShape : Call<F, S>) : BatchShape;

/** The same where a layer cannot take the shape: any. */
export type OutputShape<L, S extends BatchShape> = OutputOf<L, S> extends infer O extends BatchShape ? O : BatchShape;

/** Nothing where a layer takes a shape, or the message why it does not. */
export type InputCheck<L, S extends BatchShape> = OutputOf<L, S> extends infer M extends Mistake<string> ? M : unknown;

/** Where a model that begins with this layer begins: its `inputShape` behind the batch axis. */
export type StartOf<L> =
  L extends Shaped<ShapeFunction, infer I> ? (Ranked<I> extends true ? readonly [null, ...I] : BatchShape) : BatchShape;

/** A shape in words. */
type Size<N> = N extends number ? (number extends N ? "any" : `${N}`) : "null";
type Sizes<S extends BatchShape> = S extends readonly [infer N, ...infer Rest extends BatchShape]
  ? Rest extends readonly []
    ? Size<N>
    : `${Size<N>}, ${Sizes<Rest>}`
  : "";
export type InWords<S extends BatchShape> = `[${Sizes<S>}]`;

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

// ---- what layers do to shapes ----

/** Element by element: dropout, activations, normalizations. */
export interface Same extends ShapeFunction {
  readonly output: In<this>;
}

/** The last axis is replaced: dense. */
export interface LastBecomes<Units extends number> extends ShapeFunction {
  readonly output: In<this> extends readonly [...infer Front extends BatchShape, number | null]
    ? readonly [...Front, Units]
    : BatchShape;
}

/** An axis is added at the end: embedding. */
export interface Appends<Units extends number> extends ShapeFunction {
  readonly output: Ranked<In<this>> extends true ? readonly [...In<this>, Units] : BatchShape;
}

/** Recurrent layers; returnState gives several tensors, of which this is the first. */
export interface Recurrent<Name extends string, Units extends number, Sequences extends boolean> extends ShapeFunction {
  readonly output: Timed<
    Name,
    In<this>,
    boolean extends Sequences
      ? BatchShape
      : Sequences extends true
        ? readonly [
            null,
            In<this> extends readonly [unknown, infer T extends number | null, ...unknown[]] ? T : null,
            Units,
          ]
        : readonly [null, Units]
  >;
}

/** Time stays or changes by a number that is not worked out here; features are replaced: convolutions. */
export interface Convolved<Name extends string, Filters extends number> extends ShapeFunction {
  readonly output: Timed<Name, In<this>, readonly [null, null, Filters]>;
}

/** Time becomes shorter or longer, features stay: pooling, cropping. */
export interface Resampled<Name extends string> extends ShapeFunction {
  readonly output: Timed<
    Name,
    In<this>,
    In<this> extends readonly [unknown, unknown, infer F extends number | null]
      ? readonly [null, null, F]
      : readonly [null, null, null]
  >;
}

/** Time ends: global pooling. */
export interface OverTime<Name extends string> extends ShapeFunction {
  readonly output: Timed<
    Name,
    In<this>,
    In<this> extends readonly [unknown, unknown, infer F extends number | null]
      ? readonly [null, F]
      : readonly [null, null]
  >;
}

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

/** Everything behind the batch is given: reshape. */
export interface Becomes<Target extends readonly number[]> extends ShapeFunction {
  readonly output: Ranked<Target> extends true
    ? readonly [null, ...{ readonly [K in keyof Target]: Target[K] extends -1 ? null : Target[K] }]
    : BatchShape;
}

/** The inner layer applied to every step, with the time axis put back: timeDistributed. */
export interface PerStep<L> extends ShapeFunction {
  readonly output: In<this> extends readonly [
    infer B extends number | null,
    infer T extends number | null,
    ...infer Rest extends BatchShape,
  ]
    ? OutputOf<L, readonly [B, ...Rest]> extends infer O
      ? O extends readonly [infer B2, ...infer After extends BatchShape]
        ? readonly [B2 extends number | null ? B2 : null, T, ...After]
        : O
      : never
    : BatchShape;
}

/** Two directions, joined along the features: bidirectional. Modes other than "concat" keep or split them. */
export interface BothWays<L, Mode> extends ShapeFunction {
  readonly output: OutputOf<L, In<this>> extends infer O
    ? O extends Mistake<string>
      ? O
      : Mode extends "sum" | "mul" | "ave"
        ? O
        : O extends readonly [...infer Front extends BatchShape, infer Units extends number]
          ? readonly [...Front, Mode extends "concat" ? Double<Units> : Units]
          : BatchShape
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

// ---- chains ----

/** Walks a list of layers: each entry `unknown` where it fits, its message where it does not. */
export type Chain<L extends readonly unknown[], S extends BatchShape = StartOf<L[0]>> = L extends readonly [
  infer First,
  ...infer Rest,
]
  ? OutputOf<First, S> extends infer O
    ? O extends BatchShape
      ? readonly [unknown, ...Chain<Rest, O>]
      : readonly [O, ...{ readonly [K in keyof Rest]: unknown }]
    : never
  : L;

/** The shape behind the last of a list of layers. */
export type ChainOutput<L extends readonly unknown[], S extends BatchShape = StartOf<L[0]>> = L extends readonly [
  infer First,
  ...infer Rest,
]
  ? OutputOf<First, S> extends infer O
    ? O extends BatchShape
      ? ChainOutput<Rest, O>
      : BatchShape
    : never
  : L extends readonly []
    ? S
    : BatchShape;
