import { type Shape, sizeOf } from "../shape.js";
import { allocate } from "../tensor.js";
import type { Forward } from "./table.js";

/** x [outer…, n, inner…], indices [m…] -> [outer…, m…, inner…]. */
export const gather: Forward<{ axis: number }> = ([x, indices], { axis }) => {
  const outer = x!.shape.slice(0, axis);
  const inner = x!.shape.slice(axis + 1);
  const y = allocate([...outer, ...indices!.shape, ...inner], x!.dtype);
  if (y.size > 0) {
    const { kernels } = y.storage.engine;
    kernels.gather(x!.offset, indices!.offset, y.offset, sizeOf(outer), x!.shape[axis]!, indices!.size, sizeOf(inner));
  }
  return { outputs: [y] };
};

/** indices [m…], updates [outer…, m…, inner…] -> sums [outer…, n, inner…], float32; outer has `axis` axes. */
export const scatterAdd: Forward<{ axis: number; n: number }> = ([indices, updates], { axis, n }) => {
  const outer = updates!.shape.slice(0, axis);
  const inner = updates!.shape.slice(axis + indices!.rank);
  const y = allocate([...outer, n, ...inner]);
  const { kernels } = y.storage.engine;
  kernels.fill(y.offset, y.size, 0);
  if (updates!.size > 0) {
    kernels.scatterAdd(indices!.offset, updates!.offset, y.offset, sizeOf(outer), n, indices!.size, sizeOf(inner));
  }
  return { outputs: [y] };
};

/** y[…, j] = x[…, indices[…, j]]: x [rows…, n], indices [rows…, k]. */
export const pick: Forward<object> = ([x, indices]) => {
  const y = allocate(indices!.shape, x!.dtype);
  const [rows, n] = asRows(x!.shape);
  if (y.size > 0) y.storage.engine.kernels.pick(x!.offset, indices!.offset, y.offset, rows, n, indices!.shape.at(-1)!);
  return { outputs: [y] };
};

/** indices and updates [rows…, k] -> sums [rows…, n], float32. */
export const pickAdd: Forward<{ n: number }> = ([indices, updates], { n }) => {
  const [rows, k] = asRows(indices!.shape);
  const y = allocate([...indices!.shape.slice(0, -1), n]);
  const { kernels } = y.storage.engine;
  kernels.fill(y.offset, y.size, 0);
  if (updates!.size > 0) kernels.pickAdd(indices!.offset, updates!.offset, y.offset, rows, n, k);
  return { outputs: [y] };
};

/** indices [m…] -> [m…, depth], float32. */
export const oneHot: Forward<{ depth: number; on: number; off: number }> = ([indices], { depth, on, off }) => {
  const y = allocate([...indices!.shape, depth]);
  if (y.size > 0) y.storage.engine.kernels.oneHot(indices!.offset, y.offset, indices!.size, depth, on, off);
  return { outputs: [y] };
};

/** x [rows…, n] -> the k largest of each row and their positions, [rows…, k] each. */
export const topK: Forward<{ k: number }> = ([x], { k }) => {
  const [rows, n] = asRows(x!.shape);
  const shape = [...x!.shape.slice(0, -1), k];
  const values = allocate(shape);
  const indices = allocate(shape, "int32");
  if (values.size > 0) x!.storage.engine.kernels.topK(x!.offset, values.offset, indices.offset, rows, n, k);
  return { outputs: [values, indices] };
};

/** A shape as a matrix of rows along its last axis. */
function asRows(shape: Shape): [rows: number, n: number] {
  return [sizeOf(shape.slice(0, -1)), shape.at(-1)!];
}
