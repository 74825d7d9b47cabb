import { RondoError } from "../errors.js";
import { DIMS_WORDS, type Engine } from "./engine.js";
import { formatShape, type Shape } from "./shape.js";

/**
 * Writes [rank, sizes…, strides of each of the two operands…] where kernels can read it and returns the offset, which is
 * valid until the next call. Neighbouring axes that both operands walk as one are merged, and axes of size 1 dropped, so
 * that kernels see as few and as long axes as possible: adding two [32, 100, 128] tensors becomes one axis of 409,600.
 *
 * Throws RondoError "shape" when too many axes remain.
 */
export function writeDims(engine: Engine, shape: Shape, a: readonly number[], b: readonly number[]): number {
  const sizes: number[] = [];
  const strides: [number[], number[]] = [[], []];
  for (let axis = 0; axis < shape.length; axis++) {
    const n = shape[axis]!;
    if (n === 1) continue;
    const last = sizes.length - 1;
    if (last >= 0 && strides[0][last] === a[axis]! * n && strides[1][last] === b[axis]! * n) {
      sizes[last]! *= n;
      strides[0][last] = a[axis]!;
      strides[1][last] = b[axis]!;
    } else {
      sizes.push(n);
      strides[0].push(a[axis]!);
      strides[1].push(b[axis]!);
    }
  }
  const rank = sizes.length;
  if (1 + 3 * rank > DIMS_WORDS) {
    throw new RondoError("shape", "the tensor has too many axes", {
      received: formatShape(shape),
      expected: `at most ${Math.floor((DIMS_WORDS - 1) / 3)} axes`,
      fix: "reshape, so that neighbouring axes become one",
    });
  }
  const words = engine.dimsWords();
  words[0] = rank;
  for (let i = 0; i < rank; i++) {
    words[1 + i] = sizes[i]!;
    words[1 + rank + i] = strides[0][i]!;
    words[1 + 2 * rank + i] = strides[1][i]!;
  }
  return engine.dims;
}
