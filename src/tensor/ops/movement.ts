import { RondoError } from "../../errors.js";
import { run1 } from "../run.js";
import { broadcastShapes, formatShape, normalizeAxes, normalizeAxis, type Shape, sameShape, sizeOf } from "../shape.js";
import { asTensor, checkShape, type Tensor, type TensorLike } from "../tensor.js";

// All of these keep the element type.

/**
 * The same elements, in the same order, under another shape. One size may be -1: it is computed from the others.
 * Throws RondoError "shape" when the number of elements changes.
 *
 * @example reshape([1, 2, 3, 4], [2, -1]).shape // [2, 2]
 */
export function reshape(x: TensorLike, shape: Shape): Tensor {
  const t = asTensor(x);
  const target = completeShape(t, shape);
  return sameShape(target, t.shape) ? t : run1("reshape", [t], { shape: target });
}

function completeShape(t: Tensor, shape: Shape): Shape {
  const open = shape.filter((n) => n === -1).length;
  const known = sizeOf(shape.filter((n) => n !== -1));
  checkShape(shape.map((n) => (n === -1 ? 0 : n)));
  const fits = open === 0 ? known === t.size : open === 1 && known > 0 && t.size % known === 0;
  if (!fits) {
    throw new RondoError("shape", "reshape cannot change the number of elements", {
      received: `${formatShape(t.shape)} (${t.size} elements) to ${formatShape(shape)}`,
      expected:
        open > 1 ? "at most one size of -1" : open === 1 ? `a multiple of ${known} elements` : `${known} elements`,
    });
  }
  return shape.map((n) => (n === -1 ? t.size / known : n));
}

/** A new axis of size 1 in front of `axis`; -1 appends one. @example expandDims([1, 2], -1).shape // [2, 1] */
export function expandDims(x: TensorLike, axis = 0): Tensor {
  const t = asTensor(x);
  const at = normalizeAxis(axis, t.rank + 1, "expandDims");
  return reshape(t, [...t.shape.slice(0, at), 1, ...t.shape.slice(at)]);
}

/**
 * Removes axes of size 1: those named, or all. Throws RondoError "shape" when a named axis is longer.
 *
 * @example squeeze([[[1], [2]]]) // [1, 2]
 */
export function squeeze(x: TensorLike, axis?: number | readonly number[]): Tensor {
  const t = asTensor(x);
  if (axis === undefined)
    return reshape(
      t,
      t.shape.filter((n) => n !== 1),
    );
  const axes = normalizeAxes(axis, t.rank, "squeeze");
  if (axes.some((a) => t.shape[a] !== 1)) {
    throw new RondoError("shape", "squeeze removes axes of size 1 only", {
      received: `axes ${axes.join(", ")} of ${formatShape(t.shape)}`,
    });
  }
  return reshape(
    t,
    t.shape.filter((_, i) => !axes.includes(i)),
  );
}

/** All elements in one axis. @example flatten([[1, 2], [3, 4]]) // [1, 2, 3, 4] */
export function flatten(x: TensorLike): Tensor {
  const t = asTensor(x);
  return reshape(t, [t.size]);
}

/**
 * Reorders axes: axis i of the result is axis perm[i] of x. By default all axes in reverse.
 *
 * @example transpose(x, [0, 2, 1]) // swaps the last two axes of [b, m, n]
 */
export function transpose(x: TensorLike, perm?: readonly number[]): Tensor {
  const t = asTensor(x);
  const order = (perm ?? Array.from({ length: t.rank }, (_, i) => t.rank - 1 - i)).map((axis) =>
    normalizeAxis(axis, t.rank, "transpose"),
  );
  if (order.length !== t.rank || new Set(order).size !== t.rank) {
    throw new RondoError("value", "transpose needs every axis exactly once", {
      received: `[${perm}] for a tensor of rank ${t.rank}`,
    });
  }
  // Only axes of size 1 move: the elements stay where they are.
  const moving = order.filter((axis) => t.shape[axis] !== 1);
  if (moving.every((axis, i) => i === 0 || moving[i - 1]! < axis))
    return reshape(
      t,
      order.map((axis) => t.shape[axis]!),
    );
  return run1("transpose", [t], { perm: order });
}

/**
 * Repeats x to `shape` by the rules of broadcasting. Throws RondoError "shape" when it does not fit.
 *
 * @example broadcastTo([1, 2], [2, 2]) // [[1, 2], [1, 2]]
 */
export function broadcastTo(x: TensorLike, shape: Shape): Tensor {
  const t = asTensor(x);
  if (sameShape(t.shape, shape)) return t;
  checkShape(shape);
  if (!sameShape(broadcastShapes(t.shape, shape, "broadcastTo"), shape)) {
    throw new RondoError("shape", "broadcastTo cannot shrink a tensor", {
      received: `${formatShape(t.shape)} to ${formatShape(shape)}`,
    });
  }
  return sizeOf(shape) === t.size ? reshape(t, shape) : run1("broadcastTo", [t], { shape });
}

/** Repeats x `repeats[i]` times along axis i. @example tile([1, 2], [2]) // [1, 2, 1, 2] */
export function tile(x: TensorLike, repeats: readonly number[]): Tensor {
  const t = asTensor(x);
  checkShape(repeats);
  if (repeats.length !== t.rank) {
    throw new RondoError("shape", "tile needs one count per axis", {
      received: `${repeats.length} counts for ${formatShape(t.shape)}`,
      fix: "expandDims the tensor first, or use a count of 1",
    });
  }
  const apart = reshape(
    t,
    t.shape.flatMap((n) => [1, n]),
  );
  const repeated = broadcastTo(
    apart,
    t.shape.flatMap((n, i) => [repeats[i]!, n]),
  );
  return reshape(
    repeated,
    t.shape.map((n, i) => n * repeats[i]!),
  );
}

/** Reverses the order along the axes given, or along all. @example reverse([1, 2, 3]) // [3, 2, 1] */
export function reverse(x: TensorLike, axis?: number | readonly number[]): Tensor {
  const t = asTensor(x);
  const axes = normalizeAxes(axis, t.rank, "reverse");
  const begin = t.shape.map((n, i) => (axes.includes(i) ? Math.max(0, n - 1) : 0));
  const step = t.shape.map((_, i) => (axes.includes(i) ? -1 : 1));
  return run1("slice", [t], { begin, size: t.shape, step });
}
