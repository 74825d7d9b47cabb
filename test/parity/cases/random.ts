import { type Bench, exact } from "../bench.js";
import { type Case, type CaseTable, sizes } from "./case.js";

const keys = [
  [0, 0],
  [1, -1],
  [0x12345678, -0x789abcde],
] as const;

function eachKey(run: (b: Bench, n: number, key0: number, key1: number) => void): Case[] {
  return keys.flatMap(([key0, key1]) =>
    sizes.map((n) => ({ name: `n=${n}, key ${key0} ${key1}`, run: (b) => run(b, n, key0, key1) })),
  );
}

export const randomCases: CaseTable<
  "randomBits" | "randomUniform" | "randomNormal" | "randomTruncatedNormal" | "dropoutMask"
> = {
  randomBits: () => eachKey((b, n, ...key) => b.kernels.randomBits(b.outInts("bits", n), n, ...key)),

  // The same bits on every backend.
  randomUniform: () =>
    eachKey((b, n, ...key) => b.kernels.randomUniform(b.outFloats("out", n, exact), n, -0.3, 1.1, ...key)),

  randomNormal: () =>
    eachKey((b, n, ...key) =>
      b.kernels.randomNormal(b.outFloats("out", n, { relative: 1e-6, scale: 2 }), n, 0.5, 2, ...key),
    ),

  randomTruncatedNormal: () =>
    eachKey((b, n, ...key) =>
      b.kernels.randomTruncatedNormal(b.outFloats("out", n, { relative: 1e-6, scale: 2 }), n, -1, 0.5, ...key),
    ),

  *dropoutMask() {
    for (const rate of [0, 0.1, 0.5, 0.999]) {
      for (const { name, run } of eachKey((b, n, ...key) =>
        b.kernels.dropoutMask(b.outFloats("out", n), n, rate, ...key),
      )) {
        yield { name: `rate ${rate}, ${name}`, run };
      }
    }
  },
};
