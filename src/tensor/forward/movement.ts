import { writeDims } from "../dims.js";
import { broadcastStrides, type Shape, sizeOf, stridesOf } from "../shape.js";
import { allocate, type Tensor } from "../tensor.js";
import { Variable } from "../variable.js";
import type { Forward } from "./table.js";

/** Copies a block of `shape` between tensors; `at` and `strides` count elements. */
function copyBlock(
  shape: Shape,
  source: Tensor,
  sourceAt: number,
  sourceStrides: readonly number[],
  destination: Tensor,
  destinationAt: number,
  destinationStrides: readonly number[],
): void {
  if (sizeOf(shape) === 0) return;
  const { engine } = destination.storage;
  const dims = writeDims(engine, shape, sourceStrides, destinationStrides);
  engine.kernels.copyStrided(source.offset + 4 * sourceAt, destination.offset + 4 * destinationAt, dims);
}

/** The same elements under another shape: shared memory, except for variables, whose elements may change. */
export const reshape: Forward<{ shape: Shape }> = ([x], { shape }) => {
  if (!(x instanceof Variable)) return { outputs: [x!.alias(shape)] };
  const y = allocate(shape, x.dtype);
  copyBlock([x.size], x, 0, [1], y, 0, [1]);
  return { outputs: [y] };
};

/** y's axis i is x's axis perm[i]. */
export const transpose: Forward<{ perm: readonly number[] }> = ([x], { perm }) => {
  const shape = perm.map((axis) => x!.shape[axis]!);
  const strides = stridesOf(x!.shape);
  const y = allocate(shape, x!.dtype);
  copyBlock(
    shape,
    x!,
    0,
    perm.map((axis) => strides[axis]!),
    y,
    0,
    stridesOf(shape),
  );
  return { outputs: [y] };
};

/** Repeats x along axes of size 1 and new leading axes. */
export const broadcastTo: Forward<{ shape: Shape }> = ([x], { shape }) => {
  const y = allocate(shape, x!.dtype);
  copyBlock(shape, x!, 0, broadcastStrides(x!.shape, shape), y, 0, stridesOf(shape));
  return { outputs: [y] };
};

/** Where a window lies in a larger tensor: first position and step per axis; steps may be negative. */
export interface Window {
  readonly begin: readonly number[];
  readonly step: readonly number[];
}

/** Element position and strides of a window in a contiguous tensor of `shape`. */
function windowStrides(shape: Shape, { begin, step }: Window): { at: number; strides: number[] } {
  const strides = stridesOf(shape);
  return {
    at: begin.reduce((sum, b, axis) => sum + b * strides[axis]!, 0),
    strides: strides.map((stride, axis) => stride * step[axis]!),
  };
}

/** y[i, …] = x[begin + i · step, …] for a y of the shape `size`. */
export const slice: Forward<Window & { size: Shape }> = ([x], { begin, size, step }) => {
  const y = allocate(size, x!.dtype);
  const { at, strides } = windowStrides(x!.shape, { begin, step });
  copyBlock(size, x!, at, strides, y, 0, stridesOf(size));
  return { outputs: [y] };
};

/** The reverse of slice: x at begin + i · step in a tensor of `shape` that is `value` everywhere else. */
export const pad: Forward<Window & { shape: Shape; value: number }> = ([x], { begin, step, shape, value }) => {
  const y = allocate(shape, x!.dtype);
  const { kernels } = y.storage.engine;
  if (y.size > x!.size) (x!.dtype === "float32" ? kernels.fill : kernels.fillInt)(y.offset, y.size, value);
  const { at, strides } = windowStrides(shape, { begin, step });
  copyBlock(x!.shape, x!, 0, stridesOf(x!.shape), y, at, strides);
  return { outputs: [y] };
};

/** Cuts x along `axis` into pieces of these sizes, which add up. */
export const split: Forward<{ axis: number; sizes: readonly number[] }> = ([x], { axis, sizes }) => {
  const strides = stridesOf(x!.shape);
  let at = 0;
  return {
    outputs: sizes.map((size) => {
      const shape = x!.shape.map((n, i) => (i === axis ? size : n));
      const y = allocate(shape, x!.dtype);
      copyBlock(shape, x!, at * strides[axis]!, strides, y, 0, stridesOf(shape));
      at += size;
      return y;
    }),
  };
};

/** Joins tensors of one type along `axis`; their other sizes agree. */
export const concat: Forward<{ axis: number }> = (inputs, { axis }) => {
  const first = inputs[0]!;
  const total = inputs.reduce((sum, t) => sum + t.shape[axis]!, 0);
  const shape = first.shape.map((n, i) => (i === axis ? total : n));
  const y = allocate(shape, first.dtype);
  const strides = stridesOf(shape);
  let at = 0;
  for (const x of inputs) {
    copyBlock(x.shape, x, 0, stridesOf(x.shape), y, at * strides[axis]!, strides);
    at += x.shape[axis]!;
  }
  return { outputs: [y] };
};
