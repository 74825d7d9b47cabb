import { describe, expect, test } from "vitest";
import { textMetrics } from "./index.js";

const references = [
  "the cat is on the mat today",
  "a quick brown fox jumps over the lazy dog",
  "she sells sea shells by the shore",
];
const others = [
  "there is a cat on the mat",
  "the fast brown fox jumped over a lazy dog",
  "she sells shells by the sea shore",
];
const candidates = ["the cat is on a mat", "a quick brown fox jumps over the dog", "she sells sea shells on the shore"];

// The numbers are those of sacrebleu 2 (tokenize "none", no smoothing; chrF2).
describe("scores of a corpus are sacrebleu's", () => {
  test.each([
    ["one reference each", references, 60.49510332114227, 74.02629529269142],
    ["two references each", references.map((r, i) => [r, others[i]!]), 61.27584677140679, 74.02629529269142],
  ] as const)("%s", (_, given, bleu, chrF) => {
    for (const [make, expected] of [
      [textMetrics.bleu, bleu],
      [textMetrics.chrF, chrF],
    ] as const) {
      const whole = make();
      whole.update(given, candidates);
      expect(whole.result()).toBeCloseTo(expected, 9);
      const batches = make();
      candidates.forEach((candidate, i) => {
        batches.update([given[i]!], [candidate]);
      });
      expect(batches.result()).toBe(whole.result());
      batches.reset();
      expect(batches.result()).toBe(0);
    }
  });
});

test("BLEU without a shared run of four words is 0, of equal texts 100", () => {
  const metric = textMetrics.bleu();
  metric.update(["a b c d e"], ["a b c x e"]);
  expect(metric.result()).toBe(0);
  metric.reset();
  metric.update(["a b c d e"], ["a b c d e"]);
  expect(metric.result()).toBeCloseTo(100, 10);
});

test("error rates count words and characters of the references", () => {
  const words = textMetrics.wordErrorRate();
  words.update(["the cat sat", "hello"], ["the hat sat down", "hello"]);
  expect(words.result()).toBe(2 / 4);
  const characters = textMetrics.characterErrorRate();
  characters.update(["kitten"], ["sitting"]);
  expect(characters.result()).toBe(3 / 6);
  characters.reset();
  characters.update([["naïve 😀", "x"]], ["naive 😀"]);
  expect(characters.result()).toBe(1 / 7);
});

test("mistakes", () => {
  expect(() => textMetrics.bleu().update(["a"], [])).toThrow(/1 references for 0 candidates/);
  expect(() => textMetrics.chrF().update([[]], ["a"])).toThrow(/candidate 0 has no reference/);
  expect(() => textMetrics.bleu({ order: 2 } as never)).toThrow(/no option "order"/);
});
