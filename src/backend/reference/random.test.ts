import { expect, test } from "vitest";
import { Bench } from "../../../test/parity/bench.js";
import { createReferenceBackend } from "./index.js";
import { philox } from "./random.js";

const hex = (words: readonly number[]) => words.map((w) => w.toString(16).padStart(8, "0")).join(" ");

test("Philox gives the known answers published with Random123", () => {
  expect(hex(philox([0, 0, 0, 0], [0, 0]))).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
  const ones = 0xffffffff;
  expect(hex(philox([ones, ones, ones, ones], [ones, ones]))).toBe("408f276d 41c83b0e a20bc7c6 6d5451fd");
  const pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
  expect(hex(philox(pi, [0xa4093822, 0x299f31d0]))).toBe("d16cfe09 94fdcceb 5001e420 24126ea1");
});

function sample(n: number, run: (bench: Bench, out: number) => void): Float32Array {
  const bench = new Bench(createReferenceBackend());
  run(bench, bench.outFloats("out", n));
  return bench.finish()[0]!.values as Float32Array;
}

const mean = (x: ArrayLike<number>, f = (v: number) => v) => Array.from(x, f).reduce((a, b) => a + b, 0) / x.length;

test("word i of the stream is lane i mod 4 of block floor(i / 4), also where the stream is cut", () => {
  const bench = new Bench(createReferenceBackend());
  bench.kernels.randomBits(bench.outInts("bits", 6), 6, 7, -9);
  const key = [7, -9 >>> 0];
  const words = [...philox([0, 0, 0, 0], key), ...philox([1, 0, 0, 0], key).slice(0, 2)];
  expect(Array.from(bench.finish()[0]!.values, (w) => w >>> 0)).toEqual(words);
});

test("uniform numbers fill their range evenly", () => {
  const x = sample(20000, (bench, out) => bench.kernels.randomUniform(out, 20000, -2, 4, 1, 2));
  expect(Math.min(...x)).toBeGreaterThanOrEqual(-2);
  expect(Math.max(...x)).toBeLessThan(4);
  // Standard errors: 6 / sqrt(12 n) = 0.012 for the mean, 0.019 for the variance.
  expect(Math.abs(mean(x) - 1)).toBeLessThan(0.05);
  expect(Math.abs(mean(x, (v) => (v - 1) ** 2) - 3)).toBeLessThan(0.08);
});

test("normal numbers have the moments of the normal distribution", () => {
  const x = sample(20001, (bench, out) => bench.kernels.randomNormal(out, 20001, 3, 2, 5, 6)).map((v) => (v - 3) / 2);
  expect(Math.abs(mean(x))).toBeLessThan(0.03);
  expect(Math.abs(mean(x, (v) => v * v) - 1)).toBeLessThan(0.04);
  expect(Math.abs(mean(x, (v) => v ** 3))).toBeLessThan(0.12);
  expect(Math.abs(mean(x, (v) => v ** 4) - 3)).toBeLessThan(0.3);
  expect(Math.max(...x)).toBeGreaterThan(3);
});

test("truncated normal numbers stay within two standard deviations and have the right variance", () => {
  const x = sample(20000, (bench, out) => bench.kernels.randomTruncatedNormal(out, 20000, 0, 1, 8, 9));
  expect(Math.max(...x.map(Math.abs))).toBeLessThanOrEqual(2);
  expect(Math.abs(mean(x))).toBeLessThan(0.03);
  // 1 - 2 · 2 φ(2) / (2 Φ(2) - 1)
  expect(Math.abs(mean(x, (v) => v * v) - 0.774)).toBeLessThan(0.03);
});

test("a dropout mask keeps the expected value at one", () => {
  const x = sample(20000, (bench, out) => bench.kernels.dropoutMask(out, 20000, 0.3, 1, 1));
  expect(new Set(x)).toEqual(new Set([0, Math.fround(1 / (1 - Math.fround(0.3)))]));
  expect(Math.abs(mean(x) - 1)).toBeLessThan(0.02);
});
