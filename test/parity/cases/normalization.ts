import type { Bench, Tolerance } from "../bench.js";
import { Source } from "../inputs.js";
import type { CaseTable } from "./case.js";

const shapes: readonly (readonly [rows: number, n: number])[] = [
  [0, 5],
  [1, 1],
  [3, 2],
  [4, 7],
  [5, 16],
  [3, 33],
  [130, 64],
  [301, 259],
  [3, 1003],
];
const sums: Tolerance = { relative: 3e-6, scale: 4 };
const manyRows = (rows: number): Tolerance => ({ relative: 2e-6, scale: 2 + Math.sqrt(rows) });

function lay(b: Bench, rows: number, n: number) {
  const source = new Source(rows + n);
  return {
    x: b.floats(source.floats(rows * n, -1, 3)),
    gamma: b.floats(source.floats(n, 0.5, 1.5)),
    beta: b.floats(source.floats(n)),
    dy: b.floats(source.floats(rows * n)),
  };
}

export const normalizationCases: CaseTable<"layerNormForward" | "layerNormBackward"> = {
  *layerNormForward() {
    for (const [rows, n] of shapes) {
      for (const keep of [true, false]) {
        yield {
          name: `[${rows}, ${n}]${keep ? "" : ", nothing kept"}`,
          run(b) {
            const { x, gamma, beta } = lay(b, rows, n);
            const y = b.outFloats("y", rows * n, sums);
            const stats = keep ? b.outFloats("stats", 2 * rows, sums) : 0;
            b.kernels.layerNormForward(x, gamma, beta, y, stats, rows, n, 1e-3);
          },
        };
      }
    }
  },

  *layerNormBackward() {
    for (const [rows, n] of shapes) {
      yield {
        name: `[${rows}, ${n}]`,
        run(b) {
          const { x, gamma, dy } = lay(b, rows, n);
          const stats = b.floats(new Source(2).floats(2 * rows, 0.3, 1.2));
          const dx = b.outFloats("dx", rows * n, sums);
          const [dGamma, dBeta] = [b.outFloats("dGamma", n, manyRows(rows)), b.outFloats("dBeta", n, manyRows(rows))];
          b.kernels.layerNormBackward(x, gamma, stats, dy, dx, dGamma, dBeta, rows, n);
        },
      };
    }
  },
};
