import { exact } from "../bench.js";
import { Source } from "../inputs.js";
import { type CaseTable, large, smallSizes } from "./case.js";
import { specialFloats } from "./specials.js";

/** [outer, n, m, inner] */
const gatherShapes: [number, number, number, number][] = [
  [1, 1, 0, 3],
  [0, 4, 3, 2],
  [1, 5, 3, 0],
  [1, 1, 1, 1],
  [1, 5, 7, 1],
  [3, 5, 7, 13],
  [2, 3, 33, 16],
  [1, 1000, 300, 33],
  [40, 7, 5, 1],
  [1, 50, 2000, 64],
];
/** [rows, n, k] */
const pickShapes: [number, number, number][] = [
  [0, 3, 1],
  [3, 4, 0],
  [1, 1, 1],
  [5, 7, 1],
  [3, 5, 9],
  [1000, 33, 1],
  [70_001, 3, 1],
];

/** Rows of values with their sort order to be found. */
function topKRows(rows: number, n: number): ArrayLike<number> {
  // Few different values, so that there are ties.
  return new Source(n).ints(rows * n, -20, 20);
}

export const indexingCases: CaseTable<
  "gather" | "scatterAdd" | "pick" | "pickAdd" | "findOutOfRange" | "findNonFinite" | "oneHot" | "topK"
> = {
  *gather() {
    for (const [outer, n, m, inner] of gatherShapes) {
      yield {
        name: `[${[outer, n, m, inner]}]`,
        run(b) {
          const source = new Source(n);
          // Small integers, which are subnormal as floats, must survive.
          const x = b.ints(source.ints(outer * n * inner, -99, 99));
          b.kernels.gather(x, b.ints(source.ints(m, 0, n)), b.outInts("out", outer * m * inner), outer, n, m, inner);
        },
      };
    }
  },

  *scatterAdd() {
    for (const [outer, n, m, inner] of gatherShapes) {
      yield {
        name: `[${[outer, n, m, inner]}]`,
        run(b) {
          const source = new Source(n);
          const indices = b.ints(source.ints(m, 0, n));
          const updates = b.floats(source.floats(outer * m * inner));
          const tolerance = { relative: 1e-6, scale: 1 + m / n };
          const out = b.updatedFloats("out", source.floats(outer * n * inner), tolerance);
          b.kernels.scatterAdd(indices, updates, out, outer, n, m, inner);
        },
      };
    }
  },

  *pick() {
    for (const [rows, n, k] of pickShapes) {
      yield {
        name: `[${[rows, n, k]}]`,
        run(b) {
          const source = new Source(n);
          const x = b.ints(source.ints(rows * n, -99, 99));
          b.kernels.pick(x, b.ints(source.ints(rows * k, 0, n)), b.outInts("out", rows * k), rows, n, k);
        },
      };
    }
  },

  *pickAdd() {
    for (const [rows, n, k] of pickShapes) {
      yield {
        name: `[${[rows, n, k]}]`,
        run(b) {
          const source = new Source(n);
          const indices = b.ints(source.ints(rows * k, 0, n));
          const updates = b.floats(source.floats(rows * k));
          const out = b.updatedFloats("out", source.floats(rows * n), { relative: 1e-6, scale: 1 + k });
          b.kernels.pickAdd(indices, updates, out, rows, n, k);
        },
      };
    }
  },

  *findOutOfRange() {
    for (const n of [...smallSizes, large]) {
      for (const bad of [[], [0], [n - 1], [n >> 1, n - 1], [n >> 2]].filter((at) =>
        at.every((i) => i >= 0 && i < n),
      )) {
        for (const value of n === large ? [10] : [-1, 10, 2 ** 31 - 1, -(2 ** 31)]) {
          yield {
            name: `${value} at [${bad}] of ${n}`,
            run(b) {
              const indices = new Source(n).ints(n, 0, 10);
              for (const i of bad) indices[i] = value;
              b.returned("position", b.kernels.findOutOfRange(b.ints(indices), n, 10));
            },
          };
        }
      }
    }
    yield {
      name: "an empty range",
      run: (b) => b.returned("position", b.kernels.findOutOfRange(b.ints([0, 0]), 2, 0)),
    };
  },

  *findNonFinite() {
    for (const n of [...smallSizes, large]) {
      for (const bad of [[], [0], [n - 1], [n >> 1, n - 1], [n >> 2]].filter((at) =>
        at.every((i) => i >= 0 && i < n),
      )) {
        for (const value of n === large ? [NaN] : [NaN, Infinity, -Infinity, 3.4e38]) {
          yield {
            name: `${value} at [${bad}] of ${n}`,
            run(b) {
              const x = new Source(n).floats(n, -1e38, 1e38);
              for (const i of bad) x[i] = value;
              b.returned("position", b.kernels.findNonFinite(b.floats(x), n));
            },
          };
        }
      }
    }
  },

  *oneHot() {
    for (const [count, depth] of [
      [0, 3],
      [3, 0],
      [1, 1],
      [5, 7],
      [33, 13],
      [1000, 101],
    ] as const) {
      yield {
        name: `${count} of ${depth}`,
        run(b) {
          const indices = new Source(count).ints(count, -1, depth + 1);
          if (count > 3) indices.set([2 ** 31 - 1, -(2 ** 31)], 1);
          b.kernels.oneHot(b.ints(indices), b.outFloats("out", count * depth, exact), count, depth, 0.9, 0.1);
        },
      };
    }
  },

  *topK() {
    const shapes: [number, number, number][] = [
      [0, 5, 2],
      [3, 5, 0],
      [1, 1, 1],
      [3, 7, 7],
      [5, 33, 4],
      [70, 1003, 5],
      [2, 1003, 1003],
    ];
    const inputs: [string, ArrayLike<number>, [number, number, number]][] = shapes.map((shape) => [
      `[${shape}]`,
      topKRows(shape[0], shape[1]),
      shape,
    ]);
    inputs.push(["specials", specialFloats, [1, specialFloats.length, specialFloats.length]]);
    inputs.push(["specials, first three", specialFloats, [1, specialFloats.length, 3]]);
    inputs.push(["zeros of both signs", [0, -0, 0, -0], [1, 4, 3]]);
    inputs.push(["two NaN", [3, NaN, 5, NaN, 5], [1, 5, 4]]);
    for (const [name, x, [rows, n, k]] of inputs) {
      yield {
        name,
        run: (b) =>
          b.kernels.topK(
            b.floats(x),
            b.outFloats("values", rows * k, exact),
            b.outInts("indices", rows * k),
            rows,
            n,
            k,
          ),
      };
    }
  },
};
