import { describe, expect, it } from "vitest";
import {
  brailleCurve,
  clipLine,
  formatCount,
  formatDuration,
  parseDuration,
  printable,
  progressBar,
} from "./format.js";

describe("durations", () => {
  it.each([
    ["90", 90],
    ["90s", 90],
    ["10m", 600],
    ["1h30m", 5400],
    ["1.5h", 5400],
    ["2D", 172_800],
    [" 45s ", 45],
  ])("reads %s", (text, seconds) => expect(parseDuration(text)).toBe(seconds));

  it.each(["", "ten", "10x", "-5m", "0", "1h 30m", "m", "1..5s"])("refuses %j", (text) => {
    expect(() => parseDuration(text)).toThrow(/not a length of time[\s\S]*10m/);
  });

  it("writes them", () => {
    expect([0, 7.4, 59.6, 750, 11_100].map(formatDuration)).toEqual(["0:00", "0:07", "1:00", "12:30", "3:05:00"]);
  });
});

describe("drawing", () => {
  it("groups thousands", () => {
    expect([7, 1234, 1_234_567].map(formatCount)).toEqual(["7", "1,234", "1,234,567"]);
  });

  it("draws falling values as falling dots", () => {
    // Four levels, two points per character: dots 1 and 5, then 3 and 8.
    expect(brailleCurve([3, 2, 1, 0], 2, 1)).toEqual([
      String.fromCodePoint(0x2800 + 0x01 + 0x10, 0x2800 + 0x04 + 0x80),
    ]);
    const tall = brailleCurve([7, 0], 1, 2);
    expect(tall).toEqual([String.fromCodePoint(0x2801), String.fromCodePoint(0x2880)]);
  });

  it("fits many values into its width and ignores what is not finite", () => {
    const curve = brailleCurve([...Array.from({ length: 1000 }, (_, i) => 1000 - i), Number.NaN], 20, 2);
    expect(curve.map((row) => row.length)).toEqual([20, 20]);
    expect(curve[0]!.startsWith("\u2800")).toBe(false);
    expect(curve[0]!.endsWith("\u2800")).toBe(true);
    expect(brailleCurve([], 5, 1)).toEqual([""]);
    expect(brailleCurve([2], 5, 1)).toEqual([String.fromCodePoint(0x2840)]);
  });

  it("fills a bar", () => {
    expect([-1, 0, 0.5, 2].map((f) => progressBar(f, 4))).toEqual(["────", "────", "━━──", "━━━━"]);
  });

  it("clips lines to the columns they take", () => {
    expect(["abcdef", "abcde", "日本語", "日本", "a😀b", ""].map((text) => clipLine(text, 5))).toEqual([
      "abcd…",
      "abcde",
      "日本…",
      "日本",
      "a😀b",
      "",
    ]);
    expect(clipLine("a日本語", 5)).toBe("a日…");
  });

  it("shows control characters instead of obeying them", () => {
    expect(printable("a\u001b[31mb\tc\nd\u0007\u009b")).toBe("a␛[31mb\tc\nd␇␡");
  });
});
