import type { Kernels } from "../kernels.js";
import type { Views } from "./views.js";

type SoftmaxKernels = Pick<
  Kernels,
  | "softmaxForward"
  | "softmaxBackward"
  | "logSoftmaxForward"
  | "logSoftmaxBackward"
  | "sparseCrossEntropyForward"
  | "sparseCrossEntropyBackward"
>;

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** log(softmax(x)) = (x - max) - log(sum(exp(x - max))): a large maximum must not swallow the logarithm. */
function logSoftmax(row: Float32Array): number[] {
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const shifted = Array.from(row, (v) => v - largest);
  const logarithm = Math.log(sum(shifted.map(Math.exp)));
  return shifted.map((v) => v - logarithm);
}

/** Softmax and cross-entropy over rows of [rows, n]. */
export function softmaxKernels(views: Views): SoftmaxKernels {
  const row = (matrix: number, r: number, n: number) => views.floats(matrix + 4 * r * n, n);

  return {
    softmaxForward(x, y, rows, n) {
      for (let r = 0; r < rows; r++) row(y, r, n).set(logSoftmax(row(x, r, n)).map(Math.exp));
    },

    /** dx = y (dy - sum(y dy)) */
    softmaxBackward(y, dy, dx, rows, n) {
      for (let r = 0; r < rows; r++) {
        const Y = Array.from(row(y, r, n));
        const dY = Array.from(row(dy, r, n));
        const inner = sum(Y.map((v, j) => v * dY[j]!));
        row(dx, r, n).set(Y.map((v, j) => v * (dY[j]! - inner)));
      }
    },

    logSoftmaxForward(x, y, rows, n) {
      for (let r = 0; r < rows; r++) row(y, r, n).set(logSoftmax(row(x, r, n)));
    },

    /** dx = dy - exp(y) sum(dy) */
    logSoftmaxBackward(y, dy, dx, rows, n) {
      for (let r = 0; r < rows; r++) {
        const Y = Array.from(row(y, r, n));
        const dY = Array.from(row(dy, r, n));
        const total = sum(dY);
        row(dx, r, n).set(dY.map((v, j) => v - Math.exp(Y[j]!) * total));
      }
    },

    sparseCrossEntropyForward(logits, targets, loss, probabilities, rows, n) {
      const T = views.ints(targets, rows);
      const L = views.floats(loss, rows);
      for (let r = 0; r < rows; r++) {
        const logProbabilities = logSoftmax(row(logits, r, n));
        L[r] = -logProbabilities[T[r]!]!;
        if (probabilities) row(probabilities, r, n).set(logProbabilities.map(Math.exp));
      }
    },

    sparseCrossEntropyBackward(probabilities, targets, dloss, dlogits, rows, n) {
      const T = views.ints(targets, rows);
      const dL = views.floats(dloss, rows);
      for (let r = 0; r < rows; r++) {
        const P = Array.from(row(probabilities, r, n));
        row(dlogits, r, n).set(P.map((p, j) => dL[r]! * (p - (j === T[r] ? 1 : 0))));
      }
    },
  };
}
