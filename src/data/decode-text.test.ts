import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeText } from "./decode-text.js";

const utf8 = (text: string) => new TextEncoder().encode(text);

describe("decodeText", () => {
  it("reads UTF-8, without a byte-order mark and with \\n line ends", () => {
    expect(decodeText(utf8("\ufeffAé😀\r\nb\rc\n"), "a.txt")).toBe("Aé😀\nb\nc\n");
  });

  it.each<[string, number[], RegExp]>([
    ["an empty file", [], /^a\.txt: the file is empty/],
    ["a zero byte", [65, 66, 0, 67], /binary file[\s\S]*zero byte at offset 2/],
    ["UTF-16", [0xff, 0xfe, 65, 0], /UTF-16[\s\S]*iconv -f UTF-16/],
    ["Latin-1", [...utf8("one\ntwo caf"), 0xe9, 33], /byte 0xe9 at offset 11 \(line 2\)/],
    ["a lone continuation byte", [65, 0x80], /byte 0x80 at offset 1 \(line 1\)/],
    ["an overlong slash", [65, 66, 0xc0, 0xaf], /byte 0xc0 at offset 2/],
    ["an overlong three-byte form", [65, 0xe0, 0x80, 0xaf], /byte 0xe0 at offset 1/],
    ["an encoded surrogate", [0xed, 0xa0, 0x80], /byte 0xed at offset 0/],
    ["a code point past the last", [65, 0xf4, 0x90, 0x80, 0x80], /byte 0xf4 at offset 1/],
    ["a sequence cut off at the end", [...utf8("ab"), 0xf0, 0x9f, 0x98], /byte 0xf0 at offset 2/],
  ])("refuses %s", (_name, bytes, message) => {
    expect(() => decodeText(Uint8Array.from(bytes), "a.txt")).toThrow(message);
  });

  it("points at the first byte that a strict decoder rejects", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.uint8Array({ min: 1, maxLength: 6 }), (text, noise) => {
        const bytes = Uint8Array.from([65, ...utf8(text.replaceAll("\0", "")), ...noise, 66]);
        const prefixIsValid = (n: number) => {
          try {
            new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, n));
            return true;
          } catch {
            return false;
          }
        };
        let at: number | undefined;
        try {
          decodeText(bytes, "a.txt");
        } catch (error) {
          at = Number(/at offset (\d+)/.exec((error as Error).message)![1]);
        }
        expect(prefixIsValid(bytes.length)).toBe(at === undefined);
        if (at === undefined) return;
        // What lies before is valid; what starts there is not, however it might go on (4 bytes at most).
        expect(prefixIsValid(at)).toBe(true);
        for (let n = at + 1; n <= Math.min(at + 4, bytes.length); n++) expect(prefixIsValid(n)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
