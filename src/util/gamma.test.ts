import { expect, test } from "vitest";
import { digamma, logGamma } from "./gamma.js";

test("log Γ of whole numbers is the log of a factorial", () => {
  let factorial = 1;
  for (let n = 1; n <= 20; factorial *= n++) expect(logGamma(n)).toBeCloseTo(Math.log(factorial), 12);
});

test("known values", () => {
  expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
  expect(logGamma(1e-3)).toBeCloseTo(6.907178885383853, 12);
  expect(digamma(1)).toBeCloseTo(-0.5772156649015329, 12);
  expect(digamma(0.5)).toBeCloseTo(-0.5772156649015329 - 2 * Math.LN2, 12);
  expect(digamma(2.5)).toBeCloseTo(digamma(0.5) + 2 + 2 / 3, 12);
});
