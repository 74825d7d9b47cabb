import { allocate, type Tensor } from "../tensor/tensor.js";

/**
 * Rows freed of earlier ones together: of all before the block by products large enough to be fast, of those in the block
 * in small groups, and of each other in double precision.
 */
const BLOCK = 32;
const GROUP = 4;

/**
 * Makes the rows of v [count, size] orthonormal in place; `count <= size`.
 *
 * Blocked Gram–Schmidt: rows are freed of their components along finished ones by two matrix products (done twice, which
 * is enough for full float32 accuracy: Giraud et al. 2005). The result is the transposed Q of the QR factorisation of vᵀ
 * whose R has a positive diagonal, so that normal numbers give a uniformly random orthogonal matrix (Mezzadri 2007, arXiv
 * math-ph/0609050).
 */
export function orthonormalizeRows(v: Tensor): void {
  const [count, size] = v.shape as [number, number];
  const { kernels } = v.storage.engine;
  const coefficients = allocate([BLOCK, count]);
  /** Frees `rows` rows from `first` on of their components along the rows from `from` to `first`. */
  const free = (first: number, rows: number, from: number) => {
    const before = first - from;
    const [target, basis] = [first, from].map((row) => v.offset + row * size * 4) as [number, number];
    for (let pass = 0; pass < 2 && before > 0; pass++) {
      const { offset } = coefficients;
      kernels.matMul(target, basis, offset, 1, rows, before, size, 0, 0, 0, 1, 0);
      kernels.scaleInPlace(offset, rows * before, -1);
      kernels.matMul(offset, basis, target, 1, rows, size, before, 0, 0, 0, 0, 1);
    }
  };
  for (let block = 0; block < count; block += BLOCK) {
    const end = Math.min(block + BLOCK, count);
    free(block, end - block, 0);
    for (let first = block; first < end; first += GROUP) {
      const rows = Math.min(GROUP, end - first);
      free(first, rows, block);
      const here = v.view().subarray(first * size, (first + rows) * size);
      const precise = Float64Array.from(here);
      orthonormalize(precise, rows, size);
      here.set(precise);
    }
  }
  coefficients.dispose();
}

/** Gram–Schmidt on `count` vectors of length `size`, stored one after the other. */
function orthonormalize(v: Float64Array, count: number, size: number): void {
  const vectors = Array.from({ length: count }, (_, i) => v.subarray(i * size, (i + 1) * size));
  for (const [i, q] of vectors.entries()) {
    let squares = 0;
    for (let k = 0; k < size; k++) squares += q[k]! * q[k]!;
    const factor = 1 / Math.sqrt(squares);
    for (let k = 0; k < size; k++) q[k]! *= factor;
    for (let j = i + 1; j < count; j++) {
      const x = vectors[j]!;
      let along = 0;
      for (let k = 0; k < size; k++) along += x[k]! * q[k]!;
      for (let k = 0; k < size; k++) x[k]! -= along * q[k]!;
    }
  }
}
