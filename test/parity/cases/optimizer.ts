import type { Bench, Tolerance } from "../bench.js";
import { Source } from "../inputs.js";
import { type CaseTable, sizes } from "./case.js";

const tolerance: Tolerance = { relative: 1e-6, scale: 0.1 };

/** Weights, gradients and further state; variances are not negative. */
function arrays(b: Bench, n: number) {
  const source = new Source(n + 1);
  const updated = (label: string, low: number) => b.updatedFloats(label, source.floats(n, low, 1), tolerance);
  return { w: updated("w", -1), g: b.floats(source.floats(n)), updated };
}

export const optimizerCases: CaseTable<"sgdUpdate" | "rmspropUpdate" | "adamUpdate"> = {
  *sgdUpdate() {
    for (const n of sizes) {
      for (const [momentum, nesterov] of [
        [0, 0],
        [0.9, 0],
        [0.9, 1],
      ] as const) {
        yield {
          name: `n=${n}, momentum ${momentum}${nesterov ? ", Nesterov" : ""}`,
          run(b) {
            const { w, g, updated } = arrays(b, n);
            b.kernels.sgdUpdate(w, g, momentum ? updated("velocity", -1) : 0, n, 0.05, momentum, nesterov);
          },
        };
      }
    }
  },

  *rmspropUpdate() {
    for (const n of sizes) {
      for (const momentum of [0, 0.9]) {
        for (const centered of [false, true]) {
          yield {
            name: `n=${n}, momentum ${momentum}${centered ? ", centered" : ""}`,
            run(b) {
              const { w, g } = arrays(b, n);
              const source = new Source(n + 2);
              // The variance stays above the squared mean, as it does in training.
              const v = b.updatedFloats("v", source.floats(n, 0.3, 1), tolerance);
              const velocity = momentum ? b.updatedFloats("velocity", source.floats(n), tolerance) : 0;
              const mean = centered ? b.updatedFloats("mean", source.floats(n, -0.5, 0.5), tolerance) : 0;
              b.kernels.rmspropUpdate(w, g, v, velocity, mean, n, 0.01, 0.9, momentum, 1e-7);
            },
          };
        }
      }
    }
    yield {
      name: "no gradient yet",
      run(b) {
        const v = b.updatedFloats("v", [0, 0, 0], tolerance);
        b.kernels.rmspropUpdate(b.updatedFloats("w", [1, 2, 3]), b.floats([0, 0, 0]), v, 0, 0, 3, 0.01, 0.9, 0, 1e-7);
      },
    };
  },

  *adamUpdate() {
    for (const n of sizes) {
      for (const amsgrad of [false, true]) {
        yield {
          name: `n=${n}${amsgrad ? ", AMSGrad" : ""}`,
          run(b) {
            const { w, g, updated } = arrays(b, n);
            const m = updated("m", -1);
            const v = updated("v", 0.01);
            b.kernels.adamUpdate(w, g, m, v, amsgrad ? updated("vMax", 0.01) : 0, n, 0.002, 0.9, 0.999, 1e-7);
          },
        };
      }
    }
    yield {
      name: "no gradient yet",
      run(b) {
        const m = b.updatedFloats("m", [0, 0, 0], tolerance);
        const v = b.updatedFloats("v", [0, 0, 0], tolerance);
        b.kernels.adamUpdate(b.updatedFloats("w", [1, 2, 3]), b.floats([0, 0, 0]), m, v, 0, 3, 0.002, 0.9, 0.999, 1e-7);
      },
    };
  },
};
