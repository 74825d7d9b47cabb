import type { Bench, Tolerance } from "../bench.js";
import { Source } from "../inputs.js";
import { type Case, type CaseTable, sizes } from "./case.js";

/** Weights of up to 1 are rounded twice. */
const tolerance: Tolerance = { relative: 1e-6, scale: 0.3 };

/** Weights, gradients and further state; variances are not negative. */
function arrays(b: Bench, n: number) {
  const source = new Source(n + 1);
  const updated = (label: string, low: number) => b.updatedFloats(label, source.floats(n, low, 1), tolerance);
  return { w: updated("w", -1), g: b.floats(source.floats(n)), updated };
}

/** Neither clipped nor decayed, and both. */
const factors = [
  [1, 1],
  [0.25, 0.99],
] as const;

/** Cases of an update for all sizes and factors; `prepare` lays out what it remembers and returns the call. */
function* each(
  label: string,
  prepare: (b: Bench, n: number, slots: ReturnType<typeof arrays>) => (scale: number, keep: number) => void,
): Generator<Case> {
  for (const n of sizes) {
    for (const [scale, keep] of factors) {
      yield {
        name: `n=${n}${label}${scale === 1 ? "" : ", clipped and decayed"}`,
        run: (b) => prepare(b, n, arrays(b, n))(scale, keep),
      };
    }
  }
}

export const optimizerCases: CaseTable<
  | "sgdUpdate"
  | "rmspropUpdate"
  | "adamUpdate"
  | "nadamUpdate"
  | "adamaxUpdate"
  | "adagradUpdate"
  | "adadeltaUpdate"
  | "lionUpdate"
> = {
  *sgdUpdate() {
    for (const [momentum, nesterov] of [
      [0, 0],
      [0.9, 0],
      [0.9, 1],
    ] as const) {
      yield* each(`, momentum ${momentum}${nesterov ? ", Nesterov" : ""}`, (b, n, { w, g, updated }) => {
        const velocity = momentum ? updated("velocity", -1) : 0;
        return (scale, keep) => b.kernels.sgdUpdate(w, g, velocity, n, 0.05, momentum, nesterov, scale, keep);
      });
    }
  },

  *rmspropUpdate() {
    for (const momentum of [0, 0.9]) {
      for (const centered of [false, true]) {
        yield* each(`, momentum ${momentum}${centered ? ", centered" : ""}`, (b, n, { w, g }) => {
          const source = new Source(n + 2);
          // The variance stays above the squared mean, as it does in training.
          const v = b.updatedFloats("v", source.floats(n, 0.3, 1), tolerance);
          const velocity = momentum ? b.updatedFloats("velocity", source.floats(n), tolerance) : 0;
          const mean = centered ? b.updatedFloats("mean", source.floats(n, -0.5, 0.5), tolerance) : 0;
          return (scale, keep) =>
            b.kernels.rmspropUpdate(w, g, v, velocity, mean, n, 0.01, 0.9, momentum, 1e-7, scale, keep);
        });
      }
    }
    yield {
      name: "no gradient yet",
      run(b) {
        const v = b.updatedFloats("v", [0, 0, 0], tolerance);
        const w = b.updatedFloats("w", [1, 2, 3]);
        b.kernels.rmspropUpdate(w, b.floats([0, 0, 0]), v, 0, 0, 3, 0.01, 0.9, 0, 1e-7, 1, 1);
      },
    };
  },

  *adamUpdate() {
    for (const amsgrad of [false, true]) {
      yield* each(amsgrad ? ", AMSGrad" : "", (b, n, { w, g, updated }) => {
        const [m, v, vMax] = [updated("m", -1), updated("v", 0.01), amsgrad ? updated("vMax", 0.01) : 0];
        return (scale, keep) => b.kernels.adamUpdate(w, g, m, v, vMax, n, 0.002, 0.9, 0.999, 1e-7, scale, keep);
      });
    }
    yield {
      name: "no gradient yet",
      run(b) {
        const m = b.updatedFloats("m", [0, 0, 0], tolerance);
        const v = b.updatedFloats("v", [0, 0, 0], tolerance);
        const w = b.updatedFloats("w", [1, 2, 3]);
        b.kernels.adamUpdate(w, b.floats([0, 0, 0]), m, v, 0, 3, 0.002, 0.9, 0.999, 1e-7, 1, 1);
      },
    };
  },

  *nadamUpdate() {
    yield* each("", (b, n, { w, g, updated }) => {
      const [m, v] = [updated("m", -1), updated("v", 0.01)];
      return (scale, keep) => b.kernels.nadamUpdate(w, g, m, v, n, 0.004, 0.002, 1.5, 0.9, 0.999, 1e-7, scale, keep);
    });
  },

  *adamaxUpdate() {
    yield* each("", (b, n, { w, g, updated }) => {
      const [m, norm] = [updated("m", -1), updated("norm", 0.01)];
      return (scale, keep) => b.kernels.adamaxUpdate(w, g, m, norm, n, 0.002, 0.9, 0.999, 1e-7, scale, keep);
    });
  },

  *adagradUpdate() {
    yield* each("", (b, n, { w, g, updated }) => {
      const accumulator = updated("accumulator", 0.01);
      return (scale, keep) => b.kernels.adagradUpdate(w, g, accumulator, n, 0.002, 1e-7, scale, keep);
    });
  },

  *adadeltaUpdate() {
    yield* each("", (b, n, { w, g, updated }) => {
      const [gradients, deltas] = [updated("gradientSquares", 0.01), updated("deltaSquares", 0)];
      return (scale, keep) => b.kernels.adadeltaUpdate(w, g, gradients, deltas, n, 0.5, 0.95, 1e-7, scale, keep);
    });
  },

  *lionUpdate() {
    yield* each("", (b, n, { w, g, updated }) => {
      const m = updated("m", -1);
      return (scale, keep) => b.kernels.lionUpdate(w, g, m, n, 0.002, 0.9, 0.99, scale, keep);
    });
    yield {
      name: "no direction",
      run(b) {
        const m = b.updatedFloats("m", [0, 0, 0], tolerance);
        b.kernels.lionUpdate(b.updatedFloats("w", [1, 2, 3]), b.floats([0, 0, 0]), m, 3, 0.01, 0.9, 0.99, 1, 1);
      },
    };
  },
};
