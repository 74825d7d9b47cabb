import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { type DType, type Tensor, tensor } from "../../src/index.js";

/** An array as test/golden holds it: flat, row-major, with its shape. */
export interface GoldenArray {
  readonly shape: readonly number[];
  readonly value: readonly number[];
}

/** A file of test/golden. */
export function readGolden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), "utf8")) as T;
}

export function toTensor(array: GoldenArray, dtype: DType = "float32"): Tensor {
  return tensor(Float32Array.from(array.value), array.shape, dtype);
}

/** Asserts that numbers agree to within `tolerance`, absolutely below 1 and relatively above. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  let at = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / Math.max(1, Math.abs(expected[i]!));
    if (!(error <= worst)) [worst, at] = [error, i];
  }
  expect(worst, `at ${at}: ${actual[at]} instead of ${expected[at]}`).toBeLessThanOrEqual(tolerance);
}
