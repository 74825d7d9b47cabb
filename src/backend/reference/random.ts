import type { Kernels } from "../kernels.js";
import { normalCdf, normalQuantile } from "./erf.js";
import type { Views } from "./views.js";

type RandomKernels = Pick<
  Kernels,
  "randomBits" | "randomUniform" | "randomNormal" | "randomTruncatedNormal" | "dropoutMask"
>;

/** The two halves of the 64-bit product of two unsigned 32-bit numbers. */
function multiply(a: number, b: number): [high: number, low: number] {
  const product = BigInt(a >>> 0) * BigInt(b >>> 0);
  return [Number(product >> 32n), Number(product & 0xffffffffn)];
}

/**
 * Philox 4x32 with 10 rounds: four random words from a counter of four words and a key of two.
 * Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 */
export function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter as [number, number, number, number];
  let [k0, k1] = key as [number, number];
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = multiply(0xd2511f53, c0);
    const [high1, low1] = multiply(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The first n words of the stream of a key: word i is lane i mod 4 of the block with counter floor(i / 4). */
function* words(n: number, key0: number, key1: number): Generator<number> {
  for (let i = 0, block: number[] = []; i < n; i++) {
    if (i % 4 === 0) block = philox([i / 4, 0, 0, 0], [key0, key1]);
    yield block[i % 4]!;
  }
}

/** A multiple of 2^-24 in [0, 1), exact in float32. */
const unit = (word: number) => (word >>> 8) * 2 ** -24;

/** Random numbers, each a function of its position and the key alone. */
export function randomKernels(views: Views): RandomKernels {
  return {
    randomBits(out, n, key0, key1) {
      views.ints(out, n).set([...words(n, key0, key1)]);
    },

    // Every step is rounded to float32, so that all backends give the same bits.
    randomUniform(out, n, low, high, key0, key1) {
      const result = views.floats(out, n);
      const range = Math.fround(high - low);
      let i = 0;
      for (const word of words(n, key0, key1)) result[i++] = low + Math.fround(range * unit(word));
    },

    // Box and Muller (1958): sqrt(-2 log u1) (cos 2 pi u2, sin 2 pi u2), u1 in (0, 1] so that the logarithm is finite.
    randomNormal(out, n, mean, stddev, key0, key1) {
      const result = views.floats(out, n);
      const stream = [...words(n + (n % 2), key0, key1)];
      for (let i = 0; i < n; i += 2) {
        const radius = Math.sqrt(-2 * Math.log(unit(stream[i]!) + 2 ** -24));
        const angle = 2 * Math.PI * unit(stream[i + 1]!);
        result[i] = mean + stddev * radius * Math.cos(angle);
        if (i + 1 < n) result[i + 1] = mean + stddev * radius * Math.sin(angle);
      }
    },

    randomTruncatedNormal(out, n, mean, stddev, key0, key1) {
      const result = views.floats(out, n);
      const low = normalCdf(-2);
      const high = normalCdf(2);
      let i = 0;
      for (const word of words(n, key0, key1)) {
        result[i++] = mean + stddev * normalQuantile(low + (high - low) * unit(word));
      }
    },

    dropoutMask(out, n, rate, key0, key1) {
      const result = views.floats(out, n);
      let i = 0;
      for (const word of words(n, key0, key1)) result[i++] = unit(word) < rate ? 0 : 1 / (1 - rate);
    },
  };
}
