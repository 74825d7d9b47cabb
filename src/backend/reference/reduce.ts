import { type Kernels, type OpCode, opCodes } from "../kernels.js";
import type { Views } from "./views.js";

type ReduceKernels = Pick<Kernels, "reduce" | "reduceInt" | "argReduce" | "cumulativeSum" | "sumSquares">;

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const max = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);
const min = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Infinity);

/** log(sum(exp(values))), shifted by the largest value so that nothing overflows. */
export function logSumExp(values: readonly number[]): number {
  const largest = max(values);
  if (Math.abs(largest) === Infinity) return largest; // the shift would give Infinity - Infinity
  return largest + Math.log(sum(values.map((v) => Math.exp(v - largest))));
}

const reduce: Record<OpCode<"reduce">, (values: readonly number[]) => number> = {
  sum,
  mean: (values) => sum(values) / values.length,
  max,
  min,
  prod: (values) => values.reduce((a, b) => a * b, 1),
  logSumExp,
};

const reduceInt: Record<OpCode<"reduceInt">, (values: readonly number[]) => number> = {
  sum: (values) => values.reduce((a, b) => (a + b) | 0, 0),
  max: (values) => values.reduce((a, b) => Math.max(a, b), -(2 ** 31)),
  min: (values) => values.reduce((a, b) => Math.min(a, b), 2 ** 31 - 1),
  prod: (values) => values.reduce((a, b) => Math.imul(a, b), 1),
};

/** Position of the first value that `beats` all before it; NaN beats everything. */
function firstExtreme(values: readonly number[], beats: (a: number, b: number) => boolean): number {
  let best = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) return i;
    if (beats(values[i]!, values[best]!)) best = i;
  }
  return best;
}

const argReduce: Record<OpCode<"argReduce">, (values: readonly number[]) => number> = {
  argMax: (values) => firstExtreme(values, (a, b) => a > b),
  argMin: (values) => firstExtreme(values, (a, b) => a < b),
};

type Elements = Float32Array | Int32Array;

/** out[o, i] = f(x[o, :, i]) for x [outer, n, inner]. */
function reduceAxis(
  f: (values: readonly number[]) => number,
  x: Elements,
  out: Elements,
  outer: number,
  n: number,
  inner: number,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      out[o * inner + i] = f(Array.from({ length: n }, (_, j) => x[(o * n + j) * inner + i]!));
    }
  }
}

/** Reductions over the middle axis of [outer, n, inner]. */
export function reduceKernels(views: Views): ReduceKernels {
  return {
    reduce(op, x, out, outer, n, inner) {
      const f = reduce[opCodes.reduce[op]!];
      reduceAxis(f, views.floats(x, outer * n * inner), views.floats(out, outer * inner), outer, n, inner);
    },

    reduceInt(op, x, out, outer, n, inner) {
      const f = reduceInt[opCodes.reduceInt[op]!];
      reduceAxis(f, views.ints(x, outer * n * inner), views.ints(out, outer * inner), outer, n, inner);
    },

    argReduce(op, x, out, outer, n, inner) {
      const f = argReduce[opCodes.argReduce[op]!];
      reduceAxis(f, views.floats(x, outer * n * inner), views.ints(out, outer * inner), outer, n, inner);
    },

    cumulativeSum(x, out, outer, n, inner, exclusive, reverse) {
      const X = views.floats(x, outer * n * inner);
      const result = views.floats(out, outer * n * inner);
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) {
          let total = 0;
          for (let step = 0; step < n; step++) {
            const at = (o * n + (reverse ? n - 1 - step : step)) * inner + i;
            const before = total;
            total += X[at]!;
            result[at] = exclusive ? before : total;
          }
        }
      }
    },

    sumSquares(x, out, n) {
      let total = 0;
      for (const value of views.floats(x, n)) total += value * value;
      views.floats(out, 1)[0] = total;
    },
  };
}
