import { expect, test } from "vitest";
import { erf, normalCdf, normalQuantile } from "./erf.js";

// Abramowitz and Stegun, table 7.1, and scipy.special.erf.
test.each([
  [0, 0],
  [1e-10, 1.1283791670955126e-10],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [2, 0.9953222650189527],
  [3.5, 0.9999992569016276],
  [5, 0.9999999999984626],
  [7, 1],
])("erf(%d) = %d", (x, expected) => {
  expect(Math.abs(erf(x) - expected)).toBeLessThanOrEqual(2e-15 * expected);
  expect(erf(-x)).toBeCloseTo(-expected, 14);
});

// scipy.special.ndtr
test.each([
  [0, 0.5],
  [1, 0.8413447460685429],
  [-1, 0.15865525393145707],
  [-3, 0.0013498980316300933],
  [-8, 6.220960574271785e-16],
  [-20, 2.7536241186062337e-89],
])("normalCdf(%d) = %d", (x, expected) => {
  expect(Math.abs(normalCdf(x) / expected - 1)).toBeLessThan(1e-13);
});

test("normalQuantile inverts normalCdf", () => {
  for (const x of [-2, -1.3, -1e-3, 0, 0.4, 1.99, 2]) expect(normalQuantile(normalCdf(x))).toBeCloseTo(x, 12);
});

test("NaN and infinities", () => {
  expect(erf(NaN)).toBeNaN();
  expect([erf(Infinity), erf(-Infinity), normalCdf(-Infinity), normalCdf(Infinity)]).toEqual([1, -1, 0, 1]);
});
