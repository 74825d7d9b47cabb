import { describe, expect, test } from "vitest";
import { padSequences } from "./pad-sequences.js";

const padded = (...args: Parameters<typeof padSequences>) => {
  const { values, shape } = padSequences(...args);
  return [[...shape], [...values]];
};

describe("padSequences, as Keras' pad_sequences", () => {
  const sequences = [[1], [2, 3], [4, 5, 6]];

  // The examples of Keras' documentation.
  test("pads before, to the longest", () => {
    expect(padded(sequences)).toEqual([
      [3, 3],
      [0, 0, 1, 0, 2, 3, 4, 5, 6],
    ]);
  });
  test("with another value", () => {
    expect(padded(sequences, { value: -1 })).toEqual([
      [3, 3],
      [-1, -1, 1, -1, 2, 3, 4, 5, 6],
    ]);
  });
  test("after", () => {
    expect(padded(sequences, { padding: "post" })).toEqual([
      [3, 3],
      [1, 0, 0, 2, 3, 0, 4, 5, 6],
    ]);
  });
  test("cuts the beginning off", () => {
    expect(padded(sequences, { maxLength: 2 })).toEqual([
      [3, 2],
      [0, 1, 2, 3, 5, 6],
    ]);
  });
  test("or the end", () => {
    expect(padded(sequences, { maxLength: 2, truncating: "post" })).toEqual([
      [3, 2],
      [0, 1, 2, 3, 4, 5],
    ]);
  });
  test("empty sequences are padding all through", () => {
    expect(padded([[], [1, 2]])).toEqual([
      [2, 2],
      [0, 0, 1, 2],
    ]);
  });
  test("steps that are vectors", () => {
    expect(
      padded(
        [
          [[1, 2]],
          [
            [3, 4],
            [5, 6],
          ],
        ],
        { dtype: "float32", value: 0.5 },
      ),
    ).toEqual([
      [2, 2, 2],
      [0.5, 0.5, 1, 2, 3, 4, 5, 6],
    ]);
  });
  test("tokens are int32, numbers float32", () => {
    expect(padSequences(sequences).values).toBeInstanceOf(Int32Array);
    expect(padSequences([[0.5]], { dtype: "float32" }).values).toEqual(Float32Array.of(0.5));
  });
});

test("mistakes", () => {
  expect(() => padSequences([[1]], { maxlen: 3 } as never)).toThrow(/has no option "maxlen"/);
  expect(() => padSequences([[1]], { padding: "left" as never })).toThrow(/"pre" or "post"/);
  expect(() => padSequences([[]])).toThrow(/only empty sequences/);
  expect(() => padSequences([[1]], { maxLength: 0 })).toThrow(/at least 1/);
  expect(() => padSequences([[0.5]])).toThrow(/0.5 in sequence 0[\s\S]*dtype: "float32"/);
  expect(() => padSequences([[[1, 2]], [[3]]])).toThrow(/step 0 of sequence 1 has 1 numbers[\s\S]*2 numbers/);
});
