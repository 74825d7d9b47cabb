import type { Kernels } from "../kernels.js";
import type { Views } from "./views.js";

/** Matrix products. */
export function matMulKernels(views: Views): Pick<Kernels, "matMul"> {
  return {
    matMul(a, b, out, batch, m, n, k, strideA, strideB, transposeA, transposeB, accumulate) {
      for (let index = 0; index < batch; index++) {
        const A = views.floats(a + 4 * index * strideA, m * k);
        const B = views.floats(b + 4 * index * strideB, k * n);
        const result = views.floats(out + 4 * index * m * n, m * n);
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = accumulate ? result[i * n + j]! : 0;
            for (let p = 0; p < k; p++) {
              sum += A[transposeA ? p * m + i : i * k + p]! * B[transposeB ? j * k + p : p * n + j]!;
            }
            result[i * n + j] = sum;
          }
        }
      }
    },
  };
}
