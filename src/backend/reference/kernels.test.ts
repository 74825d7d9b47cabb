import { expect, test } from "vitest";
import { Bench } from "../../../test/parity/bench.js";
import { opCode, opCodes } from "../kernels.js";
import { createReferenceBackend } from "./index.js";

const backend = createReferenceBackend();

/** The outputs of a few kernel calls, in the order in which they were laid out. */
function run(call: (bench: Bench) => void): number[][] {
  const bench = new Bench(backend);
  call(bench);
  return bench.finish().map(({ values }) => Array.from(values));
}

const rounded = (values: number[]) => values.map((v) => Number(v.toPrecision(5)));
const x = [0.5, -1, 2, 0.25, 3, 3, -2, 7];

// PyTorch 2.13, double precision, along the last axis of [[0.5, -1, 2, 0.25], [3, 3, -2, 7]].
test("reductions", () => {
  const reduce = (op: (typeof opCodes.reduce)[number], values: number[], shape: [number, number, number]) =>
    rounded(
      run((b) => {
        b.kernels.reduce(opCode("reduce", op), b.floats(values), b.outFloats("out", shape[0] * shape[2]), ...shape);
      })[0]!,
    );
  expect(reduce("sum", x, [2, 4, 1])).toEqual([1.75, 11]);
  expect(reduce("mean", x, [2, 4, 1])).toEqual([0.4375, 2.75]);
  expect(reduce("prod", x, [2, 4, 1])).toEqual([-0.25, -126]);
  expect(reduce("max", x, [2, 4, 1])).toEqual([2, 7]);
  expect(reduce("min", x, [2, 4, 1])).toEqual([-1, -2]);
  expect(reduce("logSumExp", x, [2, 4, 1])).toEqual([2.3693, 7.0361]);
  expect(reduce("sum", x, [2, 2, 2])).toEqual([2.5, -0.75, 1, 10]);
  expect(opCodes.reduce.map((op) => reduce(op, [], [1, 0, 1])[0])).toEqual([0, NaN, -Infinity, Infinity, 1, -Infinity]);
  expect(reduce("logSumExp", [1000, 1000], [1, 2, 1])).toEqual([1000.7]);
});

test("positions of extremes: the first of equals, NaN before all (numpy)", () => {
  const arg = (op: "argMax" | "argMin", values: number[]) =>
    run((b) => {
      b.kernels.argReduce(opCode("argReduce", op), b.floats(values), b.outInts("out", 1), 1, values.length, 1);
    })[0]![0];
  expect([arg("argMax", [1, 5, 5]), arg("argMin", [2, 1, 1])]).toEqual([1, 1]);
  expect([arg("argMax", [1, NaN, 3, NaN]), arg("argMin", [1, NaN, 0])]).toEqual([1, 1]);
});

test("cumulative sums", () => {
  const sum = (exclusive: number, reverse: number) =>
    run((b) => b.kernels.cumulativeSum(b.floats([1, 2, 3]), b.outFloats("out", 3), 1, 3, 1, exclusive, reverse))[0];
  expect([sum(0, 0), sum(1, 0), sum(0, 1), sum(1, 1)]).toEqual([
    [1, 3, 6],
    [0, 1, 3],
    [6, 5, 3],
    [5, 3, 0],
  ]);
});

test("softmax, its logarithm and the cross-entropy", () => {
  const [y, logY] = run((b) => {
    b.kernels.softmaxForward(b.floats(x), b.outFloats("y", 8), 2, 4);
    b.kernels.logSoftmaxForward(b.floats(x), b.outFloats("logY", 8), 2, 4);
  });
  expect(rounded(y!)).toEqual([0.15423, 0.034414, 0.69123, 0.12012, 0.017666, 0.017666, 0.00011903, 0.96455]);
  expect(rounded(logY!)).toEqual([-1.8693, -3.3693, -0.36928, -2.1193, -4.0361, -4.0361, -9.0361, -0.036095]);
  const [loss] = run((b) => {
    b.kernels.sparseCrossEntropyForward(b.floats(x), b.ints([2, 0]), b.outFloats("loss", 2), 0, 2, 4);
  });
  expect(rounded(loss!)).toEqual([0.36928, 4.0361]);
});

test("matrix products, transposed, added and batched", () => {
  const multiply = (a: number[], b: number[], sizes: [number, number, number, number], flags: [number, number]) =>
    run((bench) => {
      const [batch, m, n, k] = sizes;
      const out = bench.outFloats("out", batch * m * n);
      bench.kernels.matMul(bench.floats(a), bench.floats(b), out, batch, m, n, k, m * k, 0, ...flags, 0);
    })[0];
  expect(multiply([1, 2, 3, 4], [5, 6, 7, 8], [1, 2, 2, 2], [0, 0])).toEqual([19, 22, 43, 50]);
  expect(multiply([1, 3, 2, 4], [5, 6, 7, 8], [1, 2, 2, 2], [1, 0])).toEqual([19, 22, 43, 50]);
  expect(multiply([1, 2, 3, 4], [5, 7, 6, 8], [1, 2, 2, 2], [0, 1])).toEqual([19, 22, 43, 50]);
  expect(multiply([1, 2, 3, 4], [5, 6], [2, 1, 1, 2], [0, 0])).toEqual([17, 39]);
  const [added] = run((b) => {
    const out = b.updatedFloats("out", [100]);
    b.kernels.matMul(b.floats([1, 2]), b.floats([5, 6]), out, 1, 1, 1, 2, 0, 0, 0, 0, 1);
  });
  expect(added).toEqual([117]);
});

test("indexing", () => {
  const results = run((b) => {
    b.kernels.gather(b.floats(x), b.ints([3, 0]), b.outFloats("gather", 4), 2, 4, 2, 1);
    b.kernels.scatterAdd(b.ints([1, 1]), b.floats([5, 6]), b.updatedFloats("scatterAdd", [1, 2, 3]), 1, 3, 2, 1);
    b.kernels.pick(b.floats(x), b.ints([2, 3]), b.outFloats("pick", 2), 2, 4, 1);
    b.kernels.pickAdd(b.ints([0, 1]), b.floats([5, 6]), b.updatedFloats("pickAdd", [1, 1, 1, 1]), 2, 2, 1);
    b.kernels.oneHot(b.ints([1, -1, 2]), b.outFloats("oneHot", 6), 3, 2, 1, 0);
    b.kernels.topK(b.floats(x), b.outFloats("values", 4), b.outInts("indices", 4), 2, 4, 2);
    b.returned("out of range", b.kernels.findOutOfRange(b.ints([0, 3, 4]), 3, 3));
    b.returned("in range", b.kernels.findOutOfRange(b.ints([0, 2]), 2, 3));
    b.returned("not finite", b.kernels.findNonFinite(b.floats([0, NaN, Infinity]), 3));
  });
  expect(results).toEqual([
    ...[[1], [-1], [1]],
    ...[
      [0.25, 0.5, 7, 3],
      [1, 13, 3],
      [2, 7],
      [6, 1, 1, 7],
      [0, 1, 0, 0, 0, 0],
    ],
    ...[
      [2, 0.5, 7, 3],
      [2, 0, 3, 0],
    ],
  ]);
});

test("conversions", () => {
  const results = run((b) => {
    b.kernels.castFloatToInt(b.floats([1.9, -1.9, NaN, 1e20, -1e20]), b.outInts("out", 5), 5);
    b.kernels.castFloatToBool(b.floats([0, -0, 0.1, NaN]), b.outInts("out", 4), 4);
    b.kernels.castIntToFloat(b.ints([-3]), b.outFloats("out", 1), 1);
    b.kernels.castIntToBool(b.ints([-3, 0]), b.outInts("out", 2), 2);
  });
  expect(results).toEqual([[1, -1, 0, 2147483647, -2147483648], [0, 0, 1, 1], [-3], [1, 0]]);
});

test("views follow the memory when it grows", () => {
  const grown = createReferenceBackend();
  grown.kernels.fill(64, 4, 1);
  const before = grown.memory.buffer.byteLength;
  grown.memory.grow(2);
  grown.kernels.fill(before + 64, 4, 7);
  expect(Array.from(new Float32Array(grown.memory.buffer, before + 64, 4))).toEqual([7, 7, 7, 7]);
  expect(new Float32Array(grown.memory.buffer, 64, 1)[0]).toBe(1);
});

// One step from w = 1, g = 0.5 and zero state, by hand from the formulas of the kernel table.
test("optimizer steps", () => {
  const results = run((b) => {
    const w = b.updatedFloats("w", [1]);
    const velocity = b.updatedFloats("velocity", [0.2]);
    b.kernels.sgdUpdate(w, b.floats([0.5]), velocity, 1, 0.1, 0.9, 1, 1, 1);
  });
  // velocity = 0.9 · 0.2 - 0.1 · 0.5 = 0.13; w = 1 + 0.9 · 0.13 - 0.05
  expect(results.map(rounded)).toEqual([[1.067], [0.13]]);
});
