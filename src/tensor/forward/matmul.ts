import { allocate } from "../tensor.js";
import type { Forward } from "./table.js";

/**
 * Batched product of a [..., m, k] (or [..., k, m]) and b [..., k, n] (or [..., n, k]); leading axes agree, or one of the
 * operands has none and is used for the whole batch.
 */
export const matMul: Forward<{ transposeA: boolean; transposeB: boolean }> = ([a, b], { transposeA, transposeB }) => {
  const [rowsA, columnsA] = a!.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b!.shape.slice(-2) as [number, number];
  const m = transposeA ? columnsA : rowsA;
  const k = transposeA ? rowsA : columnsA;
  const n = transposeB ? rowsB : columnsB;
  const leading = a!.rank > 2 ? a!.shape.slice(0, -2) : b!.shape.slice(0, -2);
  let batch = leading.reduce((x, y) => x * y, 1);
  const y = allocate([...leading, m, n]);
  const strideA = a!.rank > 2 ? m * k : 0;
  const strideB = b!.rank > 2 ? k * n : 0;
  let rows = m;
  // One matrix b for every a: the batch is just more rows.
  if (strideB === 0 && strideA !== 0 && !transposeA) {
    rows = m * batch;
    batch = 1;
  }
  const { kernels } = a!.storage.engine;
  if (y.size === 0) return { outputs: [y] };
  if (k === 0) {
    kernels.fill(y.offset, y.size, 0);
    return { outputs: [y] };
  }
  kernels.matMul(
    a!.offset,
    b!.offset,
    y.offset,
    batch,
    rows,
    n,
    k,
    strideA,
    strideB,
    transposeA ? 1 : 0,
    transposeB ? 1 : 0,
    0,
  );
  return { outputs: [y] };
};
