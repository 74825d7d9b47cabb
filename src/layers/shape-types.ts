import type { BatchShape } from "./component.js";

// Shapes at compile time. A layer that is made by a factory carries the function from its input's shape to its output's
// in its type, and nothing of it at run time; shape-rules.ts and shape-rules-joint.ts hold these functions. What is not
// known stays open: a shape of unknown rank is `BatchShape`, an unknown size is null, and a layer that carries nothing
// takes and gives anything. A function that cannot take a shape gives a Mistake instead: the message the editor shows.

declare const shapes: unique symbol;
declare const start: unique symbol;

/** A function from shape to shape: an interface whose `output` is written in terms of `this["input"]`. */
export interface ShapeFunction {
  readonly input: unknown;
  readonly output: unknown;
}

/** A function from several shapes to one: its `input` is a list of shapes. */
export interface JointFunction extends ShapeFunction {
  readonly joint: true;
}

/** What does not fit, in words. Nothing has this type. */
export interface Mistake<Message extends string> {
  readonly mistake: Message;
}

/** The input of a shape function; any shape while the function is not called. */
export type In<F extends ShapeFunction> = F["input"] extends BatchShape ? F["input"] : BatchShape;

/** The inputs of a joint function. */
export type Ins<F extends JointFunction> = F["input"] extends readonly BatchShape[]
  ? F["input"]
  : readonly BatchShape[];

/**
 * Carries a layer's shape function, and the shape given by its `inputShape`, in its type. Every factory of a layer must
 * say one (see `Factories` in table.ts): `Becomes<BatchShape>` where nothing is known.
 */
export interface Shaped<F extends ShapeFunction, Start extends BatchShape = BatchShape> {
  readonly [shapes]: F;
  readonly [start]: Start;
}

/** The `inputShape` option, its literal sizes kept. */
export interface Start<I extends BatchShape> {
  inputShape?: I;
}

/** What a function makes of a shape, or of a list of them. */
export type Call<F extends ShapeFunction, S> = (F & { readonly input: S })["output"];

/** Whether the rank of a shape is known. */
export type Ranked<S extends BatchShape> = number extends S["length"] ? false : true;

/** A shape of known rank, or any: what functions are called with. */
type Known<S extends BatchShape> = Ranked<S> extends true ? S : BatchShape;

/** The shape a layer makes of another, or the message why it cannot. */
export type OutputOf<L, S extends BatchShape> =
  L extends Shaped<infer F> ? Call<F, F extends JointFunction ? readonly [Known<S>] : Known<S>> : BatchShape;

/** The shape a layer makes of a list of others, or the message why it cannot. */
type JointOutputOf<L, S extends readonly BatchShape[]> =
  L extends Shaped<infer F>
    ? F extends JointFunction
      ? Call<F, { readonly [K in keyof S]: Known<S[K]> }>
      : number extends S["length"]
        ? BatchShape
        : S extends readonly [infer Only extends BatchShape]
          ? Call<F, Known<Only>>
          : L extends { readonly className: infer Name extends string }
            ? Mistake<`${Name} takes one input but is given ${ListInWords<S>}; merge them first, for example with layers.concatenate()`>
            : BatchShape
    : BatchShape;

/** Anything with a shape: symbolic tensors. */
interface HasShape<S extends BatchShape = BatchShape> {
  readonly shape: S;
}

type AppliedOf<L, X> = X extends readonly HasShape[]
  ? JointOutputOf<L, { readonly [K in keyof X]: X[K] extends HasShape<infer S> ? S : BatchShape }>
  : X extends HasShape<infer S>
    ? OutputOf<L, S>
    : BatchShape;

/** The shape a layer makes of a symbolic tensor, or of a list of them; any where it cannot take them. */
export type AppliedShape<L, X> = AppliedOf<L, X> extends infer O extends BatchShape ? O : BatchShape;

/** Nothing where a layer takes these tensors, or the message why it does not. */
export type InputCheck<L, X> = AppliedOf<L, X> extends infer M extends Mistake<string> ? M : unknown;

/** Where a model that begins with this layer begins: its `inputShape` behind the batch axis. */
export type StartOf<L> =
  L extends Shaped<ShapeFunction, infer I> ? (Ranked<I> extends true ? readonly [null, ...I] : BatchShape) : BatchShape;

// ---- words ----

type Size<N> = N extends number ? (number extends N ? "any" : `${N}`) : "null";
type Sizes<S extends BatchShape> = S extends readonly [infer N, ...infer Rest extends BatchShape]
  ? Rest extends readonly []
    ? Size<N>
    : `${Size<N>}, ${Sizes<Rest>}`
  : "";

/** A shape in words. */
export type InWords<S extends BatchShape> = Ranked<S> extends true ? `[${Sizes<S>}]` : "[...]";

/** Shapes in words. */
export type ListInWords<L extends readonly BatchShape[]> = L extends readonly [
  infer First extends BatchShape,
  ...infer Rest extends readonly BatchShape[],
]
  ? Rest extends readonly []
    ? InWords<First>
    : `${InWords<First>}, ${ListInWords<Rest>}`
  : "";

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
