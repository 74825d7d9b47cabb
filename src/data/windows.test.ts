import { describe, expect, test } from "vitest";
import { memory } from "../tensor/tensor.js";
import type { HostArray } from "./host-array.js";
import { shuffleTogether, trainTestSplit } from "./split.js";
import { timeSeriesWindows } from "./windows.js";

const all = (a: HostArray) => a.rows(Array.from({ length: a.length }, (_, i) => i)).arraySync();

describe("timeSeriesWindows", () => {
  test("each window is followed by its target", () => {
    const { x, y } = timeSeriesWindows([1, 2, 3, 4, 5], { length: 3 });
    expect(all(x)).toEqual([
      [[1], [2], [3]],
      [[2], [3], [4]],
    ]);
    expect(all(y)).toEqual([[4], [5]]);
  });

  test("strides and horizons", () => {
    const { x, y } = timeSeriesWindows(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), { length: 2, horizon: 2, stride: 3 });
    expect(all(x)).toEqual([
      [[0], [1]],
      [[3], [4]],
    ]);
    expect(all(y)).toEqual([
      [[2], [3]],
      [[5], [6]],
    ]);
  });

  test("several features, of which some are predicted", () => {
    const series = [
      [1, 10, 100],
      [2, 20, 200],
      [3, 30, 300],
    ];
    const { x, y } = timeSeriesWindows(series, { length: 1, targets: [2, 0] });
    expect(all(x)).toEqual([[[1, 10, 100]], [[2, 20, 200]]]);
    expect(all(y)).toEqual([
      [200, 2],
      [300, 3],
    ]);
  });

  test("a long series is not copied", () => {
    const series = new Float32Array(1_000_000);
    const before = memory().bytes;
    const { x } = timeSeriesWindows(series, { length: 10_000 });
    expect(x.shape).toEqual([990_000, 10_000, 1]);
    expect(memory().bytes).toBe(before);
  });

  test("windows of a part of a series", () => {
    const { train } = trainTestSplit([0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 7], 0.5);
    const { x, y } = timeSeriesWindows(train.x, { length: 2 });
    expect([all(x), all(y)]).toEqual([
      [
        [[0], [1]],
        [[1], [2]],
      ],
      [[2], [3]],
    ]);
  });

  test("a shuffled series has no windows, windows can be shuffled", () => {
    const [series] = shuffleTogether([[1, 2, 3, 4]], 1);
    expect(() => timeSeriesWindows(series!, { length: 2 })).toThrow(/series in its own order/);
    const { x } = timeSeriesWindows([1, 2, 3, 4], { length: 2 });
    expect(all(x.select([1, 0]))).toEqual([
      [[2], [3]],
      [[1], [2]],
    ]);
  });

  test("mistakes", () => {
    expect(() => timeSeriesWindows([1, 2], { length: 2 })).toThrow(/too short[\s\S]*2 steps[\s\S]*at least 3/);
    expect(() => timeSeriesWindows([1, 2], { length: 0 })).toThrow(/length must be a whole number/);
    expect(() => timeSeriesWindows([1, 2], { size: 1 } as never)).toThrow(/no option "size"/);
    expect(() => timeSeriesWindows([[1], [2]], { length: 1, targets: [1] })).toThrow(/no such column/);
    expect(() => timeSeriesWindows([[[1]], [[2]]], { length: 1 })).toThrow(/takes one series/);
  });
});
