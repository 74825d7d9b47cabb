import { RondoError } from "../../errors.js";
import { run1 } from "../run.js";
import type { DType, Shape } from "../shape.js";
import { allocate, asTensor, checkShape, Tensor, type TensorLike, tensor } from "../tensor.js";

/** A tensor without axes. @example scalar(3).shape // [] */
export function scalar(value: number | boolean, dtype?: DType): Tensor {
  return tensor(value, [], dtype);
}

/** A tensor whose elements all are `value`. @example fill([2, 2], 0.5) */
export function fill(shape: Shape, value: number, dtype: DType = "float32"): Tensor {
  checkShape(shape);
  if (dtype === "int32" && (value | 0) !== value) {
    throw new RondoError("value", "fill: an int32 tensor holds whole numbers", { received: String(value) });
  }
  const t = allocate(shape, dtype);
  const { kernels } = t.storage.engine;
  if (dtype === "float32") kernels.fill(t.offset, t.size, value);
  else kernels.fillInt(t.offset, t.size, dtype === "bool" ? Number(value !== 0) : value);
  return t;
}

/** numpy's name for `fill`. @example full([3], 7) */
export const full = fill;

/**
 * A tensor whose elements all are 0.
 * @example zeros([2, 3])
 */
export function zeros(shape: Shape, dtype: DType = "float32"): Tensor {
  return fill(shape, 0, dtype);
}

/**
 * A tensor whose elements all are 1.
 * @example ones([2, 3])
 */
export function ones(shape: Shape, dtype: DType = "float32"): Tensor {
  return fill(shape, 1, dtype);
}

/** Zeros of the shape and type of `x`. @example zerosLike([[1, 2], [3, 4]]) // [[0, 0], [0, 0]] */
export function zerosLike(x: TensorLike): Tensor {
  const t = asTensor(x);
  return zeros(t.shape, t.dtype);
}

/** Ones of the shape and type of `x`. @example onesLike([[1, 2], [3, 4]]) // [[1, 1], [1, 1]] */
export function onesLike(x: TensorLike): Tensor {
  const t = asTensor(x);
  return ones(t.shape, t.dtype);
}

/** The identity matrix [rows, columns]; square by default. @example eye(3) */
export function eye(rows: number, columns = rows, dtype: DType = "float32"): Tensor {
  const t = zeros([rows, columns], dtype);
  const view = t.view();
  for (let i = 0; i < Math.min(rows, columns); i++) view[i * columns + i] = 1;
  return t;
}

/**
 * Numbers from `start` up to, but not including, `stop`. With one argument: from 0.
 *
 * @example arange(3) // [0, 1, 2]
 * @example arange(1, 2, 0.25) // [1, 1.25, 1.5, 1.75]
 */
export function arange(start: number, stop?: number, step = 1, dtype: DType = "float32"): Tensor {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (step === 0 || !Number.isFinite(count)) {
    throw new RondoError("value", "arange needs finite bounds and a step other than 0", {
      received: `start ${from}, stop ${to}, step ${step}`,
    });
  }
  return tensor(
    Float64Array.from({ length: count }, (_, i) => from + i * step),
    undefined,
    dtype,
  );
}

/** TF.js' name for `arange`. @example range(0, 5) */
export const range = arange;

/** `count` evenly spaced numbers from `start` to `stop`, both included. @example linspace(0, 1, 5) */
export function linspace(start: number, stop: number, count: number): Tensor {
  if (!Number.isInteger(count) || count < 1) {
    throw new RondoError("value", "linspace needs a whole number of points, at least 1", { received: String(count) });
  }
  const step = count === 1 ? 0 : (stop - start) / (count - 1);
  const values = Float64Array.from({ length: count }, (_, i) => start + i * step);
  if (count > 1) values[count - 1] = stop;
  return tensor(values);
}

/** A copy with its own memory; gradients flow through it. @example const before = clone(weights); */
export function clone(x: TensorLike): Tensor {
  const t = asTensor(x);
  return run1("broadcastTo", [t], { shape: t.shape });
}

/** Whether a value is a tensor. @example isTensor(zeros([2])) // true */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}
