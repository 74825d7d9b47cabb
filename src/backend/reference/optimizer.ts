import type { Kernels } from "../kernels.js";
import type { Views } from "./views.js";

type UpdateKernels = Pick<
  Kernels,
  | "sgdUpdate"
  | "rmspropUpdate"
  | "adamUpdate"
  | "nadamUpdate"
  | "adamaxUpdate"
  | "adagradUpdate"
  | "adadeltaUpdate"
  | "lionUpdate"
>;

/** Optimizer updates, in place. */
export function optimizerKernels(views: Views): UpdateKernels {
  /** w[i] = keep w[i] - step(scale g[i], i) */
  function update(
    w: number,
    g: number,
    n: number,
    scale: number,
    keep: number,
    step: (g: number, i: number) => number,
  ) {
    const W = views.floats(w, n);
    const G = views.floats(g, n);
    for (let i = 0; i < n; i++) W[i] = keep * W[i]! - step(scale * G[i]!, i);
  }
  /** Moves x[i] a share of the way to `value`; returns where it is then. */
  function move(x: Float32Array, i: number, value: number, share: number): number {
    const moved = x[i]! + (value - x[i]!) * share;
    x[i] = moved;
    return moved;
  }

  return {
    sgdUpdate(w, g, velocity, n, lr, momentum, nesterov, scale, keep) {
      const velocities = views.optionalFloats(velocity, n);
      update(w, g, n, scale, keep, (gradient, i) => {
        if (!velocities) return lr * gradient;
        const v = momentum * velocities[i]! - lr * gradient;
        velocities[i] = v;
        return nesterov ? lr * gradient - momentum * v : -v;
      });
    },

    rmspropUpdate(w, g, v, velocity, mean, n, lr, rho, momentum, epsilon, scale, keep) {
      const V = views.floats(v, n);
      const velocities = views.optionalFloats(velocity, n);
      const means = views.optionalFloats(mean, n);
      update(w, g, n, scale, keep, (gradient, i) => {
        let variance = rho * V[i]! + (1 - rho) * gradient ** 2;
        V[i] = variance;
        if (means) {
          const average = rho * means[i]! + (1 - rho) * gradient;
          means[i] = average;
          variance -= average ** 2;
        }
        let step = (lr * gradient) / Math.sqrt(variance + epsilon);
        if (velocities) {
          step += momentum * velocities[i]!;
          velocities[i] = step;
        }
        return step;
      });
    },

    adamUpdate(w, g, m, v, vMax, n, alpha, beta1, beta2, epsilon, scale, keep) {
      const M = views.floats(m, n);
      const V = views.floats(v, n);
      const largest = views.optionalFloats(vMax, n);
      update(w, g, n, scale, keep, (gradient, i) => {
        const first = move(M, i, gradient, 1 - beta1);
        let second = move(V, i, gradient ** 2, 1 - beta2);
        if (largest) {
          second = Math.max(largest[i]!, second);
          largest[i] = second;
        }
        return (alpha * first) / (Math.sqrt(second) + epsilon);
      });
    },

    nadamUpdate(w, g, m, v, n, fromMean, fromGradient, correction, beta1, beta2, epsilon, scale, keep) {
      const M = views.floats(m, n);
      const V = views.floats(v, n);
      update(w, g, n, scale, keep, (gradient, i) => {
        const first = move(M, i, gradient, 1 - beta1);
        const second = move(V, i, gradient ** 2, 1 - beta2);
        return (fromMean * first + fromGradient * gradient) / (Math.sqrt(correction * second) + epsilon);
      });
    },

    adamaxUpdate(w, g, m, norm, n, alpha, beta1, beta2, epsilon, scale, keep) {
      const M = views.floats(m, n);
      const norms = views.floats(norm, n);
      update(w, g, n, scale, keep, (gradient, i) => {
        const largest = Math.max(beta2 * norms[i]!, Math.abs(gradient));
        norms[i] = largest;
        return (alpha * move(M, i, gradient, 1 - beta1)) / (largest + epsilon);
      });
    },

    adagradUpdate(w, g, accumulator, n, lr, epsilon, scale, keep) {
      const sums = views.floats(accumulator, n);
      update(w, g, n, scale, keep, (gradient, i) => {
        const sum = sums[i]! + gradient ** 2;
        sums[i] = sum;
        return (lr * gradient) / Math.sqrt(sum + epsilon);
      });
    },

    adadeltaUpdate(w, g, gradientSquares, deltaSquares, n, lr, rho, epsilon, scale, keep) {
      const gradients = views.floats(gradientSquares, n);
      const deltas = views.floats(deltaSquares, n);
      update(w, g, n, scale, keep, (gradient, i) => {
        const squares = move(gradients, i, gradient ** 2, 1 - rho);
        const delta = gradient * Math.sqrt((deltas[i]! + epsilon) / (squares + epsilon));
        move(deltas, i, delta ** 2, 1 - rho);
        return lr * delta;
      });
    },

    lionUpdate(w, g, m, n, lr, beta1, beta2, scale, keep) {
      const M = views.floats(m, n);
      update(w, g, n, scale, keep, (gradient, i) => {
        const direction = beta1 * M[i]! + (1 - beta1) * gradient;
        move(M, i, gradient, 1 - beta2);
        return lr * Math.sign(direction);
      });
    },
  };
}
