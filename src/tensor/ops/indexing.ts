import { RondoError } from "../../errors.js";
import { run, run1 } from "../run.js";
import { formatShape, normalizeAxis, sameShape } from "../shape.js";
import { asTensor, type Tensor, type TensorLike } from "../tensor.js";
import { add } from "./arithmetic.js";
import { expandDims, reshape, transpose } from "./movement.js";
import { float, indices as inRange, wholeNumbers } from "./operands.js";

/**
 * Slices of x along `axis`, in the order of the indices (whole numbers of any shape, 0 <= index < size of the axis).
 * Throws RondoError "value" for an index out of range.
 *
 * @example gather([[1, 2], [3, 4]], [1, 1]) // [[3, 4], [3, 4]]
 */
export function gather(x: TensorLike, indices: TensorLike, axis = 0): Tensor {
  const t = asTensor(x);
  const a = normalizeAxis(axis, t.rank, "gather");
  return run1("gather", [t, inRange(indices, t.shape[a]!, "gather")], { axis: a });
}

/** numpy's name for `gather`. @example take([[1, 2], [3, 4]], [1, 1]) // [[3, 4], [3, 4]] */
export const take = gather;

/**
 * Sums rows of `data` [m…, rest…] by segment: row j is added to row segmentIds[j] of the result [count, rest…], float32.
 * Segments without rows are 0. Throws RondoError "value" for an id out of range.
 *
 * @example segmentSum([1, 2, 3], [0, 1, 0], 2) // [4, 2]
 */
export function segmentSum(data: TensorLike, segmentIds: TensorLike, count: number): Tensor {
  const t = float(data);
  const ids = inRange(segmentIds, count, "segmentSum");
  if (!sameShape(t.shape.slice(0, ids.rank), ids.shape)) {
    throw new RondoError("shape", "segmentSum: ids and data disagree", {
      received: `ids ${formatShape(ids.shape)}, data ${formatShape(t.shape)}`,
      expected: "data [m…, rest…] for ids [m…]",
    });
  }
  return run1("scatterAdd", [ids, t], { axis: 0, n: count });
}

/**
 * x with `updates` [m…, rest…] added to its rows at `indices` [m…]; an index may repeat. Float32.
 *
 * @example scatterAdd([0, 0, 0], [2, 2], [1, 5]) // [0, 0, 6]
 */
export function scatterAdd(x: TensorLike, indices: TensorLike, updates: TensorLike): Tensor {
  const t = float(x);
  if (t.rank === 0) throw new RondoError("shape", "scatterAdd needs a tensor with rows", { received: "a scalar" });
  const sums = segmentSum(updates, indices, t.shape[0]!);
  if (!sameShape(sums.shape, t.shape)) {
    throw new RondoError("shape", "scatterAdd: the updates do not have the shape of rows", {
      received: `rows of ${formatShape(sums.shape.slice(1))}`,
      expected: `rows of ${formatShape(t.shape.slice(1))}`,
    });
  }
  return add(t, sums);
}

/**
 * Along the last axis, one element per row or several: x [rows…, n] with indices [rows…] -> [rows…], or with indices
 * [rows…, k] -> [rows…, k]. Throws RondoError "value" for an index out of range.
 *
 * @example pick([[1, 2], [3, 4]], [1, 0]) // [2, 3]
 */
export function pick(x: TensorLike, indices: TensorLike): Tensor {
  const t = asTensor(x);
  const rows = t.shape.slice(0, -1);
  const positions = inRange(indices, t.shape.at(-1) ?? 0, "pick");
  const single = positions.rank === t.rank - 1;
  if (t.rank === 0 || !sameShape(single ? positions.shape : positions.shape.slice(0, -1), rows)) {
    throw new RondoError("shape", "pick: indices and x have different rows", {
      received: `indices ${formatShape(positions.shape)}, x ${formatShape(t.shape)}`,
      expected: `indices ${formatShape(rows)} or ${formatShape([...rows, null])}`,
    });
  }
  const y = run1("pick", [t, single ? expandDims(positions, -1) : positions], {});
  return single ? reshape(y, rows) : y;
}

/**
 * numpy's take_along_axis: result[…, j, …] = x[…, indices[…, j, …], …], where j runs along `axis` and the other sizes of
 * x and indices agree.
 *
 * @example takeAlongAxis([[1, 2], [3, 4]], [[1], [0]], -1) // [[2], [3]]
 */
export function takeAlongAxis(x: TensorLike, indices: TensorLike, axis = -1): Tensor {
  const t = asTensor(x);
  const positions = wholeNumbers(indices, "takeAlongAxis");
  const a = normalizeAxis(axis, t.rank, "takeAlongAxis");
  if (positions.rank !== t.rank) {
    throw new RondoError("shape", "takeAlongAxis needs indices with as many axes as x", {
      received: `indices ${formatShape(positions.shape)}, x ${formatShape(t.shape)}`,
    });
  }
  const swap = t.shape.map((_, i) => (i === a ? t.rank - 1 : i === t.rank - 1 ? a : i));
  return transpose(pick(transpose(t, swap), transpose(positions, swap)), swap);
}

/**
 * Rows of `off` with a single `on` at each index: indices [m…] -> [m…, depth], float32. An index out of range gives a
 * row without `on`.
 *
 * @example oneHot([1, 0], 3) // [[0, 1, 0], [1, 0, 0]]
 */
export function oneHot(indices: TensorLike, depth: number, on = 1, off = 0): Tensor {
  if (!Number.isInteger(depth) || depth < 1) {
    throw new RondoError("value", "oneHot needs a depth of at least 1", { received: String(depth) });
  }
  return run1("oneHot", [wholeNumbers(indices, "oneHot")], { depth, on, off });
}

/**
 * The k largest elements along the last axis, largest first, and their positions (int32); among equals the first.
 *
 * @example topK([3, 1, 2], 2).indices // [0, 2]
 */
export function topK(x: TensorLike, k = 1): { values: Tensor; indices: Tensor } {
  const t = float(x);
  if (t.rank === 0 || !Number.isInteger(k) || k < 1 || k > t.shape.at(-1)!) {
    throw new RondoError("value", "topK needs 1 <= k <= size of the last axis", {
      received: `k ${k} for ${formatShape(t.shape)}`,
    });
  }
  const [values, indices] = run("topK", [t], { k });
  return { values: values!, indices: indices! };
}
