import { RondoError } from "../../errors.js";
import { run, run1 } from "../run.js";
import { formatShape, normalizeAxis, sameShape } from "../shape.js";
import { asTensor, type Tensor, type TensorLike } from "../tensor.js";
import { cast } from "./comparison.js";
import { expandDims, reshape } from "./movement.js";

/**
 * The block of `size` elements from `begin` on, per axis. A negative begin counts from the end; a size of -1 goes to the
 * end; axes not mentioned stay whole. Throws RondoError "value" when the block leaves the tensor.
 *
 * @example slice([1, 2, 3, 4], 1, 2) // [2, 3]
 */
export function slice(x: TensorLike, begin: number | readonly number[], size: number | readonly number[] = -1): Tensor {
  const t = asTensor(x);
  const begins = typeof begin === "number" ? [begin] : begin;
  const sizes = typeof size === "number" ? [size] : size;
  if (begins.length > t.rank || sizes.length > t.rank) {
    throw new RondoError("shape", "slice: more positions than axes", {
      received: `begin [${begins}], size [${sizes}] for ${formatShape(t.shape)}`,
    });
  }
  const from = t.shape.map((n, i) => ((begins[i] ?? 0) < 0 ? n + begins[i]! : (begins[i] ?? 0)));
  const count = t.shape.map((n, i) => ((sizes[i] ?? -1) === -1 ? n - from[i]! : sizes[i]!));
  const inside = (n: number, i: number) =>
    Number.isInteger(from[i]) &&
    Number.isInteger(count[i]) &&
    from[i]! >= 0 &&
    count[i]! >= 0 &&
    from[i]! + count[i]! <= n;
  if (!t.shape.every(inside)) {
    throw new RondoError("value", "slice leaves the tensor", {
      received: `begin [${begins}], size [${sizes}] of ${formatShape(t.shape)}`,
      expected: "begin + size of at most the axis' size",
    });
  }
  return sameShape(count, t.shape) ? t : run1("slice", [t], { begin: from, size: count, step: t.shape.map(() => 1) });
}

/**
 * Every `strides[i]`-th element from begin to end (excluded) per axis, with Python's rules: negative positions count from
 * the end, positions outside are moved to the border, negative strides walk backwards. Axes not mentioned stay whole.
 *
 * @example stridedSlice([0, 1, 2, 3, 4, 5], [1], [6], [2]) // [1, 3, 5]
 */
export function stridedSlice(
  x: TensorLike,
  begin: readonly number[],
  end: readonly number[],
  strides: readonly number[] = [],
): Tensor {
  const t = asTensor(x);
  if (Math.max(begin.length, end.length, strides.length) > t.rank || [...strides].some((s) => s === 0)) {
    throw new RondoError("value", "stridedSlice: positions do not fit the tensor", {
      received: `begin [${begin}], end [${end}], strides [${strides}] for ${formatShape(t.shape)}`,
      expected: `at most ${t.rank} of each, and no stride of 0`,
    });
  }
  const step = t.shape.map((_, i) => strides[i] ?? 1);
  const clamp = (position: number, n: number, low: number, high: number) =>
    Math.min(high, Math.max(low, position < 0 ? position + n : position));
  const from = t.shape.map((n, i) => {
    const backwards = step[i]! < 0;
    return begin[i] === undefined
      ? backwards
        ? n - 1
        : 0
      : clamp(begin[i]!, n, backwards ? -1 : 0, backwards ? n - 1 : n);
  });
  const to = t.shape.map((n, i) => {
    const backwards = step[i]! < 0;
    return end[i] === undefined ? (backwards ? -1 : n) : clamp(end[i]!, n, backwards ? -1 : 0, backwards ? n - 1 : n);
  });
  const size = t.shape.map((_, i) => Math.max(0, Math.ceil((to[i]! - from[i]!) / step[i]!)));
  return run1("slice", [t], { begin: from, size, step });
}

/**
 * Cuts an axis into `parts` equal pieces, or into pieces of the sizes given.
 * Throws RondoError "shape" when they do not add up.
 *
 * @example const [i, f, c, o] = split(gates, 4, -1);
 */
export function split(x: TensorLike, parts: number | readonly number[], axis = 0): Tensor[] {
  const t = asTensor(x);
  const a = normalizeAxis(axis, t.rank, "split");
  const n = t.shape[a]!;
  const sizes = typeof parts === "number" ? new Array<number>(Math.max(0, Math.floor(parts))).fill(n / parts) : parts;
  if (!sizes.every((s) => Number.isInteger(s) && s >= 0) || sizes.reduce((p, q) => p + q, 0) !== n) {
    throw new RondoError("shape", "split: the pieces do not add up to the axis", {
      received: typeof parts === "number" ? `${parts} equal parts` : `sizes [${parts}]`,
      expected: `${n} in all (axis ${axis} of ${formatShape(t.shape)})`,
    });
  }
  return sizes.length === 1 ? [t] : [...run("split", [t], { axis: a, sizes: [...sizes] })];
}

/** The slices along an axis, without that axis. @example const steps = unstack(x, 1); // [b, t, f] -> t times [b, f] */
export function unstack(x: TensorLike, axis = 0): Tensor[] {
  const t = asTensor(x);
  const a = normalizeAxis(axis, t.rank, "unstack");
  const shape = t.shape.filter((_, i) => i !== a);
  return split(t, new Array<number>(t.shape[a]!).fill(1), a).map((piece) => reshape(piece, shape));
}

/** Tensors of one type: float32 if any is, else int32 if any is, else bool. */
function unify(tensors: readonly TensorLike[], where: string): Tensor[] {
  if (!Array.isArray(tensors) || tensors.length === 0) {
    throw new RondoError("value", `${where} needs an array of at least one tensor`, {
      received: Array.isArray(tensors) ? "an empty array" : typeof tensors,
    });
  }
  const list = tensors.map((t) => asTensor(t));
  const dtype = (["float32", "int32"] as const).find((d) => list.some((t) => t.dtype === d)) ?? "bool";
  return list.map((t) => cast(t, dtype));
}

/**
 * Joins tensors along an axis; their other sizes must agree. Throws RondoError "shape".
 *
 * @example concat([[1, 2], [3]]) // [1, 2, 3]
 */
export function concat(tensors: readonly TensorLike[], axis = 0): Tensor {
  const list = unify(tensors, "concat");
  const first = list[0]!;
  const a = normalizeAxis(axis, first.rank, "concat");
  for (const t of list) {
    if (t.rank !== first.rank || t.shape.some((n, i) => i !== a && n !== first.shape[i])) {
      throw new RondoError("shape", "concat: the tensors differ outside the axis they are joined along", {
        received: list.map((s) => formatShape(s.shape)).join(", "),
        expected: `equal sizes except on axis ${axis}`,
      });
    }
  }
  return list.length === 1 ? first : run1("concat", list, { axis: a });
}

/** Joins tensors of one shape along a new axis. @example stack([[1, 2], [3, 4]], 1) // [[1, 3], [2, 4]] */
export function stack(tensors: readonly TensorLike[], axis = 0): Tensor {
  const list = unify(tensors, "stack");
  const first = list[0]!;
  if (list.some((t) => !sameShape(t.shape, first.shape))) {
    throw new RondoError("shape", "stack needs tensors of one shape", {
      received: list.map((t) => formatShape(t.shape)).join(", "),
    });
  }
  const at = normalizeAxis(axis, first.rank + 1, "stack");
  return concat(
    list.map((t) => expandDims(t, at)),
    at,
  );
}

/**
 * Surrounds x with `value`: `paddings[i]` says how many elements to add before and after on axis i.
 *
 * @example pad([1, 2], [[1, 0]]) // [0, 1, 2]
 */
export function pad(x: TensorLike, paddings: readonly (readonly [number, number])[], value = 0): Tensor {
  const t = asTensor(x);
  const valid = paddings.length === t.rank && paddings.flat().every((n) => Number.isInteger(n) && n >= 0);
  if (!valid) {
    throw new RondoError("shape", "pad needs [before, after], whole numbers of at least 0, for every axis", {
      received: `${JSON.stringify(paddings)} for ${formatShape(t.shape)}`,
    });
  }
  if (t.dtype !== "float32" && (value | 0) !== value) return pad(cast(t, "float32"), paddings, value);
  const begin = paddings.map(([before]) => before);
  const shape = t.shape.map((n, i) => n + paddings[i]![0] + paddings[i]![1]);
  return run1("pad", [t], { begin, step: t.shape.map(() => 1), shape, value });
}
