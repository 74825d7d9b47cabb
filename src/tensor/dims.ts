import type { Engine } from "./engine.js";
import type { Shape } from "./shape.js";

/**
 * Merges neighbouring axes that every operand walks as one, and drops axes of size 1, so that kernels see as few and as
 * long axes as possible: adding two [32, 100, 128] tensors becomes one axis of 409,600.
 */
export function collapse(shape: Shape, strides: readonly (readonly number[])[]): { shape: number[]; strides: number[][] } {
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

/** Writes [rank, sizes…, strides of each operand…] into the arena for the duration of `call`. */
export function withDims(
  engine: Engine,
  shape: Shape,
  strides: readonly (readonly number[])[],
  call: (offset: number) => void,
): void {
  const flat = collapse(shape, strides);
  const words = [flat.shape.length, ...flat.shape, ...flat.strides.flat()];
  const bytes = words.length * 4;
  const offset = engine.arena.allocate(bytes);
  try {
    new Int32Array(engine.backend.memory.buffer, offset, words.length).set(words);
    call(offset);
  } finally {
    engine.arena.release(offset, bytes);
  }
}
