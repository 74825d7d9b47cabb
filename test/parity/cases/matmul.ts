import { Source } from "../inputs.js";
import type { Case, CaseTable } from "./case.js";

function matMulCase(
  [m, n, k]: readonly [number, number, number],
  transposeA: number,
  transposeB: number,
  accumulate: number,
  batch = 1,
  strideA = m * k,
  strideB = k * n,
): Case {
  return {
    name:
      `[${m}, ${k}]${transposeA ? "ᵀ" : ""} · [${k}, ${n}]${transposeB ? "ᵀ" : ""}` +
      `${accumulate ? " added" : ""}, batch ${batch}, strides ${strideA} ${strideB}`,
    run(b) {
      const source = new Source(m + 100 * n + 10_000 * k);
      const matrices = (stride: number, length: number) =>
        b.floats(source.floats(Math.max(0, batch - 1) * stride + length));
      const A = matrices(strideA, m * k);
      const B = matrices(strideB, k * n);
      const tolerance = { relative: 1e-6, scale: Math.sqrt(k) };
      const out = accumulate
        ? b.updatedFloats("out", source.floats(batch * m * n), tolerance)
        : b.outFloats("out", batch * m * n, tolerance);
      b.kernels.matMul(A, B, out, batch, m, n, k, strideA, strideB, transposeA, transposeB, accumulate);
    },
  };
}

const small = [0, 1, 3, 7, 17];
const shapes: (readonly [number, number, number])[] = [
  ...small.flatMap((m) => small.flatMap((n) => small.map((k) => [m, n, k] as const))),
  ...([
    [1, 1, 1003],
    [1, 257, 130],
    [130, 1, 257],
    [64, 64, 64],
    [65, 70, 300],
    [128, 256, 96],
    [200, 33, 5],
  ] as const),
  ...([
    [5, 33, 1003],
    [33, 64, 129],
    [400, 100, 50],
    [6, 64, 16],
    [12, 48, 3],
  ] as const),
];

export const matMulCases: CaseTable<"matMul"> = {
  *matMul() {
    for (const shape of shapes) {
      for (const transposes of [0, 1, 2, 3]) {
        for (const accumulate of [0, 1]) yield matMulCase(shape, transposes & 1, transposes >> 1, accumulate);
      }
    }
    for (const shape of [
      [3, 5, 7],
      [17, 33, 20],
      [1, 64, 16],
      [20, 1, 9],
      [40, 40, 40],
      [3, 4, 0],
    ] as const) {
      const [m, n, k] = shape;
      for (const transposes of [0, 1, 2, 3]) {
        const flags = [transposes & 1, transposes >> 1] as const;
        yield matMulCase(shape, ...flags, 0, 0);
        yield matMulCase(shape, ...flags, 0, 5);
        yield matMulCase(shape, ...flags, 1, 3);
        yield matMulCase(shape, ...flags, 0, 4, 0, k * n);
        yield matMulCase(shape, ...flags, 1, 4, m * k, 0);
        yield matMulCase(shape, ...flags, 0, 2, m * k + 3, k * n + 1);
      }
    }
  },
};
