import { type OpCode, type OpFamily, opCode, opCodes } from "../../../src/backend/kernels.js";
import { type Bench, close, exact, type Tolerance } from "../bench.js";
import { Source } from "../inputs.js";
import { type Case, type CaseTable, sizes, sizesFor } from "./case.js";
import { extent, largeLayouts, layouts } from "./layouts.js";
import { specialFloats, specialInts, subnormals } from "./specials.js";

const unaryTolerance: Partial<Record<OpCode<"unary">, Tolerance>> = {
  ...{ neg: exact, abs: exact, sign: exact, square: exact, relu: exact, floor: exact, ceil: exact, round: exact },
  // Near their zeros an error relative to the largest value.
  ...{
    sin: { relative: 3e-7, scale: 1 },
    cos: { relative: 3e-7, scale: 1 },
    hardSigmoid: { relative: 1e-6, scale: 0.1 },
  },
};

/** Operations that jump, or have unbounded slope, at zero: there a subnormal taken for zero makes a difference. */
const unlikeAtZero: OpCode<"unary">[] = ["sign", "log", "sqrt", "rsqrt", "reciprocal", "floor", "ceil"];

const ops = <F extends OpFamily>(family: F) => opCodes[family] as readonly OpCode<F>[];

/** All pairs of the values. */
function pairs(values: readonly number[]): [number[], number[]] {
  return [values.flatMap((a) => values.map(() => a)), values.flatMap(() => values)];
}

/** Two operands, and the dims of the binary kernels, for every layout. */
function* layoutCases(
  op: string,
  operation: number,
  lay: (bench: Bench, length: number, seed: number) => number,
  run: (bench: Bench, a: number, b: number, length: number, dims: number) => void,
): Generator<Case> {
  for (const { name, shape, a, b } of [...layouts(), ...(operation === 0 ? largeLayouts() : [])]) {
    yield {
      name: `${op}, ${name}`,
      run(bench) {
        const [A, B] = [extent(shape, a), extent(shape, b)];
        const dims = bench.ints([shape.length, ...shape, ...a, ...b]);
        const length = shape.reduce((x, y) => x * y, 1);
        run(bench, lay(bench, A.length, 1) + 4 * A.base, lay(bench, B.length, 2) + 4 * B.base, length, dims);
      },
    };
  }
}

const layFloats = (bench: Bench, length: number, seed: number) => bench.floats(new Source(seed).floats(length, -3, 3));
const layInts = (bench: Bench, length: number, seed: number) => bench.ints(new Source(seed).ints(length, -9, 9));
const vectorDims = (bench: Bench, n: number) => bench.ints([1, n, 1, 1]);

const eachSize = (run: (n: number) => Case["run"]): Case[] => sizes.map((n) => ({ name: `n=${n}`, run: run(n) }));

const powerTolerance: Tolerance = { relative: 5e-6 };
const binaryTolerance: Partial<Record<OpCode<"binary">, Tolerance>> = {
  ...{ add: exact, sub: exact, mul: exact, div: exact, maximum: exact, minimum: exact, mod: exact, floorDiv: exact },
  ...{ reluGrad: exact, pow: powerTolerance, tanhGrad: { relative: 1e-6, scale: 1e-6 } },
  // The slopes of gelu and silu pass through zero.
  ...{ geluGrad: { relative: 1e-6, scale: 1 }, siluGrad: { relative: 1e-6, scale: 1 } },
};

export const elementwiseCases: CaseTable<
  | "unary"
  | "unaryInt"
  | "classify"
  | "binary"
  | "binaryInt"
  | "compare"
  | "compareInt"
  | "select"
  | "clip"
  | "clipBackward"
  | "axpy"
  | "scaleInPlace"
> = {
  *unary() {
    for (const op of ops("unary")) {
      const code = opCode("unary", op);
      const tolerance = unaryTolerance[op] ?? close;
      const inputs: [string, ArrayLike<number>][] = [
        ["specials", unlikeAtZero.includes(op) ? specialFloats : [...specialFloats, ...subnormals]],
        ["a wide range", new Source(3).floats(2000, -110, 110)],
        ["near zero", new Source(4).floats(2000, -1e-2, 1e-2)],
        ...sizesFor(code).map((n) => [`n=${n}`, new Source(n).floats(n, -6, 6)] as [string, Float32Array]),
      ];
      for (const [name, x] of inputs) {
        yield {
          name: `${op}, ${name}`,
          run: (b) => b.kernels.unary(code, b.floats(x), b.outFloats("out", x.length, tolerance), x.length),
        };
      }
    }
  },

  *unaryInt() {
    for (const op of ops("unaryInt")) {
      for (const x of [
        specialInts,
        ...sizesFor(opCode("unaryInt", op)).map((n) => new Source(n).ints(n, -(2 ** 31), 2 ** 31)),
      ]) {
        yield {
          name: `${op}, n=${x.length}`,
          run: (b) => b.kernels.unaryInt(opCode("unaryInt", op), b.ints(x), b.outInts("out", x.length), x.length),
        };
      }
    }
  },

  *classify() {
    for (const op of ops("classify")) {
      for (const n of sizesFor(opCode("classify", op))) {
        const x = Float32Array.from({ length: n }, (_, i) => [...specialFloats, ...subnormals][i % 50]!);
        yield {
          name: `${op}, n=${n}`,
          run: (b) => b.kernels.classify(opCode("classify", op), b.floats(x), b.outInts("out", n), n),
        };
      }
    }
  },

  *binary() {
    for (const op of ops("binary")) {
      const code = opCode("binary", op);
      const tolerance = binaryTolerance[op] ?? close;
      const all = pairs(specialFloats);
      // An output of tanh or sigmoid lies between -1 and 1.
      const kept = all[0].map((a) => !op.endsWith("Grad") || !(Math.abs(a) > 1));
      const [left, right] = all.map((values) => values.filter((_, i) => kept[i])) as [number[], number[]];
      yield {
        name: `${op}, specials`,
        run: (b) =>
          b.kernels.binary(
            code,
            b.floats(left),
            b.floats(right),
            b.outFloats("out", left.length, tolerance),
            vectorDims(b, left.length),
          ),
      };
      yield* layoutCases(op, code, layFloats, (b, x, y, length, dims) =>
        b.kernels.binary(code, x, y, b.outFloats("out", length, tolerance), dims),
      );
    }
  },

  *binaryInt() {
    for (const op of ops("binaryInt")) {
      const code = opCode("binaryInt", op);
      const [left, right] = pairs(specialInts);
      yield {
        name: `${op}, specials`,
        run: (b) =>
          b.kernels.binaryInt(
            code,
            b.ints(left),
            b.ints(right),
            b.outInts("out", left.length),
            vectorDims(b, left.length),
          ),
      };
      yield* layoutCases(op, code, layInts, (b, x, y, length, dims) =>
        b.kernels.binaryInt(code, x, y, b.outInts("out", length), dims),
      );
    }
  },

  *compare() {
    for (const op of ops("compare")) {
      const code = opCode("compare", op);
      const [left, right] = pairs(specialFloats);
      yield {
        name: `${op}, specials`,
        run: (b) =>
          b.kernels.compare(
            code,
            b.floats(left),
            b.floats(right),
            b.outInts("out", left.length),
            vectorDims(b, left.length),
          ),
      };
      // Whole numbers, so that some are equal.
      const lay = (b: Bench, n: number, seed: number) => b.floats(new Source(seed).ints(n, -2, 3));
      yield* layoutCases(op, code, lay, (b, x, y, length, dims) =>
        b.kernels.compare(code, x, y, b.outInts("out", length), dims),
      );
    }
  },

  *compareInt() {
    for (const op of ops("compare")) {
      const code = opCode("compare", op);
      const [left, right] = pairs(specialInts);
      yield {
        name: `${op}, specials`,
        run: (b) =>
          b.kernels.compareInt(
            code,
            b.ints(left),
            b.ints(right),
            b.outInts("out", left.length),
            vectorDims(b, left.length),
          ),
      };
      yield* layoutCases(op, code, layInts, (b, x, y, length, dims) =>
        b.kernels.compareInt(code, x, y, b.outInts("out", length), dims),
      );
    }
  },

  select: () =>
    eachSize((n) => (b) => {
      const source = new Source(n);
      const condition = b.ints(source.ints(n, -1, 2));
      // Small integers, which are subnormal as floats, must survive.
      b.kernels.select(
        condition,
        b.ints(source.ints(n, -99, 99)),
        b.ints(source.ints(n, 0, 9)),
        b.outInts("out", n),
        n,
      );
    }),

  *clip() {
    for (const [low, high] of [
      [-1, 1],
      [0.3, 0.7],
      [-Infinity, 2],
      [0, Infinity],
      [0, 0],
    ] as const) {
      for (const x of [specialFloats, ...sizes.map((n) => new Source(n).floats(n, -2, 2))]) {
        yield {
          name: `[${low}, ${high}], n=${x.length}`,
          run: (b) => b.kernels.clip(b.floats(x), b.outFloats("out", x.length, exact), x.length, low, high),
        };
      }
    }
  },

  *clipBackward() {
    for (const [low, high] of [
      [-1, 1],
      [0.3, 0.7],
      [-Infinity, 2],
      [0, 0],
    ] as const) {
      for (const x of [[...specialFloats, 0.3, 0.7], ...sizes.map((n) => new Source(n).floats(n, -2, 2))]) {
        const n = x.length;
        yield {
          name: `[${low}, ${high}], n=${n}`,
          run: (b) =>
            b.kernels.clipBackward(
              b.floats(x),
              b.floats(new Source(9).floats(n)),
              b.outFloats("dx", n, exact),
              n,
              low,
              high,
            ),
        };
      }
    }
  },

  axpy: () =>
    eachSize((n) => (b) => {
      const y = b.updatedFloats("y", new Source(n).floats(n), { relative: 1e-6, scale: 0.3 });
      b.kernels.axpy(-0.3, b.floats(new Source(n + 1).floats(n)), y, n);
    }),

  scaleInPlace: () =>
    eachSize((n) => (b) => b.kernels.scaleInPlace(b.updatedFloats("x", new Source(n).floats(n), close), n, 0.7)),
};
