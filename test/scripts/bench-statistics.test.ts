import { expect, test } from "vitest";

const { geometricMean, median, quantile, quartiles, significant, summarize } = await import(
  new URL("../../bench/lib/statistics.mjs", import.meta.url).href
);

test("quartiles are those of the textbook (linear between neighbours)", () => {
  // numpy.quantile([1, 2, 3, 4], [0.25, 0.5, 0.75]) and of five values.
  expect(quartiles([4, 1, 3, 2])).toEqual([1.75, 2.5, 3.25]);
  expect(quartiles([50, 10, 20, 40, 30])).toEqual([20, 30, 40]);
  expect(median([7])).toBe(7);
  expect(quantile([1, 2, 3], 1)).toBe(3);
  expect(median([])).toBeNaN();
});

test("a numeric sort, not that of strings", () => {
  expect(median([10, 9, 100])).toBe(10);
});

test("twice as fast and half as fast make one", () => {
  expect(geometricMean([2, 0.5])).toBeCloseTo(1, 12);
  expect(geometricMean([1, 10, 100])).toBeCloseTo(10, 12);
  expect(geometricMean([])).toBeNaN();
});

test("significant digits", () => {
  expect(significant(0.00123456)).toBe(0.001235);
  expect(significant(12_345_678, 3)).toBe(12_300_000);
});

test("ratios are taken within a round", () => {
  // The machine is ten times slower in one round; the ratio does not notice.
  const rounds = [
    { native: 1, torch: 2 },
    { native: 10, torch: 20 },
    { native: 1, torch: 2 },
  ];
  const systems = summarize(rounds, "native");
  expect(systems.native).toEqual({ ms: [1, 1, 5.5] });
  expect(systems.torch).toEqual({ ms: [2, 2, 11], ratio: [2, 2, 2] });
});

test("a system that is missing from a round, or alone, has what it has", () => {
  const systems = summarize([{ native: 1, torch: 3 }, { native: 2 }], "native");
  expect(systems.torch.ratio).toEqual([3, 3, 3]);
  expect(summarize([{ torch: 3 }], "native").torch).toEqual({ ms: [3, 3, 3] });
});
