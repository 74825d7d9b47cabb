import type { Kernels } from "../kernels.js";
import type { Views } from "./views.js";

/** Optimizer updates, in place. */
export function optimizerKernels(views: Views): Pick<Kernels, "sgdUpdate" | "rmspropUpdate" | "adamUpdate"> {
  return {
    sgdUpdate(w, g, velocity, n, lr, momentum, nesterov) {
      const W = views.floats(w, n);
      const G = views.floats(g, n);
      const velocities = views.optionalFloats(velocity, n);
      for (let i = 0; i < n; i++) {
        let step = -lr * G[i]!;
        if (velocities) {
          const v = momentum * velocities[i]! + step;
          velocities[i] = v;
          step = nesterov ? momentum * v + step : v;
        }
        W[i]! += step;
      }
    },

    rmspropUpdate(w, g, v, velocity, mean, n, lr, rho, momentum, epsilon) {
      const W = views.floats(w, n);
      const G = views.floats(g, n);
      const V = views.floats(v, n);
      const velocities = views.optionalFloats(velocity, n);
      const means = views.optionalFloats(mean, n);
      for (let i = 0; i < n; i++) {
        let variance = rho * V[i]! + (1 - rho) * G[i]! ** 2;
        V[i] = variance;
        if (means) {
          const average = rho * means[i]! + (1 - rho) * G[i]!;
          means[i] = average;
          variance -= average ** 2;
        }
        let step = (lr * G[i]!) / Math.sqrt(variance + epsilon);
        if (velocities) {
          step += momentum * velocities[i]!;
          velocities[i] = step;
        }
        W[i]! -= step;
      }
    },

    adamUpdate(w, g, m, v, vMax, n, alpha, beta1, beta2, epsilon) {
      const W = views.floats(w, n);
      const G = views.floats(g, n);
      const M = views.floats(m, n);
      const V = views.floats(v, n);
      const largest = views.optionalFloats(vMax, n);
      for (let i = 0; i < n; i++) {
        const first = M[i]! + (G[i]! - M[i]!) * (1 - beta1);
        let second = V[i]! + (G[i]! ** 2 - V[i]!) * (1 - beta2);
        M[i] = first;
        V[i] = second;
        if (largest) {
          second = Math.max(largest[i]!, second);
          largest[i] = second;
        }
        W[i]! -= (alpha * first) / (Math.sqrt(second) + epsilon);
      }
    },
  };
}
