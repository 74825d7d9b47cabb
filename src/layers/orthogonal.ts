import { allocate, type Tensor } from "../tensor/tensor.js";

/** Rows made orthogonal at once: to earlier rows by matrix products, among themselves in double precision. */
const BLOCK = 32;

/**
 * Makes the rows of v [count, size] orthonormal in place; `count <= size`.
 *
 * Blocked Gram–Schmidt: each block of rows is freed of its components along all finished rows by two matrix products
 * (done twice, which is enough for full float32 accuracy: Giraud et al. 2005), then orthonormalised by itself. The result
 * is the transposed Q of the QR factorisation of vᵀ whose R has a positive diagonal, so that normal numbers give a
 * uniformly random orthogonal matrix (Mezzadri 2007, arXiv math-ph/0609050).
 */
export function orthonormalizeRows(v: Tensor): void {
  const [count, size] = v.shape as [number, number];
  const { kernels } = v.storage.engine;
  const coefficients = allocate([BLOCK, count]);
  for (let first = 0; first < count; first += BLOCK) {
    const rows = Math.min(BLOCK, count - first);
    const block = v.offset + first * size * 4;
    for (let pass = 0; pass < 2 && first > 0; pass++) {
      const { offset } = coefficients;
      kernels.matMul(block, v.offset, offset, 1, rows, first, size, 0, 0, 0, 1, 0);
      kernels.scaleInPlace(offset, rows * first, -1);
      kernels.matMul(offset, v.offset, block, 1, rows, size, first, 0, 0, 0, 0, 1);
    }
    const here = v.view().subarray(first * size, (first + rows) * size);
    const precise = Float64Array.from(here);
    orthonormalize(precise, rows, size);
    here.set(precise);
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
