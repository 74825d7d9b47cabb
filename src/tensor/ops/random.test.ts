import { beforeEach, describe, expect, test } from "vitest";
import { otherBackends } from "../../../test/support/backends.js";
import {
  bernoulli,
  categorical,
  dropout,
  dropoutMask,
  Generator,
  getBackend,
  log,
  ones,
  permutation,
  randomInt,
  randomNormal,
  randomUniform,
  setBackend,
  setSeed,
  type Tensor,
  tensor,
  truncatedNormal,
} from "../../index.js";

beforeEach(() => {
  setBackend("reference");
  setSeed(1);
});

const list = (t: Tensor) => Array.from(t.dataSync());
function moments(values: readonly number[]) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) };
}

const N = 20000;
const draws: Record<string, (random?: Generator | number) => Tensor> = {
  randomUniform: (random) => randomUniform([3, 5], -1, 1, random),
  randomNormal: (random) => randomNormal([3, 5], 0, 1, random),
  truncatedNormal: (random) => truncatedNormal([3, 5], 0, 1, random),
  bernoulli: (random) => bernoulli([50], 0.5, random),
  dropoutMask: (random) => dropoutMask([50], 0.5, random),
  randomInt: (random) => randomInt([20], 0, 1000, random),
  permutation: (random) => permutation(20, random),
  categorical: (random) => categorical([0, 0, 0, 0], 20, random),
};

describe.each(Object.entries(draws))("%s", (_name, draw) => {
  test("repeats with the seed and goes on without", () => {
    setSeed(5);
    const [first, second] = [list(draw()), list(draw())];
    expect(second).not.toEqual(first);
    setSeed(5);
    expect([list(draw()), list(draw())]).toEqual([first, second]);
  });

  test("takes a generator or a seed of its own", () => {
    const random = new Generator(9);
    const first = list(draw(random));
    expect(list(draw(random))).not.toEqual(first);
    expect(list(draw(9))).toEqual(first);
    expect(list(draw(9))).toEqual(first);
  });

  test("is the same on every backend", () => {
    const expected = list(draw(4));
    for (const name of otherBackends()) {
      setBackend(name);
      const found = list(draw(4));
      setBackend("reference");
      found.forEach((v, i) => {
        expect(Math.abs(v - expected[i]!), `${name}[${i}]`).toBeLessThan(2e-6);
      });
    }
    expect(getBackend()).toBe("reference");
  });
});

describe("distributions", () => {
  test("randomUniform", () => {
    const { mean, deviation } = moments(list(randomUniform([N], 2, 6)));
    expect(Math.abs(mean - 4)).toBeLessThan(0.05);
    expect(Math.abs(deviation - 4 / Math.sqrt(12))).toBeLessThan(0.03);
  });

  test("randomNormal", () => {
    const values = list(randomNormal([N], 3, 2));
    const { mean, deviation } = moments(values);
    expect(Math.abs(mean - 3)).toBeLessThan(0.07);
    expect(Math.abs(deviation - 2)).toBeLessThan(0.05);
    // Within one standard deviation: 68.27 %.
    expect(Math.abs(values.filter((v) => Math.abs(v - 3) < 2).length / N - 0.6827)).toBeLessThan(0.02);
  });

  test("truncatedNormal stays within two deviations", () => {
    const values = list(truncatedNormal([N], 1, 0.5));
    const { mean, deviation } = moments(values);
    expect(Math.max(...values.map((v) => Math.abs(v - 1)))).toBeLessThanOrEqual(1 + 1e-6);
    expect(Math.abs(mean - 1)).toBeLessThan(0.02);
    expect(Math.abs(deviation - 0.5 * 0.87963)).toBeLessThan(0.01); // deviation of the normal cut at ±2
  });

  test("bernoulli and dropout", () => {
    const hits = list(bernoulli([N], 0.3)).reduce((a, b) => a + b);
    expect(Math.abs(hits / N - 0.3)).toBeLessThan(0.02);
    const kept = list(dropout(ones([N]), 0.25));
    expect(new Set(kept)).toEqual(new Set([0, Math.fround(4 / 3)]));
    expect(Math.abs(kept.filter((v) => v === 0).length / N - 0.25)).toBeLessThan(0.02);
    expect(list(dropout([1, 2], 0))).toEqual([1, 2]);
    expect(list(bernoulli([50], 0))).toEqual(new Array(50).fill(0));
    expect(list(bernoulli([50], 1))).toEqual(new Array(50).fill(1));
  });

  test("randomInt and permutation", () => {
    expect([...new Set(list(randomInt([500], -1, 2)))].sort((a, b) => a - b)).toEqual([-1, 0, 1]);
    expect(list(permutation(100)).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(permutation(0).shape).toEqual([0]);
  });

  test("categorical follows the probabilities, row by row", () => {
    const probabilities = [0.1, 0.2, 0.7];
    const logits = log(tensor([probabilities, [...probabilities].reverse()]));
    const drawn = categorical(logits, N / 4);
    expect(drawn.shape).toEqual([2, N / 4]);
    const rows = drawn.arraySync() as number[][];
    for (const [row, expected] of [
      [rows[0]!, probabilities],
      [rows[1]!, [0.7, 0.2, 0.1]],
    ] as const) {
      expected.forEach((p, c) => {
        expect(Math.abs(row.filter((v) => v === c).length / row.length - p)).toBeLessThan(0.035);
      });
    }
    expect(list(categorical([-Infinity, 0, -Infinity], 5))).toEqual([1, 1, 1, 1, 1]);
  });
});

test.each([
  ["randomUniform", () => randomUniform([2], Number.NaN, 1), /low must be finite/],
  ["randomNormal", () => randomNormal([2], 0, -1), /stddev must be at least 0/],
  ["bernoulli", () => bernoulli([2], 1.5), /from 0 to 1/],
  ["dropout", () => dropout([1], 1), /at least 0 and below 1/],
  ["randomInt", () => randomInt([2], 3, 3), /low < high/],
  ["permutation", () => permutation(-1), /at least 0/],
  ["categorical", () => categorical([Number.NaN, 1]), /a logit is NaN/],
  ["categorical of three axes", () => categorical([[[1]]]), /\[batch, classes\]/],
  ["a shape", () => randomUniform([-1]), /whole numbers of at least 0/],
])("%s refuses bad arguments", (_name, call, message) => {
  expect(call).toThrow(message);
});
