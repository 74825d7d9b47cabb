import { type OpCode, opCode, opCodes } from "../../../src/backend/kernels.js";
import { close, exact, type Tolerance } from "../bench.js";
import { Source } from "../inputs.js";
import { type CaseTable, sizes } from "./case.js";

/** [outer, n, inner] */
const shapes: [number, number, number][] = [
  [0, 3, 2],
  [3, 5, 0],
  [1, 1, 1],
  [1, 3, 1],
  [1, 7, 1],
  [3, 5, 7],
  [7, 33, 1],
  [1, 7, 13],
  [33, 13, 5],
  [5, 1, 1003],
  [2, 1003, 3],
  [1, 1003, 1],
  [1, 64, 64],
  [300, 401, 1],
  [1, 300, 401],
  [40, 50, 60],
  [1, 100_003, 1],
];
const emptyAxis: [number, number, number][] = [
  [1, 0, 1],
  [2, 0, 3],
  [5, 0, 33],
];

/** Sum of absolute values along the axis: what the error of a sum is relative to. */
function magnitudes(x: ArrayLike<number>, outer: number, n: number, inner: number): number[] {
  return Array.from({ length: outer * inner }, (_, at) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += Math.abs(x[(Math.floor(at / inner) * n + j) * inner + (at % inner)]!);
    return Number.isFinite(sum) ? sum : 0;
  });
}

function tolerance(op: OpCode<"reduce">, x: ArrayLike<number>, [outer, n, inner]: [number, number, number]): Tolerance {
  if (op === "max" || op === "min") return exact;
  if (op === "prod") return { relative: 1e-6 + n * 6e-8 };
  if (op === "logSumExp") return { relative: 1e-6, scale: 1 };
  return {
    relative: 1e-6,
    scale: magnitudes(x, outer, n, inner).map((sum) => (op === "mean" && n > 0 ? sum / n : sum)),
  };
}

/** Rows of 7 with one odd value each, in turn at each place. */
const odd = [NaN, Infinity, -Infinity, 0, -0, 1e30, -1e30, 200, -200].flatMap((value) =>
  [0, 1, 2, 3, 4, 5, 6].flatMap((place) => [0.5, -1, 2, 0.25, 2, -1, 1].map((v, i) => (i === place ? value : v))),
);
const oddRows: [string, number[], [number, number, number]][] = [
  ["odd values in rows", odd, [odd.length / 7, 7, 1]],
  ["odd values in columns", odd, [1, odd.length / 7, 7]],
  ["only -inf", [-Infinity, -Infinity, -Infinity], [1, 3, 1]],
  ["inf and -inf", [Infinity, -Infinity, 0], [1, 3, 1]],
  ["two NaN", [1, NaN, NaN, 5], [1, 4, 1]],
];

export const reduceCases: CaseTable<"reduce" | "reduceInt" | "argReduce" | "cumulativeSum" | "sumSquares"> = {
  *reduce() {
    for (const op of opCodes.reduce) {
      const inputs: [string, ArrayLike<number>, [number, number, number]][] = [...oddRows];
      for (const shape of [...shapes, ...emptyAxis]) {
        const [outer, n, inner] = shape;
        const around = op === "prod" ? 1 : 0; // products of many numbers around 1 neither vanish nor overflow
        const x = new Source(n).floats(outer * n * inner, around - 1 / Math.sqrt(n + 1), around + 1 / Math.sqrt(n + 1));
        inputs.push([`[${shape}]`, x, shape]);
      }
      for (const [name, x, shape] of inputs) {
        yield {
          name: `${op}, ${name}`,
          run(b) {
            const out = b.outFloats("out", shape[0] * shape[2], tolerance(op, x, shape));
            b.kernels.reduce(opCode("reduce", op), b.floats(x), out, ...shape);
          },
        };
      }
    }
  },

  *reduceInt() {
    for (const op of opCodes.reduceInt) {
      for (const shape of [...shapes, ...emptyAxis]) {
        const [outer, n, inner] = shape;
        yield {
          name: `${op}, [${shape}]`,
          run: (b) =>
            b.kernels.reduceInt(
              opCode("reduceInt", op),
              b.ints(new Source(n).ints(outer * n * inner, -(2 ** 31), 2 ** 31)),
              b.outInts("out", outer * inner),
              ...shape,
            ),
        };
      }
    }
  },

  *argReduce() {
    for (const op of opCodes.argReduce) {
      const inputs: [string, ArrayLike<number>, [number, number, number]][] = [...oddRows];
      for (const shape of shapes) {
        const [outer, n, inner] = shape;
        // Few different values, so that there are ties.
        inputs.push([`[${shape}]`, new Source(n).ints(outer * n * inner, -50, 50), shape]);
      }
      for (const [name, x, shape] of inputs) {
        yield {
          name: `${op}, ${name}`,
          run(b) {
            b.kernels.argReduce(opCode("argReduce", op), b.floats(x), b.outInts("out", shape[0] * shape[2]), ...shape);
          },
        };
      }
    }
  },

  *cumulativeSum() {
    for (const shape of [...shapes, ...emptyAxis]) {
      const [outer, n, inner] = shape;
      for (const [exclusive, reverse] of [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ] as const) {
        if (outer * n * inner > 10_000 && exclusive !== reverse) continue; // large ones need not try all four
        yield {
          name: `[${shape}], exclusive ${exclusive}, reverse ${reverse}`,
          run(b) {
            const x = b.floats(new Source(n).floats(outer * n * inner));
            const out = b.outFloats("out", outer * n * inner, { relative: 1e-6, scale: Math.max(1, n / 10) });
            b.kernels.cumulativeSum(x, out, ...shape, exclusive, reverse);
          },
        };
      }
    }
  },

  *sumSquares() {
    for (const n of sizes) {
      yield {
        name: `n=${n}`,
        run: (b) => b.kernels.sumSquares(b.floats(new Source(n).floats(n)), b.outFloats("out", 1, close), n),
      };
    }
  },
};
