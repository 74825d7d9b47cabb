import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CharacterVocabulary } from "./vocabulary.js";

describe("CharacterVocabulary", () => {
  it("numbers characters in code-point order, whatever their order in the text", () => {
    const vocabulary = CharacterVocabulary.of("zebra Z");
    expect(vocabulary.characters).toEqual([" ", "Z", "a", "b", "e", "r", "z"]);
    expect(CharacterVocabulary.of("Z arbez").characters).toEqual(vocabulary.characters);
    expect([...vocabulary.encode("bea Z")]).toEqual([3, 4, 2, 0, 1]);
  });

  it("counts code points, not UTF-16 units", () => {
    const vocabulary = CharacterVocabulary.of("a😀é");
    expect(vocabulary.characters).toEqual(["a", "é", "😀"]);
    expect([...vocabulary.encode("😀a😀")]).toEqual([2, 0, 2]);
    expect(vocabulary.decode([2, 1])).toBe("😀é");
  });

  it("brings any text back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const vocabulary = CharacterVocabulary.of(text);
        expect(vocabulary.decode(vocabulary.encode(text))).toBe(text);
        expect(vocabulary.size).toBe(new Set(text).size);
      }),
    );
  });

  it("names unknown characters", () => {
    const vocabulary = CharacterVocabulary.of("abc");
    expect(vocabulary.unknownIn("a€b€😀")).toEqual(["€", "😀"]);
    expect(vocabulary.keepKnown("a€b€😀c")).toBe("abc");
    expect(() => vocabulary.encode("a€b😀")).toThrow(/received: "€", "😀"\n.*3 characters.*"abc"/);
    expect(() => vocabulary.encode("0123456789+-")).toThrow(/and 2 more/);
  });

  it("refuses numbers without a character and characters that are none", () => {
    const vocabulary = CharacterVocabulary.of("ab");
    expect(() => vocabulary.decode([0, 2])).toThrow(/received: 2\n.*0 to 1/);
    expect(() => vocabulary.decode([-1])).toThrow(/received: -1/);
    expect(() => new CharacterVocabulary(["a", "bc"])).toThrow(/"bc"/);
    expect(() => new CharacterVocabulary(["a", ""])).toThrow(/received: ""/);
    expect(() => new CharacterVocabulary(["a", "a"])).toThrow(/twice/);
  });
});
