import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitTail, TokenStreams } from "./token-streams.js";

const count = (n: number) => Int32Array.from({ length: n }, (_, i) => i);
const rows = (values: Int32Array, time: number) =>
  Array.from({ length: values.length / time }, (_, row) => [...values.subarray(row * time, (row + 1) * time)]);

describe("TokenStreams", () => {
  it("lets every row go on where it stopped", () => {
    const data = new TokenStreams(count(15), { streams: 2, window: 3 });
    expect([data.streams, data.length, data.steps]).toEqual([2, 7, 2]);
    const batches = [data.batch(0), data.batch(1)];
    expect(batches.map((b) => rows(b.inputs, b.time))).toEqual([
      [
        [0, 1, 2],
        [7, 8, 9],
      ],
      [
        [3, 4, 5],
        [10, 11, 12],
      ],
    ]);
    expect(rows(batches[1]!.targets, 3)).toEqual([
      [4, 5, 6],
      [11, 12, 13],
    ]);
  });

  it("yields the short last window when asked", () => {
    const data = new TokenStreams(count(15), { streams: 2, window: 3, partial: true });
    expect(data.steps).toBe(3);
    const last = data.batch(2);
    expect([last.time, rows(last.inputs, 1), rows(last.targets, 1)]).toEqual([1, [[6], [13]], [[7], [14]]]);
  });

  it("uses fewer streams for a short text, and refuses one shorter than a window", () => {
    const data = new TokenStreams(count(10), { streams: 32, window: 4 });
    expect([data.streams, data.steps]).toEqual([2, 1]);
    expect(() => new TokenStreams(count(4), { streams: 1, window: 4 })).toThrow(/4 characters[\s\S]*at least 5/);
    expect(() => new TokenStreams(count(1), { streams: 1, window: 4, partial: true })).toThrow(/at least 2/);
  });

  it("with partial windows shows each position of each stream once", () => {
    const sizes = fc.record({
      tokens: fc.integer({ min: 2, max: 60 }),
      streams: fc.integer({ min: 1, max: 7 }),
      window: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(sizes, ({ tokens, streams, window }) => {
        const data = new TokenStreams(count(tokens), { streams, window, partial: true });
        const seen: number[] = [];
        for (let step = 0; step < data.steps; step++) {
          const { inputs, targets } = data.batch(step);
          expect([...targets]).toEqual(Array.from(inputs, (v) => v + 1));
          seen.push(...inputs);
        }
        expect(seen.sort((a, b) => a - b)).toEqual([...count(data.streams * data.length)]);
        expect(tokens - 1 - seen.length).toBeLessThan(data.streams);
      }),
    );
  });
});

describe("splitTail", () => {
  it("cuts by position", () => {
    const [training, validation] = splitTail(count(10), 0.25);
    expect([[...training], [...validation]]).toEqual([
      [0, 1, 2, 3, 4, 5, 6],
      [7, 8, 9],
    ]);
    expect(splitTail(count(10), 0)[1]).toHaveLength(0);
  });
});
