import { RondoError } from "../errors.js";
import { DIMS_WORDS, type Engine } from "./engine.js";
import { formatShape, type Shape } from "./shape.js";

/**
 * Merges neighbouring axes that every operand walks as one, and drops axes of size 1, so that kernels see as few and as
 * long axes as possible: adding two [32, 100, 128] tensors becomes one axis of 409,600.
 */
export function collapse(
  shape: Shape,
  strides: readonly (readonly number[])[],
): { shape: number[]; strides: number[][] } {
  const sizes: number[] = [];
  const merged: number[][] = strides.map(() => []);
  for (let axis = 0; axis < shape.length; axis++) {
    const n = shape[axis]!;
    if (n === 1) continue;
    const last = sizes.length - 1;
    const joins = last >= 0 && strides.every((s, k) => merged[k]![last] === s[axis]! * n);
    if (joins) {
      sizes[last]! *= n;
      for (let k = 0; k < strides.length; k++) merged[k]![last] = strides[k]![axis]!;
    } else {
      sizes.push(n);
      for (let k = 0; k < strides.length; k++) merged[k]!.push(strides[k]![axis]!);
    }
  }
  return { shape: sizes, strides: merged };
}

/**
 * Writes [rank, sizes…, strides of each operand…] where kernels can read it and returns the offset, which is valid until
 * the next call. Throws RondoError "shape" when too many axes remain after collapsing.
 */
export function writeDims(engine: Engine, shape: Shape, strides: readonly (readonly number[])[]): number {
  const flat = collapse(shape, strides);
  const words = [flat.shape.length, ...flat.shape, ...flat.strides.flat()];
  if (words.length > DIMS_WORDS) {
    throw new RondoError("shape", "the tensor has too many axes", {
      received: formatShape(shape),
      expected: `at most ${Math.floor((DIMS_WORDS - 1) / (1 + strides.length))} axes`,
      fix: "reshape, so that neighbouring axes become one",
    });
  }
  new Int32Array(engine.backend.memory.buffer, engine.dims, words.length).set(words);
  return engine.dims;
}
