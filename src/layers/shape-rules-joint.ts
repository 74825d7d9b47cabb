import type { BatchShape } from "./component.js";
import type { At, Nulls } from "./shape-rules.js";
import type { Ins, JointFunction, ListInWords, Mistake, Ranked } from "./shape-types.js";

// What layers of several inputs do to shapes; see shape-types.ts. A list of unknown length gives what holds for all.

type List = readonly BatchShape[];
type Counted<L extends List> = number extends L["length"] ? false : true;

/** Whether all shapes have rank 3, as far as it is known. */
type AllSequences<L extends List> = L extends readonly [infer First extends BatchShape, ...infer Rest extends List]
  ? Ranked<First> extends false
    ? AllSequences<Rest>
    : First["length"] extends 3
      ? AllSequences<Rest>
      : false
  : true;

// ---- element by element ----

type IsNumber<N> = N extends number ? (number extends N ? false : true) : false;

/** The size that two sizes on one axis make: equal ones themselves, 1 the other, unknown ones the known; never: none. */
type Meet<N, M> =
  IsNumber<N> extends true
    ? IsNumber<M> extends true
      ? N extends M
        ? N
        : M extends 1
          ? N
          : N extends 1
            ? M
            : never
      : N extends 1
        ? null
        : N
    : IsNumber<M> extends true
      ? M extends 1
        ? null
        : M
      : null;

/** Sizes met from the last axis on; axes that one shape lacks are the other's. False where they do not fit. */
type MeetAll<A extends BatchShape, B extends BatchShape> = A extends readonly [
  ...infer FrontA extends BatchShape,
  infer N,
]
  ? B extends readonly [...infer FrontB extends BatchShape, infer M]
    ? [Meet<N, M>] extends [never]
      ? false
      : MeetAll<FrontA, FrontB> extends infer Front extends BatchShape
        ? readonly [...Front, Meet<N, M>]
        : false
    : A
  : B;

type Behind<S extends BatchShape> = S extends readonly [unknown, ...infer Rest extends BatchShape] ? Rest : readonly [];

type MergeOf<L extends List> = L extends readonly [
  infer A extends BatchShape,
  infer B extends BatchShape,
  ...infer Rest,
]
  ? Ranked<A> extends false
    ? BatchShape
    : Ranked<B> extends false
      ? BatchShape
      : MeetAll<Behind<A>, Behind<B>> extends infer Met extends BatchShape
        ? Rest extends readonly BatchShape[]
          ? MergeOf<readonly [readonly [null, ...Met], ...Rest]>
          : never
        : false
  : L extends readonly [infer Only]
    ? Only
    : BatchShape;

/** Element by element over tensors of one shape, axes of size 1 repeating: add, multiply, … Pairs only where Two. */
export interface Merged<Name extends string, Two extends boolean = false> extends JointFunction {
  readonly output: Counted<Ins<this>> extends false
    ? BatchShape
    : Ins<this>["length"] extends (Two extends true ? 0 | 1 | 3 | 4 | 5 : 0 | 1)
      ? Mistake<`${Name} merges ${Two extends true ? "two" : "several"} tensors but is given ${ListInWords<Ins<this>>}`>
      : MergeOf<Ins<this>> extends infer O extends BatchShape
        ? O
        : Mistake<`${Name} takes tensors whose sizes agree, or are 1, on every axis but is given ${ListInWords<Ins<this>>}`>;
}

// ---- side by side ----

/** Sizes that must be equal, other than along the axis of concatenation. */
type Agree<N, M> = [IsNumber<N>, IsNumber<M>] extends [true, true]
  ? N extends M
    ? N
    : never
  : IsNumber<N> extends true
    ? N
    : M;

/** The place of an axis: from the end when negative. */
type PlaceOf<S extends BatchShape, Axis extends number> = `${Axis}` extends `-${infer Back extends number}`
  ? FromEnd<S, Back>
  : `${Axis}`;
type FromEnd<
  S extends readonly unknown[],
  Back extends number,
  Seen extends readonly unknown[] = readonly [unknown],
> = S extends readonly [...infer Front, unknown]
  ? Seen["length"] extends Back
    ? `${Front["length"] & number}`
    : FromEnd<Front, Back, readonly [...Seen, unknown]>
  : never;

type Beside<A extends BatchShape, B extends BatchShape, Place> = {
  readonly [K in keyof A]: K extends Place ? null : Agree<A[K], K extends keyof B ? B[K] : null>;
};

type Fits<S extends BatchShape> = S extends readonly [infer N, ...infer Rest extends BatchShape]
  ? [N] extends [never]
    ? false
    : Fits<Rest>
  : true;

type ConcatOf<L extends List, Place> = L extends readonly [
  infer A extends BatchShape,
  infer B extends BatchShape,
  ...infer Rest extends List,
]
  ? Ranked<A> extends false
    ? BatchShape
    : Ranked<B> extends false
      ? BatchShape
      : A["length"] extends B["length"]
        ? Fits<Beside<A, B, Place>> extends true
          ? ConcatOf<readonly [Beside<A, B, Place>, ...Rest], Place>
          : false
        : false
  : L extends readonly [infer Only extends BatchShape]
    ? Only
    : BatchShape;

/** One after the other along an axis, whose sum is not worked out: concatenate. */
export interface Concatenated<Axis extends number> extends JointFunction {
  readonly output: Ins<this> extends readonly [infer First extends BatchShape, ...unknown[]]
    ? number extends Axis
      ? Nulls<First>
      : ConcatOf<Ins<this>, PlaceOf<First, Axis>> extends infer O extends BatchShape
        ? O
        : Mistake<`concatenate along axis ${Axis} takes tensors with the same sizes on all other axes but is given ${ListInWords<Ins<this>>}`>
    : BatchShape;
}

/** One axis of each of two tensors is multiplied and summed; the others stay: dot. */
export interface Dotted extends JointFunction {
  readonly output: Counted<Ins<this>> extends false
    ? BatchShape
    : Ins<this> extends readonly [infer A extends BatchShape, infer B extends BatchShape]
      ? Ranked<A> extends false
        ? BatchShape
        : Ranked<B> extends false
          ? BatchShape
          : A extends readonly [unknown, unknown, ...infer RestA]
            ? B extends readonly [unknown, unknown, ...infer RestB]
              ? readonly [...RestA, ...RestB] extends readonly []
                ? readonly [null, 1]
                : readonly [null, ...Nulls<RestA>, ...Nulls<RestB>]
              : Mistake<`dot takes tensors with axes behind the batch but is given ${ListInWords<Ins<this>>}`>
            : Mistake<`dot takes tensors with axes behind the batch but is given ${ListInWords<Ins<this>>}`>
      : Mistake<`dot takes two tensors but is given ${ListInWords<Ins<this>>}`>;
}

// ---- attention ----

type Attending<Name extends string, L extends List, Result> =
  Counted<L> extends false
    ? Result
    : L["length"] extends 2 | 3
      ? AllSequences<L> extends true
        ? Result
        : Mistake<AttentionMessage<Name, L>>
      : Mistake<AttentionMessage<Name, L>>;
type AttentionMessage<
  Name extends string,
  L extends List,
> = `${Name} takes [query, value] or [query, value, key], each [batch, steps, size], but is given ${ListInWords<L>}`;

type Query<L extends List> = L extends readonly [infer Q extends BatchShape, ...unknown[]] ? Q : BatchShape;
type Value<L extends List> = L extends readonly [unknown, infer V extends BatchShape, ...unknown[]] ? V : BatchShape;

/** Sums of values: attention, additiveAttention. */
export interface Attended<Name extends string> extends JointFunction {
  readonly output: Attending<Name, Ins<this>, readonly [null, At<Query<Ins<this>>, "1">, At<Value<Ins<this>>, "2">]>;
}

/** Sums of values, projected to a size, or (null) to that of the query. */
export interface Projected<Name extends string, Size extends number | null> extends JointFunction {
  readonly output: Attending<
    Name,
    Ins<this>,
    readonly [
      null,
      At<Query<Ins<this>>, "1">,
      [Size] extends [number] ? Size : [Size] extends [null] ? At<Query<Ins<this>>, "2"> : null,
    ]
  >;
}

/** Transformer blocks: a sequence, for decoders perhaps with the encoder's output, keeps its shape. */
export interface Block<Name extends string, Inputs extends number> extends JointFunction {
  readonly output: Counted<Ins<this>> extends false
    ? readonly [null, null, null]
    : Ins<this>["length"] extends Inputs
      ? AllSequences<Ins<this>> extends true
        ? Ranked<Query<Ins<this>>> extends true
          ? Query<Ins<this>>
          : readonly [null, null, null]
        : Mistake<BlockMessage<Name, Inputs, Ins<this>>>
      : Mistake<BlockMessage<Name, Inputs, Ins<this>>>;
}
type BlockMessage<
  Name extends string,
  Inputs extends number,
  L extends List,
> = `${Name} takes [batch, time, features]${2 extends Inputs ? ", alone or with the encoder's output," : ""} but is given ${ListInWords<L>}${L extends readonly [{ readonly length: 2 }] ? "; did an earlier recurrent layer forget returnSequences: true?" : ""}`;

// ---- lengths ----

/** A sequence and its lengths: the sequence. */
export interface WithLengths extends JointFunction {
  readonly output: Ins<this> extends readonly [infer X extends BatchShape, infer Lengths extends BatchShape]
    ? Ranked<Lengths> extends false
      ? X
      : Lengths extends readonly [unknown] | readonly [unknown, number | null]
        ? X
        : Mistake<`lengthMasking takes [batch, time, ...] and [batch] or [batch, 1] but is given ${ListInWords<Ins<this>>}`>
    : Counted<Ins<this>> extends false
      ? BatchShape
      : Mistake<`lengthMasking takes [batch, time, ...] and its lengths but is given ${ListInWords<Ins<this>>}`>;
}
