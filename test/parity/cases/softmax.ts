import type { Bench, Tolerance } from "../bench.js";
import { Source } from "../inputs.js";
import type { Case, CaseTable } from "./case.js";

const shapes: [number, number][] = [
  [0, 5],
  [3, 0],
  [1, 1],
  [3, 2],
  [3, 5],
  [2, 7],
  [5, 13],
  [4, 16],
  [4, 33],
  [2, 1003],
  [300, 401],
  [20_001, 3],
];

/** Logits of several sizes, with rows of odd ones. */
function* logits(): Generator<[string, Float32Array, number, number]> {
  for (const [rows, n] of shapes) {
    for (const range of [3, 100]) {
      yield [`[${rows}, ${n}] within ${range}`, new Source(n).floats(rows * n, -range, range), rows, n];
    }
  }
  const odd = [
    ...[0, -Infinity, 1, -Infinity, 2],
    ...[1e30, 1e30, -1e30, 0, 0],
    ...[-1e9, -1e9, -1e9, -1e9, -1e9],
    ...[NaN, 1, 2, 3, 4],
    ...[3.4e38, -3.4e38, 0, 1, 2],
  ];
  yield ["odd rows", Float32Array.from(odd), 5, 5];
}

/** x - max(x) is rounded to float32 before exp: 200 * 2^-25 = 6e-6 for logits within 100. */
const probability: Tolerance = { relative: 8e-6 };
const logarithm: Tolerance = { relative: 1e-6, scale: 1 };

const forward = (
  run: (b: Bench, x: number, y: number, rows: number, n: number) => void,
  tolerance: Tolerance,
): Case[] =>
  [...logits()].map(([name, x, rows, n]) => ({
    name,
    run: (b) => run(b, b.floats(x), b.outFloats("y", x.length, tolerance), rows, n),
  }));

/** y is a probability distribution, or the logarithm of one, in every row. */
function backward(
  run: (b: Bench, y: number, dy: number, dx: number, rows: number, n: number) => void,
  fromShare: (share: number) => number,
): Case[] {
  return shapes.map(([rows, n]) => ({
    name: `[${rows}, ${n}]`,
    run(b) {
      const source = new Source(n);
      const y = source.floats(rows * n, 0.5, 1).map((v) => fromShare(v / (0.75 * n)));
      const dy = source.floats(rows * n);
      const tolerance = { relative: 1e-6, scale: 1 };
      run(b, b.floats(y), b.floats(dy), b.outFloats("dx", rows * n, tolerance), rows, n);
    },
  }));
}

export const softmaxCases: CaseTable<
  | "softmaxForward"
  | "softmaxBackward"
  | "logSoftmaxForward"
  | "logSoftmaxBackward"
  | "sparseCrossEntropyForward"
  | "sparseCrossEntropyBackward"
> = {
  softmaxForward: () => forward((b, ...rest) => b.kernels.softmaxForward(...rest), probability),
  softmaxBackward: () =>
    backward(
      (b, ...rest) => b.kernels.softmaxBackward(...rest),
      (share) => share,
    ),
  logSoftmaxForward: () => forward((b, ...rest) => b.kernels.logSoftmaxForward(...rest), logarithm),
  logSoftmaxBackward: () => backward((b, ...rest) => b.kernels.logSoftmaxBackward(...rest), Math.log),

  *sparseCrossEntropyForward() {
    for (const [name, x, rows, n] of logits()) {
      if (n === 0) continue; // there is no target
      for (const keep of [true, false]) {
        yield {
          name: `${name}${keep ? ", probabilities kept" : ""}`,
          run(b) {
            const targets = b.ints(new Source(rows).ints(rows, 0, n));
            const loss = b.outFloats("loss", rows, { relative: 1e-6, scale: 1 });
            const kept = keep ? b.outFloats("probabilities", rows * n, probability) : 0;
            b.kernels.sparseCrossEntropyForward(b.floats(x), targets, loss, kept, rows, n);
          },
        };
      }
    }
  },

  *sparseCrossEntropyBackward() {
    for (const [rows, n] of shapes) {
      if (n === 0) continue;
      for (const inPlace of [false, true]) {
        yield {
          name: `[${rows}, ${n}]${inPlace ? " in place" : ""}`,
          run(b) {
            const source = new Source(n);
            const probabilities = source.floats(rows * n, 0, 1);
            const targets = b.ints(source.ints(rows, 0, n));
            const dloss = b.floats(source.floats(rows));
            const tolerance = { relative: 1e-6, scale: 1 };
            const dlogits = inPlace
              ? b.updatedFloats("dlogits", probabilities, tolerance)
              : b.outFloats("dlogits", rows * n, tolerance);
            const P = inPlace ? dlogits : b.floats(probabilities);
            b.kernels.sparseCrossEntropyBackward(P, targets, dloss, dlogits, rows, n);
          },
        };
      }
    }
  },
};
