import { describe, expect, test } from "vitest";
import { philox as exact } from "../backend/reference/random.js";
import { Generator } from "./generator.js";
import { philox } from "./philox.js";

test("philox gives the published test vectors", () => {
  // Known-answer tests of Random123 (philox4x32, 10 rounds).
  expect(philox([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  const ones = 0xffffffff;
  expect(philox([ones, ones, ones, ones], [ones, ones])).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
  expect(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
    0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
  ]);
});

test("philox agrees with the kernels", () => {
  for (let i = 0; i < 200; i++) {
    const word = (k: number) => Math.imul(i * 7919 + k, 0x9e3779b1) >>> 0;
    const counter = [word(1), word(2), word(3), word(4)] as const;
    expect(philox(counter, [word(5), word(6)])).toEqual(exact(counter, [word(5), word(6)]));
  }
});

describe("Generator", () => {
  test("the same seed gives the same numbers, another seed others", () => {
    const draw = (seed: number) => {
      const random = new Generator(seed);
      return [
        random.nextUint32(),
        random.uniform(),
        random.int(1000),
        ...random.nextKey(),
        random.split().nextUint32(),
      ];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(8)).not.toEqual(draw(7));
    expect(draw(7 + 2 ** 32)).not.toEqual(draw(7));
  });

  test("goes on from a saved state", () => {
    const random = new Generator(3);
    for (let i = 0; i < 7; i++) random.nextUint32();
    random.nextKey();
    const state = JSON.parse(JSON.stringify(random.getState()));
    const expected = Array.from({ length: 9 }, () => [random.nextUint32(), ...random.nextKey()]);
    const restored = new Generator(state);
    expect(Array.from({ length: 9 }, () => [restored.nextUint32(), ...restored.nextKey()])).toEqual(expected);
    restored.setState(state);
    expect([restored.nextUint32(), ...restored.nextKey()]).toEqual(expected[0]);
  });

  test("split gives different, independent generators; fold depends on seed and number only", () => {
    const random = new Generator(1);
    const first = random.split();
    const second = random.split();
    expect(first.getState().key).not.toEqual(second.getState().key);
    const fresh = new Generator(1).fold(5);
    expect(random.fold(5).getState()).toEqual(fresh.getState());
    expect(random.fold(6).getState()).not.toEqual(fresh.getState());
    expect(random.fold(0).getState().key).not.toEqual(first.getState().key);
  });

  test("uniform numbers fill [low, high) evenly", () => {
    const random = new Generator(5);
    const numbers = Array.from({ length: 20000 }, () => random.uniform(2, 4));
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...numbers)).toBeLessThan(4);
    const mean = numbers.reduce((a, b) => a + b) / numbers.length;
    expect(Math.abs(mean - 3)).toBeLessThan(0.02); // 5 standard errors
    const counts = new Array<number>(10).fill(0);
    for (const x of numbers) counts[Math.floor((x - 2) * 5)]!++;
    // Chi-squared with 9 degrees of freedom: 33.7 is exceeded with probability 1e-4.
    expect(counts.reduce((sum, c) => sum + (c - 2000) ** 2 / 2000, 0)).toBeLessThan(33.7);
  });

  test("int reaches every number of its range and no other", () => {
    const random = new Generator(11);
    const seen = new Set(Array.from({ length: 1000 }, () => random.int(-2, 3)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  });

  test("shuffle keeps the items and can bring each anywhere", () => {
    const random = new Generator(2);
    const last = new Set<number>();
    for (let i = 0; i < 200; i++) {
      const items = random.shuffle([1, 2, 3, 4]);
      expect([...items].sort()).toEqual([1, 2, 3, 4]);
      last.add(items[3]!);
    }
    expect(last.size).toBe(4);
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 53])("refuses the seed %s", (seed) => {
    expect(() => new Generator(seed)).toThrow(/a seed is a whole number/);
  });

  test("refuses what is not a state, and empty ranges", () => {
    expect(() => new Generator({ key: [1], keys: 0, words: 0 } as never)).toThrow(/not the state/);
    expect(() => new Generator({ key: [1, 2], keys: -1, words: 0 })).toThrow(/not the state/);
    expect(() => new Generator(1).int(0)).toThrow(/low < high/);
    expect(() => new Generator(1).int(3, 3)).toThrow(/low < high/);
  });
});
