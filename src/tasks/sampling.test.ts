import { describe, expect, it } from "vitest";
import { Sampler, type SamplingOptions } from "./sampling.js";

const logits = [0.1, 0.2, 0.3, 0.4].map(Math.log);

/** Probability of each token, measured on an even grid of uniform numbers. */
function frequencies(options: SamplingOptions, scores = logits, n = 20_000): number[] {
  const sampler = new Sampler(scores.length, options);
  const counts = new Array<number>(scores.length).fill(0);
  for (let i = 0; i < n; i++) counts[sampler.draw(scores, (i + 0.5) / n)]!++;
  return counts.map((count) => count / n);
}

function expectClose(received: number[], expected: number[]): void {
  expect(received).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(received[i]).toBeCloseTo(value, 3);
}

describe("Sampler", () => {
  it("draws by the softmax of the scores", () => {
    expectClose(frequencies({}), [0.1, 0.2, 0.3, 0.4]);
    expectClose(
      frequencies(
        {},
        logits.map((x) => x + 1000),
      ),
      [0.1, 0.2, 0.3, 0.4],
    );
  });

  it("divides the scores by the temperature", () => {
    // Temperature 1/2 squares the probabilities: 1, 4, 9, 16 of 30.
    expectClose(frequencies({ temperature: 0.5 }), [1 / 30, 4 / 30, 9 / 30, 16 / 30]);
    expectClose(frequencies({ temperature: 0 }), [0, 0, 0, 1]);
    expectClose(frequencies({ temperature: 0 }, [5, 7, 7]), [0, 1, 0]);
  });

  it("keeps the k likeliest", () => {
    expectClose(frequencies({ topK: 2 }), [0, 0, 3 / 7, 4 / 7]);
    expectClose(frequencies({ topK: 1 }), [0, 0, 0, 1]);
    expectClose(frequencies({ topK: 9 }), [0.1, 0.2, 0.3, 0.4]);
  });

  it("keeps the smallest set that reaches topP", () => {
    expectClose(frequencies({ topP: 0.39 }), [0, 0, 0, 1]);
    expectClose(frequencies({ topP: 0.41 }), [0, 0, 3 / 7, 4 / 7]);
    expectClose(frequencies({ topP: 0.85 }), [0, 2 / 9, 3 / 9, 4 / 9]);
  });

  it("applies topP to what topK left", () => {
    // The two likeliest are 3/7 and 4/7 of what is left; 0.5 is reached by the first.
    expectClose(frequencies({ topK: 2, topP: 0.5 }), [0, 0, 0, 1]);
  });

  it("refuses scores that are not numbers", () => {
    expect(() => new Sampler(2).draw([0, Number.NaN], 0.5)).toThrow(/not numbers/);
    expect(() => new Sampler(2).draw([Number.POSITIVE_INFINITY, 0], 0.5)).toThrow(/score of Infinity/);
  });

  it.each<[SamplingOptions, RegExp]>([
    [{ temperature: -1 }, /temperature[\s\S]*-1/],
    [{ temperature: Number.NaN }, /temperature/],
    [{ temperature: Number.POSITIVE_INFINITY }, /temperature/],
    [{ topK: 0 }, /topK/],
    [{ topK: 1.5 }, /topK/],
    [{ topP: 0 }, /topP/],
    [{ topP: 1.1 }, /topP/],
  ])("refuses %o", (options, message) => {
    expect(() => new Sampler(4, options)).toThrow(message);
  });
});
