import { describe, expect, test } from "vitest";
import { memory, tensor } from "../tensor/tensor.js";
import { type DataLike, hostArray } from "./host-array.js";

const rows = (data: DataLike, indices: number[]) => {
  const t = hostArray("x", data).rows(indices);
  return [t.shape, t.dtype, [...t.dataSync()]];
};

describe("rows of anything become tensors", () => {
  const expected = [[2, 2], "float32", [5, 6, 1, 2]];

  test("nested arrays", () => {
    expect(
      rows(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        [2, 0],
      ),
    ).toEqual(expected);
  });
  test("arrays of typed arrays", () => {
    expect(rows([Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 6)] as never, [2, 0])).toEqual(
      expected,
    );
  });
  test("typed arrays with a shape", () => {
    expect(rows({ values: Float64Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] }, [2, 0])).toEqual(expected);
  });
  test("tensors, where they are", () => {
    const t = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const before = memory().tensors;
    const data = hostArray("x", t);
    expect(memory().tensors).toBe(before);
    expect([...data.rows([2, 0]).dataSync()]).toEqual([5, 6, 1, 2]);
  });
  test("whole numbers stay whole, booleans stay booleans", () => {
    expect(rows(Int32Array.of(7, 8, 9), [1])).toEqual([[1], "int32", [8]]);
    expect(rows([true, false], [0, 1])).toEqual([[2], "bool", [1, 0]]);
  });
  test("long rows", () => {
    const values = Float32Array.from({ length: 300 }, (_, i) => i);
    expect(rows({ values, shape: [3, 100] }, [1])[2]).toEqual([...values.subarray(100, 200)]);
  });
});

test("a window of time of some rows", () => {
  const values = Float32Array.from({ length: 24 }, (_, i) => i); // [2, 4, 3]
  const t = hostArray("x", { values, shape: [2, 4, 3] }).rows([1, 0], [1, 3]);
  expect(t.shape).toEqual([2, 2, 3]);
  expect([...t.dataSync()]).toEqual([15, 16, 17, 18, 19, 20, 3, 4, 5, 6, 7, 8]);
});

test("slices share memory and count from their own beginning", () => {
  const values = Float32Array.of(1, 2, 3, 4);
  const slice = hostArray("x", values).slice(1, 3);
  values[2] = 30;
  expect([slice.length, [...slice.rows([0, 1]).dataSync()]]).toEqual([2, [2, 30]]);
});

test("what is not data", () => {
  expect(() => hostArray("x", 3)).toThrow(/x needs examples along its first axis/);
  expect(() => hostArray("y", [])).toThrow(/y holds no examples/);
  expect(() => hostArray("x", null as never)).toThrow(/x is missing/);
  expect(() => hostArray("x", "abc" as never)).toThrow(/not something numbers can be read from[\s\S]*string/);
  expect(() => hostArray("x", { values: Float32Array.of(1), shape: [2] })).toThrow(/1 values[\s\S]*2 values/);
});
