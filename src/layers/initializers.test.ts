import { describe, expect, test } from "vitest";
import { readGolden } from "../../test/support/golden.js";
import { sequential } from "../model/sequential.js";
import { setSeed } from "../tensor/generator.js";
import { fill } from "../tensor/ops/creation.js";
import { matMul } from "../tensor/ops/linalg.js";
import { tensor } from "../tensor/tensor.js";
import { getInitializer, type InitializerSpec, initializers, initializerTable } from "./initializers.js";
import { LSTM } from "./recurrent/lstm.js";

interface Case {
  readonly id: string;
  readonly initializer: { readonly className: string; readonly options: Record<string, number | string> };
  readonly shape: readonly number[];
  readonly distribution: "uniform" | "truncatedNormal" | "untruncatedNormal" | "normal";
  readonly stddev: number;
  readonly limit?: number;
  readonly bound?: number;
}

const content = readGolden<{ cases?: Case[]; initializers?: Case[] }>("initializers");
const cases = content.cases ?? content.initializers!;

/** Many draws of one shape. */
function draws(spec: InitializerSpec, shape: readonly number[], count: number): number[] {
  const { apply } = getInitializer(spec);
  return Array.from({ length: count }, () => [...apply(shape).dataSync()]).flat();
}

const meanOf = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;
const deviationOf = (x: number[]) => Math.sqrt(x.reduce((a, b) => a + b * b, 0) / x.length);

describe("distributions are Keras'", () => {
  test.each(cases.map((golden) => [golden.id, golden] as const))("%s", (_, golden) => {
    setSeed(1);
    const { className, options } = golden.initializer;
    const name = className[0]!.toLowerCase() + className.slice(1);
    const size = golden.shape.reduce((a, b) => a * b, 1);
    const x = draws({ name, ...options } as never, golden.shape, Math.ceil(20_000 / size));
    const largest = Math.max(...x.map(Math.abs));
    // Four standard errors of mean and deviation for 20,000 draws, rounded up.
    expect(Math.abs(meanOf(x))).toBeLessThan(0.03 * golden.stddev);
    expect(Math.abs(deviationOf(x) / golden.stddev - 1)).toBeLessThan(0.03);
    const bound = golden.limit ?? golden.bound;
    if (bound !== undefined) {
      expect(largest).toBeLessThanOrEqual(bound * (1 + 1e-6));
      expect(largest).toBeGreaterThan(0.97 * bound);
    } else expect(largest).toBeGreaterThan(3 * golden.stddev);
  });

  test("plain distributions", () => {
    setSeed(2);
    const uniform = draws("randomUniform", [100, 100], 1);
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(-0.05);
    expect(Math.max(...uniform)).toBeLessThan(0.05);
    expect(deviationOf(uniform)).toBeCloseTo(0.1 / Math.sqrt(12), 3);
    const shifted = draws({ name: "randomNormal", mean: 1, stddev: 0.1 }, [100, 100], 1);
    expect(meanOf(shifted)).toBeCloseTo(1, 2);
    const truncated = draws({ name: "truncatedNormal", stddev: 0.5 }, [100, 100], 1);
    expect(Math.max(...truncated.map(Math.abs))).toBeLessThanOrEqual(1);
  });
});

describe("fixed values", () => {
  test("zeros, ones, constant, identity", () => {
    expect(initializers.zeros().apply([2]).arraySync()).toEqual([0, 0]);
    expect(initializers.ones().apply([2]).arraySync()).toEqual([1, 1]);
    expect(initializers.constant({ value: 7 }).apply([2]).arraySync()).toEqual([7, 7]);
    expect(initializers.identity({ gain: 2 }).apply([2, 3]).arraySync()).toEqual([
      [2, 0, 0],
      [0, 2, 0],
    ]);
  });
});

describe("orthogonal", () => {
  /** Largest distance of q·qᵀ (or qᵀ·q) from gain² times the identity. */
  function distance(rows: number, columns: number, gain: number): number {
    const q = getInitializer({ name: "orthogonal", gain, seed: 3 }).apply([rows, columns]);
    const wide = rows <= columns;
    const product = matMul(q, q, { transposeA: !wide, transposeB: wide });
    const n = Math.min(rows, columns);
    return Math.max(
      ...[...product.dataSync()].map((v, i) => Math.abs(v - (Math.floor(i / n) === i % n ? gain * gain : 0))),
    );
  }

  test.each([
    [1, 1],
    [5, 5],
    [3, 40],
    [40, 3],
    [70, 200],
    [200, 200],
    [64, 256],
  ])("%i x %i has orthonormal rows or columns", (rows, columns) => {
    expect(distance(rows, columns, 1)).toBeLessThan(5e-6);
    expect(distance(rows, columns, 1.5)).toBeLessThan(1e-5);
  });

  test("is the Q of the random matrix whose R has a positive diagonal", () => {
    // Then the first vector points where the first random vector does, and every later one within less than 90 degrees.
    const random = getInitializer({ name: "randomNormal", stddev: 1, seed: 9 }).apply([50, 80]);
    const q = getInitializer({ name: "orthogonal", seed: 9 }).apply([50, 80]);
    const along = matMul(random, q, { transposeB: true });
    const values = along.dataSync();
    for (let i = 0; i < 50; i++) {
      expect(values[i * 50 + i]).toBeGreaterThan(0);
      for (let j = i + 1; j < 50; j++) expect(Math.abs(values[i * 50 + j]!)).toBeLessThan(1e-4);
    }
  });

  test("leading axes count as rows", () => {
    const w = getInitializer("orthogonal").apply([2, 3, 4]);
    expect(w.shape).toEqual([2, 3, 4]);
    const flat = tensor(w.dataSync(), [6, 4]);
    const product = matMul(flat, flat, { transposeA: true }).dataSync();
    for (let i = 0; i < 16; i++) expect(product[i]).toBeCloseTo(i % 5 === 0 ? 1 : 0, 5);
  });

  test("a gain on the diagonal makes no sense without two axes", () => {
    expect(() => initializers.orthogonal().apply([3])).toThrow(/at least two axes/);
    expect(() => initializers.identity().apply([3])).toThrow(/makes matrices/);
  });
});

describe("seeds", () => {
  // Biases have tests of their own.
  const random = Object.entries(initializerTable).filter(
    ([name, { defaults }]) => "seed" in defaults && name !== "chrono",
  );

  test.each(random.map(([name]) => [name]))("%s: a seed repeats, without one the global generator decides", (name) => {
    const seeded = { name, seed: 4 } as never;
    expect(draws(seeded, [4, 4], 1)).toEqual(draws(seeded, [4, 4], 1));
    expect(draws({ name, seed: 5 } as never, [4, 4], 1)).not.toEqual(draws(seeded, [4, 4], 1));
    setSeed(11);
    const first = draws(name as never, [4, 4], 2);
    expect(first.slice(0, 16)).not.toEqual(first.slice(16));
    setSeed(11);
    expect(draws(name as never, [4, 4], 2)).toEqual(first);
  });
});

describe("what may be given", () => {
  test("functions and configs", () => {
    expect(
      getInitializer((shape) => fill(shape, 3))
        .apply([1])
        .item(),
    ).toBe(3);
    expect(initializers.randomNormal({ stddev: 0.1, seed: 1 }).config).toEqual({
      name: "randomNormal",
      stddev: 0.1,
      seed: 1,
    });
  });

  test("errors", () => {
    expect(() => getInitializer("glorot_uniform" as never)).toThrow(/did you mean "glorotUniform"/);
    expect(() => initializers.varianceScaling({ mode: "fanin" })).toThrow(/fanIn, fanOut, fanAvg/);
    expect(() => getInitializer({ name: "constant", value: "a" } as never)).toThrow(/cannot use this value/);
    expect(() => getInitializer(undefined as never)).toThrow(/not an initializer/);
  });
});

describe("chrono", () => {
  const bias = (shape: number[], options: object) => [
    ...getInitializer({ name: "chrono", ...options } as InitializerSpec)
      .apply(shape)
      .dataSync(),
  ];
  /** Share of draws log u, u uniform in [1, 99], below log 25: 24 of 98. */
  const below = (x: number[]) => x.filter((v) => v < Math.log(25)).length / x.length;

  test("LSTM: the forget gate's bias is log u, the input gate's its opposite", () => {
    setSeed(3);
    const x = bias([4 * 5000], { maxTime: 100 });
    const [input, forget, rest] = [x.slice(0, 5000), x.slice(5000, 10_000), x.slice(10_000)];
    expect(Math.min(...forget)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...forget)).toBeLessThanOrEqual(Math.log(99));
    expect(Math.abs(below(forget) - 24 / 98)).toBeLessThan(0.03);
    expect(input).toEqual(forget.map((v) => -v));
    expect(rest.every((v) => v === 0)).toBe(true);
  });

  test("GRU: the update gate's bias is log u, in one of two rows", () => {
    setSeed(4);
    const x = bias([2, 3 * 5000], { maxTime: 100, cell: "gru" });
    expect(Math.abs(below(x.slice(0, 5000)) - 24 / 98)).toBeLessThan(0.03);
    expect(Math.min(...x.slice(0, 5000))).toBeGreaterThanOrEqual(0);
    expect(x.slice(5000).every((v) => v === 0)).toBe(true);
  });

  test("an LSTM layer keeps it in spite of unitForgetBias", () => {
    const biasInitializer = { name: "chrono", maxTime: 50, seed: 1 } as const;
    const layer = new LSTM({ units: 2, biasInitializer, inputShape: [null, 1] });
    const model = sequential([layer]);
    model.build([null, null, 1]);
    expect([...layer.weights[2]!.dataSync()]).toEqual(bias([8], { maxTime: 50, seed: 1 }));
    model.dispose();
  });

  test("shapes and options it cannot use", () => {
    expect(() => bias([10], {})).toThrow(/\[10\]/);
    expect(() => bias([3, 12], { cell: "gru" })).toThrow(/\[3, 12\]/);
    expect(() => bias([12], { cell: "rnn" })).toThrow(/"rnn"/);
    expect(() => bias([12], { maxTime: 2 })).toThrow(/more than 2/);
  });
});
