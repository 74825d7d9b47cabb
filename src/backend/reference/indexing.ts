import type { Kernels } from "../kernels.js";
import type { Views } from "./views.js";

type IndexingKernels = Pick<
  Kernels,
  "gather" | "scatterAdd" | "pick" | "pickAdd" | "findOutOfRange" | "findNonFinite" | "oneHot" | "topK"
>;

/** Order of sorting: larger values first, NaN before all. */
function descending(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a > b ? -1 : a < b ? 1 : 0;
}

/** Reading and adding at positions given by indices. Reads move bits, since an element may be of either type. */
export function indexingKernels(views: Views): IndexingKernels {
  return {
    gather(x, indices, out, outer, n, m, inner) {
      const X = views.ints(x, outer * n * inner);
      const I = views.ints(indices, m);
      const result = views.ints(out, outer * m * inner);
      for (let o = 0; o < outer; o++) {
        for (let j = 0; j < m; j++) {
          const from = (o * n + I[j]!) * inner;
          result.set(X.subarray(from, from + inner), (o * m + j) * inner);
        }
      }
    },

    scatterAdd(indices, updates, out, outer, n, m, inner) {
      const I = views.ints(indices, m);
      const U = views.floats(updates, outer * m * inner);
      const result = views.floats(out, outer * n * inner);
      for (let o = 0; o < outer; o++) {
        for (let j = 0; j < m; j++) {
          for (let i = 0; i < inner; i++) result[(o * n + I[j]!) * inner + i]! += U[(o * m + j) * inner + i]!;
        }
      }
    },

    pick(x, indices, out, rows, n, k) {
      const X = views.ints(x, rows * n);
      const I = views.ints(indices, rows * k);
      const result = views.ints(out, rows * k);
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < k; j++) result[r * k + j] = X[r * n + I[r * k + j]!]!;
      }
    },

    pickAdd(indices, updates, out, rows, n, k) {
      const I = views.ints(indices, rows * k);
      const U = views.floats(updates, rows * k);
      const result = views.floats(out, rows * n);
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < k; j++) result[r * n + I[r * k + j]!]! += U[r * k + j]!;
      }
    },

    findOutOfRange(indices, count, n) {
      return views.ints(indices, count).findIndex((index) => index < 0 || index >= n);
    },

    findNonFinite(x, n) {
      return views.floats(x, n).findIndex((value) => !Number.isFinite(value));
    },

    oneHot(indices, out, count, depth, on, off) {
      const result = views.floats(out, count * depth).fill(off);
      views.ints(indices, count).forEach((index, row) => {
        if (index >= 0 && index < depth) result[row * depth + index] = on;
      });
    },

    topK(x, values, indices, rows, n, k) {
      const V = views.floats(values, rows * k);
      const I = views.ints(indices, rows * k);
      for (let r = 0; r < rows; r++) {
        const row = views.floats(x + 4 * r * n, n);
        const order = Array.from(row.keys()).sort((i, j) => descending(row[i]!, row[j]!)); // a stable sort
        for (let j = 0; j < k; j++) {
          I[r * k + j] = order[j]!;
          V[r * k + j] = row[order[j]!]!;
        }
      }
    },
  };
}
