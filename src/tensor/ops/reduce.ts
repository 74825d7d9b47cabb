import type { OpCode } from "../../backend/kernels.js";
import { RondoError } from "../../errors.js";
import { run1 } from "../run.js";
import { formatShape, normalizeAxes, normalizeAxis, sameShape } from "../shape.js";
import type { Tensor, TensorLike } from "../tensor.js";
import { squaredDifference } from "./arithmetic.js";
import { cast } from "./comparison.js";
import { reshape } from "./movement.js";
import { bool, float, number } from "./operands.js";
import { abs, sqrt, square } from "./unary.js";

/** One axis, several, or all (undefined or null); negative axes count from the end. */
export type Axis = number | readonly number[] | null;

/** Reductions of no elements at all have a value only for these. */
const hasIdentity: readonly OpCode<"reduce">[] = ["sum", "prod"];

function reduce(op: OpCode<"reduce">, x: Tensor, axis: Axis | undefined, keepDims: boolean, where: string): Tensor {
  const axes = normalizeAxes(axis, x.rank, where);
  if (!hasIdentity.includes(op) && axes.some((a) => x.shape[a] === 0)) {
    throw new RondoError("value", `${where} of no elements is not defined`, {
      received: `shape ${formatShape(x.shape)}, axes ${axes.join(", ")}`,
      expected: "at least one element to reduce",
    });
  }
  const runs: { axis: number; count: number }[] = [];
  for (const a of axes) {
    const last = runs.at(-1);
    if (last && last.axis + last.count === a) last.count++;
    else runs.push({ axis: a, count: 1 });
  }
  // From the last run to the first, so that the earlier axes keep their numbers.
  let y = x;
  for (const run of runs.reverse()) {
    y =
      y.dtype === "int32"
        ? run1("reduceInt", [y], { op: op as OpCode<"reduceInt">, ...run })
        : run1("reduce", [y], { op, ...run });
  }
  const kept = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
  return keepDims && !sameShape(kept, y.shape) ? reshape(y, kept) : y;
}

/** Sum over `axis`; int32 and bool give int32. @example sum([[1, 2], [3, 4]], 0) // [4, 6] */
export function sum(x: TensorLike, axis?: Axis, keepDims = false): Tensor {
  return reduce("sum", number(x), axis, keepDims, "sum");
}

/**
 * Mean over `axis`, float32. Throws RondoError "value" when there is nothing to average.
 *
 * @example mean([[1, 2], [3, 4]], 0) // [2, 3]
 */
export function mean(x: TensorLike, axis?: Axis, keepDims = false): Tensor {
  return reduce("mean", float(x), axis, keepDims, "mean");
}

/**
 * Largest element over `axis`; equal largest elements share the gradient.
 *
 * @example max([[1, 9], [8, 2]], -1) // [9, 8]
 */
export function max(x: TensorLike, axis?: Axis, keepDims = false): Tensor {
  return reduce("max", number(x), axis, keepDims, "max");
}

/**
 * Smallest element over `axis`; equal smallest elements share the gradient.
 *
 * @example min([[1, 9], [8, 2]], -1) // [1, 2]
 */
export function min(x: TensorLike, axis?: Axis, keepDims = false): Tensor {
  return reduce("min", number(x), axis, keepDims, "min");
}

/** Product over `axis`; int32 and bool give int32. @example prod([1, 2, 3]) // 6 */
export function prod(x: TensorLike, axis?: Axis, keepDims = false): Tensor {
  return reduce("prod", number(x), axis, keepDims, "prod");
}

/** log(sum(exp(x))) over `axis`, without overflow. @example logSumExp([1000, 0]) // 1000 */
export function logSumExp(x: TensorLike, axis?: Axis, keepDims = false): Tensor {
  return reduce("logSumExp", float(x), axis, keepDims, "logSumExp");
}

/**
 * Whether any element over `axis` is not 0, bool; false for no elements.
 *
 * @example any([[true, false], [false, false]], -1) // [true, false]
 */
export function any(x: TensorLike, axis?: Axis, keepDims = false): Tensor {
  return cast(sum(bool(x), axis, keepDims), "bool");
}

/**
 * Whether every element over `axis` is not 0, bool; true for no elements.
 *
 * @example all([[true, false], [true, true]], -1) // [false, true]
 */
export function all(x: TensorLike, axis?: Axis, keepDims = false): Tensor {
  return cast(prod(bool(x), axis, keepDims), "bool");
}

/**
 * Mean squared distance from the mean over `axis` (division by n, as in Keras and numpy).
 *
 * @example variance([1, 2, 3, 4]) // 1.25
 */
export function variance(x: TensorLike, axis?: Axis, keepDims = false): Tensor {
  const t = float(x);
  return mean(squaredDifference(t, mean(t, axis, true)), axis, keepDims);
}

/**
 * Standard deviation over `axis`, the root of `variance`. Its gradient is infinite where the deviation is 0.
 *
 * @example std([1, 3]) // 1
 */
export function std(x: TensorLike, axis?: Axis, keepDims = false): Tensor {
  return sqrt(variance(x, axis, keepDims));
}

/** Mean and variance over `axis`. @example const { mean, variance } = moments(x, -1, true); */
export function moments(x: TensorLike, axis?: Axis, keepDims = false): { mean: Tensor; variance: Tensor } {
  const t = float(x);
  const center = mean(t, axis, true);
  const spread = mean(squaredDifference(t, center), axis, keepDims);
  return { mean: keepDims ? center : reshape(center, spread.shape), variance: spread };
}

/**
 * Vector norm over `axis`: "euclidean" (or 2), 1 for the sum of absolute values, "inf" for the largest.
 *
 * @example norm([3, 4]) // 5
 */
export function norm(
  x: TensorLike,
  order: 1 | 2 | "euclidean" | "inf" = "euclidean",
  axis?: Axis,
  keepDims = false,
): Tensor {
  const t = float(x);
  if (order === 1) return sum(abs(t), axis, keepDims);
  if (order === "inf") return max(abs(t), axis, keepDims);
  if (order === 2 || order === "euclidean") return sqrt(sum(square(t), axis, keepDims));
  throw new RondoError("option", "norm: unknown order", {
    received: JSON.stringify(order),
    expected: '1, 2, "euclidean" or "inf"',
  });
}

/**
 * Position of the first largest element along `axis`, int32; NaN counts as largest.
 *
 * @example argMax([[1, 9], [8, 2]], -1) // [1, 0]
 */
export function argMax(x: TensorLike, axis = 0, keepDims = false): Tensor {
  return argReduce("argMax", x, axis, keepDims);
}

/**
 * Position of the first smallest element along `axis`, int32; NaN counts as smallest.
 *
 * @example argMin([[1, 9], [8, 2]], -1) // [0, 1]
 */
export function argMin(x: TensorLike, axis = 0, keepDims = false): Tensor {
  return argReduce("argMin", x, axis, keepDims);
}

function argReduce(op: OpCode<"argReduce">, x: TensorLike, axis: number, keepDims: boolean): Tensor {
  const t = float(x);
  const a = normalizeAxis(axis, t.rank, op);
  if (t.shape[a] === 0) {
    throw new RondoError("value", `${op} of no elements is not defined`, { received: `shape ${formatShape(t.shape)}` });
  }
  const y = run1("argReduce", [t], { op, axis: a });
  return keepDims
    ? reshape(
        y,
        t.shape.map((n, i) => (i === a ? 1 : n)),
      )
    : y;
}

/**
 * Running sum along `axis`, same shape; int32 and bool give int32 (exact up to 2²⁴). `exclusive` leaves each element out of its own total; `reverse` runs
 * from the end.
 *
 * @example cumsum([1, 2, 3]) // [1, 3, 6]
 */
export function cumsum(x: TensorLike, axis = 0, exclusive = false, reverse = false): Tensor {
  const t = number(x);
  const a = normalizeAxis(axis, t.rank, "cumsum");
  return cast(run1("cumulativeSum", [float(t)], { axis: a, exclusive, reverse }), t.dtype);
}
