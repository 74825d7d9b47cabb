import { describe, expect, test } from "vitest";
import type { HostArray } from "./host-array.js";
import { shuffleTogether, trainTestSplit } from "./split.js";

const all = (a: HostArray) => a.rows(Array.from({ length: a.length }, (_, i) => i)).arraySync();

test("trainTestSplit cuts in order", () => {
  const { train, test: held } = trainTestSplit([[1], [2], [3], [4], [5]], [1, 2, 3, 4, 5], 0.4);
  expect([all(train.x), all(held.y)]).toEqual([
    [[1], [2], [3]],
    [4, 5],
  ]);
  expect(() => trainTestSplit([1, 2], [1, 2], 1)).toThrow(/examples on both sides/);
  expect(() => trainTestSplit([1, 2], [1, 2, 3], 0.5)).toThrow(/as many targets/);
});

describe("shuffleTogether", () => {
  const x = [[1], [2], [3], [4], [5], [6], [7], [8]];
  const y = [1, 2, 3, 4, 5, 6, 7, 8];

  test("keeps examples together, and all of them", () => {
    const [a, b] = shuffleTogether([x, y], 3);
    const order = all(b!) as number[];
    expect(all(a!)).toEqual(order.map((v) => [v]));
    expect(order).not.toEqual(y);
    expect([...order].sort()).toEqual(y);
  });

  test("the same seed gives the same order", () => {
    expect(all(shuffleTogether([y], 3)[0]!)).toEqual(all(shuffleTogether([y], 3)[0]!));
    expect(all(shuffleTogether([y], 3)[0]!)).not.toEqual(all(shuffleTogether([y], 4)[0]!));
  });

  test("can be split and shuffled again", () => {
    const [a] = shuffleTogether([y], 3);
    const order = all(a!) as number[];
    const { train, test: held } = trainTestSplit(a!, a!, 0.25);
    expect([all(train.x), all(held.x)]).toEqual([order.slice(0, 6), order.slice(6)]);
    expect((all(shuffleTogether([a!], 5)[0]!) as number[]).sort()).toEqual(y);
  });

  test("mistakes", () => {
    expect(() => shuffleTogether([x, [1]])).toThrow(/\[8, 1\], \[1\]/);
    expect(() => shuffleTogether([])).toThrow(/no arrays/);
  });
});
