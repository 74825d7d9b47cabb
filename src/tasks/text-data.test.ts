import { describe, expect, it } from "vitest";
import { prepareText } from "./text-data.js";
import { resolveTextConfig, type TextConfig } from "./text-options.js";

const config = (given: Partial<TextConfig> = {}) => resolveTextConfig({ batchSize: 2, window: 5, ...given });

describe("prepareText", () => {
  it("keeps the end of the text for validation", () => {
    const data = prepareText(`${"ab".repeat(45)}${"cd".repeat(5)}`, config());
    expect([data.trainingCharacters, data.validationCharacters]).toEqual([90, 10]);
    expect(data.vocabulary.characters).toEqual(["a", "b", "c", "d"]);
    const seen = Array.from({ length: data.training.steps }, (_, i) => [...data.training.batch(i).inputs]).flat();
    expect(new Set(seen)).toEqual(new Set([0, 1]));
    expect(new Set(data.validation!.batch(0).inputs)).toEqual(new Set([2, 3]));
    expect(prepareText("abc".repeat(40), config({ validationSplit: 0 })).validation).toBeNull();
  });

  it("adapts to short texts and says so", () => {
    const data = prepareText("abcdefgh".repeat(2), config({ batchSize: 32 }));
    expect(data.training.streams).toBe(2);
    expect(data.notes).toEqual(["The text is short: it is read in 2 parallel streams instead of 32."]);
    expect(prepareText("ab".repeat(99), config()).notes).toEqual([]);
  });

  it("counts the characters it trains on", () => {
    // 3 a, 2 b, 1 c of 6 and one more of each; the d at the end is for validation.
    const { logFrequencies } = prepareText("abcabadd", config({ window: 2, validationSplit: 0.25 }));
    const expected = [4 / 10, 3 / 10, 2 / 10, 1 / 10].map(Math.log);
    for (const [i, value] of expected.entries()) expect(logFrequencies[i]).toBeCloseTo(value, 6);
  });

  it("tells texts apart", () => {
    const print = (text: string) => prepareText(text, config()).fingerprint;
    expect(print("abcabcabcabc")).toBe(print("abcabcabcabc"));
    expect(print("abcabcabcabc")).not.toBe(print("abcabcabcacb"));
    expect(print("abcabcabcabc")).toMatch(/^12-[0-9a-f]{8}$/);
  });

  it.each<[string, string, RegExp]>([
    ["an empty text", "", /nothing to learn[\s\S]*an empty text/],
    ["one distinct character", "aaaaaaaaaaaa", /one distinct character, "a"/],
    ["a text shorter than a window", "abcab", /too short[\s\S]*4 characters[\s\S]*at least 6/],
  ])("refuses %s", (_name, text, message) => {
    expect(() => prepareText(text, config({ batchSize: 1 }))).toThrow(message);
  });

  it("refuses a validation part of one character", () => {
    expect(() => prepareText("abcdefghij", config({ validationSplit: 0.05 }))).toThrow(
      /1 characters \(validationSplit/,
    );
  });
});
