import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/golden.js";
import { ones } from "../../tensor/ops/creation.js";
import type { Tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";
import { alibiBias, alibiSlopes } from "./alibi.js";

/** Scores of every head when all steps hold the same vector, [heads][queries][keys]. */
function scoresOfEqualSteps(options: { ropeMaxWavelength?: number; alibi?: boolean }): number[][][] {
  const layer = layers.multiHeadAttention({ numHeads: 2, keyDim: 4, ...options });
  const x = ones([1, 6, 3]);
  const [, scores] = layer.apply([x, x], { returnAttentionScores: true }) as readonly [Tensor, Tensor];
  return (scores.arraySync() as number[][][][])[0]!;
}

describe("rotary positions inside attention", () => {
  test("equal steps are told apart by their distance alone", () => {
    for (const rows of scoresOfEqualSteps({ ropeMaxWavelength: 100 })) {
      const relative = (i: number, j: number) => Math.log(rows[i]![j]! / rows[i]![i]!);
      for (const distance of [-2, -1, 1, 2]) {
        const all = [2, 3].map((i) => relative(i, i + distance));
        expect(all[0]).toBeCloseTo(all[1]!, 5);
        expect(Math.abs(all[0]!)).toBeGreaterThan(1e-4);
      }
    }
  });

  test("without them all steps look alike", () => {
    expectClose(scoresOfEqualSteps({}).flat(2), Array(2 * 6 * 6).fill(1 / 6), 1e-6);
  });

  test("an odd number of features cannot be turned", () => {
    expect(() => layers.rotaryEmbedding().apply(ones([1, 2, 3]))).toThrow(/even number of features/);
    expect(() => layers.rotaryEmbedding({ scalingFactor: 0 })).toThrow(/above 0/);
  });
});

describe("scores that fall with distance (ALiBi)", () => {
  test("slopes are those of the paper", () => {
    expect(alibiSlopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((h) => 2 ** -h));
    // Not a power of two: those of 4 heads, then the first and third of 8.
    expect(alibiSlopes(6)).toEqual([0.25, 0.0625, 2 ** -6, 2 ** -8, 0.5, 0.125]);
    expect((alibiBias(2, 2, 3).arraySync() as number[][][][])[0]![1]).toEqual([
      [-0, -(2 ** -8), -(2 ** -7)],
      [-(2 ** -8), -0, -(2 ** -8)],
    ]);
  });

  test("equal steps get softmax(-slope · distance)", () => {
    const heads = scoresOfEqualSteps({ alibi: true });
    for (const [h, slope] of [2 ** -4, 2 ** -8].entries()) {
      for (const [i, row] of heads[h]!.entries()) {
        const shares = row.map((_, j) => Math.exp(-slope * Math.abs(i - j)));
        const total = shares.reduce((a, b) => a + b);
        expectClose(
          row,
          shares.map((share) => share / total),
          1e-6,
        );
      }
    }
  });
});
