import type { Kernels } from "../kernels.js";
import type { Views } from "./views.js";

/** Layer normalization of rows. */
export function normalizationKernels(views: Views): Pick<Kernels, "layerNormForward" | "layerNormBackward"> {
  return {
    layerNormForward(x, gamma, beta, y, stats, rows, n, epsilon) {
      const [G, B] = [views.floats(gamma, n), views.floats(beta, n)];
      const kept = views.optionalFloats(stats, 2 * rows);
      for (let r = 0; r < rows; r++) {
        const X = views.floats(x + 4 * r * n, n);
        const mean = X.reduce((sum, v) => sum + v, 0) / n;
        const factor = 1 / Math.sqrt(X.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n + epsilon);
        views.floats(y + 4 * r * n, n).set(Array.from(X, (v, i) => (v - mean) * factor * G[i]! + B[i]!));
        kept?.set([mean, factor], 2 * r);
      }
    },

    layerNormBackward(x, gamma, stats, dy, dx, dGamma, dBeta, rows, n) {
      const [G, S] = [views.floats(gamma, n), views.floats(stats, 2 * rows)];
      const [sumsG, sumsB] = [new Float64Array(n), new Float64Array(n)];
      for (let r = 0; r < rows; r++) {
        const [X, D] = [views.floats(x + 4 * r * n, n), views.floats(dy + 4 * r * n, n)];
        const [shift, factor] = [S[2 * r]!, S[2 * r + 1]!];
        const normal = Array.from(X, (v) => (v - shift) * factor);
        const g = Array.from(D, (d, i) => d * G[i]!);
        const mean = g.reduce((sum, v) => sum + v, 0) / n;
        const slope = g.reduce((sum, v, i) => sum + v * normal[i]!, 0) / n;
        for (const [i, d] of D.entries()) {
          sumsG[i]! += d * normal[i]!;
          sumsB[i]! += d;
        }
        views.floats(dx + 4 * r * n, n).set(g.map((v, i) => (v - mean - normal[i]! * slope) * factor));
      }
      views.floats(dGamma, n).set(sumsG);
      views.floats(dBeta, n).set(sumsB);
    },
  };
}
