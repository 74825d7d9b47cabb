import { Source } from "../inputs.js";
import { type Case, type CaseTable, sizes } from "./case.js";
import { extent, largeLayouts, layouts } from "./layouts.js";
import { specialFloats, specialInts } from "./specials.js";

/** Every kind of bit pattern that moving must keep: small integers (subnormal as floats), signalling NaN, -0. */
function bitPatterns(n: number): Int32Array {
  const patterns = [0, 1, -1, 2, 0x7f800001, 0x7fc00000, -0x80000000, 0x3f800000, 0x00400000, 123456789];
  const source = new Source(n);
  return Int32Array.from({ length: n }, (_, i) => patterns[i] ?? source.ints(1, -(2 ** 31), 2 ** 31)[0]!);
}

const eachSize = (run: (n: number) => Case["run"]): Case[] => sizes.map((n) => ({ name: `n=${n}`, run: run(n) }));

export const copyCases: CaseTable<
  "fill" | "fillInt" | "copyStrided" | "castFloatToInt" | "castIntToFloat" | "castFloatToBool" | "castIntToBool"
> = {
  fill: () => eachSize((n) => (b) => b.kernels.fill(b.outFloats("out", n), n, 0.1)),

  fillInt: () => eachSize((n) => (b) => b.kernels.fillInt(b.outInts("out", n), n, -7)),

  *copyStrided() {
    // The two stride lists of a layout serve as source and destination; a destination must not meet itself.
    for (const { name, shape, a, b } of [...layouts(), ...largeLayouts()]) {
      const contiguous = shape.map((_, axis) => shape.slice(axis + 1).reduce((x, y) => x * y, 1));
      const overlaps = (strides: number[]) => strides.some((stride, axis) => stride === 0 && shape[axis]! > 1);
      for (const [kind, from, to] of [
        ["gathering", a, contiguous],
        ["scattering", contiguous, a],
        ["both", b, a],
      ] as const) {
        if (overlaps([...to])) continue;
        yield {
          name: `${name}, ${kind}`,
          run(bench) {
            const source = extent(shape, from);
            const destination = extent(shape, to);
            bench.kernels.copyStrided(
              bench.ints(bitPatterns(source.length)) + 4 * source.base,
              bench.outInts("destination", destination.length) + 4 * destination.base,
              bench.ints([shape.length, ...shape, ...from, ...to]),
            );
          },
        };
      }
    }
  },

  *castFloatToInt() {
    yield {
      name: "specials",
      run(b) {
        const edges = [2147483520, 2147483648, -2147483648, -2147483904, 1e20, -1e20, 0.9, -0.9, 1.5, -1.5];
        const x = [...specialFloats, ...edges];
        b.kernels.castFloatToInt(b.floats(x), b.outInts("out", x.length), x.length);
      },
    };
    yield* eachSize((n) => (b) => {
      b.kernels.castFloatToInt(b.floats(new Source(n).floats(n, -1e6, 1e6)), b.outInts("out", n), n);
    });
  },

  castIntToFloat: () =>
    eachSize((n) => (b) => {
      const x = [...specialInts, ...new Source(n).ints(n, -(2 ** 31), 2 ** 31)].slice(0, n);
      b.kernels.castIntToFloat(b.ints(x), b.outFloats("out", n, { relative: 0 }), n);
    }),

  castFloatToBool: () =>
    eachSize((n) => (b) => {
      const x = [...specialFloats, ...new Source(n).ints(n, -1, 2)].slice(0, n);
      b.kernels.castFloatToBool(b.floats(x), b.outInts("out", n), n);
    }),

  castIntToBool: () =>
    eachSize((n) => (b) => {
      const x = [...specialInts, ...new Source(n).ints(n, -1, 2)].slice(0, n);
      b.kernels.castIntToBool(b.ints(x), b.outInts("out", n), n);
    }),
};
