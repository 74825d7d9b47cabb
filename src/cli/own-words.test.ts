import { expect, test } from "vitest";
import { commentsOf, ownWords } from "./own-words.js";

test("comments lose their stars and slashes, examples and rules", () => {
  const source = `
/** One line only. */
const a = 1; // not a comment of its own line
/**
 * Several lines
 * of text.
 *
 * @example a + 1
 */
// A remark
// that goes on.
const url = "https://example.com";
// ---- a rule ----
`;
  expect(commentsOf(source)).toBe("One line only.\n\nSeveral lines\nof text.\n\nA remark\nthat goes on.");
});

test("rondo has enough to say to learn from", () => {
  const words = ownWords();
  expect(words.length).toBeGreaterThan(100_000);
  expect(words).toContain("# Architecture");
  expect(words).not.toMatch(/^\s*\*\//m);
  expect(words).not.toMatch(/^\|/m);
});
