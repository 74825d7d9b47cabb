import type { Kernels } from "../kernels.js";
import type { Views } from "./views.js";

type CopyKernels = Pick<
  Kernels,
  "fill" | "fillInt" | "copyStrided" | "castFloatToInt" | "castIntToFloat" | "castFloatToBool" | "castIntToBool"
>;

/** Filling, copying, converting. */
export function copyKernels(views: Views): CopyKernels {
  return {
    fill(out, n, value) {
      views.floats(out, n).fill(value);
    },

    fillInt(out, n, value) {
      views.ints(out, n).fill(value);
    },

    copyStrided(source, destination, dims) {
      const memory = views.allInts();
      const d = dims / 4;
      const rank = memory[d]!;
      const copyAxis = (axis: number, from: number, to: number): void => {
        if (axis === rank) {
          memory[to] = memory[from]!;
          return;
        }
        const size = memory[d + 1 + axis]!;
        const sourceStride = memory[d + 1 + rank + axis]!;
        const destinationStride = memory[d + 1 + 2 * rank + axis]!;
        for (let i = 0; i < size; i++) copyAxis(axis + 1, from + i * sourceStride, to + i * destinationStride);
      };
      copyAxis(0, source / 4, destination / 4);
    },

    castFloatToInt(x, out, n) {
      const X = views.floats(x, n);
      const result = views.ints(out, n);
      for (let i = 0; i < n; i++) result[i] = Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(X[i]!))); // NaN -> 0
    },

    castIntToFloat(x, out, n) {
      views.floats(out, n).set(views.ints(x, n));
    },

    castFloatToBool(x, out, n) {
      const X = views.floats(x, n);
      const result = views.ints(out, n);
      for (let i = 0; i < n; i++) result[i] = X[i] !== 0 ? 1 : 0;
    },

    castIntToBool(x, out, n) {
      const X = views.ints(x, n);
      const result = views.ints(out, n);
      for (let i = 0; i < n; i++) result[i] = X[i] !== 0 ? 1 : 0;
    },
  };
}
