import { RondoError } from "../errors.js";

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Seconds from "90s", "10m", "1h30m", "2d"; a bare number is seconds.
 *
 * @example parseDuration("1h30m") // 5400
 */
export function parseDuration(text: string): number {
  const plain = text.trim().toLowerCase();
  const seconds = /^\d+(\.\d+)?$/.test(plain)
    ? Number(plain)
    : /^(\d+(\.\d+)?[smhd])+$/.test(plain)
      ? [...plain.matchAll(/([\d.]+)([smhd])/g)].reduce((sum, [, n, unit]) => sum + Number(n) * unitSeconds[unit!]!, 0)
      : Number.NaN;
  if (seconds > 0) return seconds;
  throw new RondoError("option", "this is not a length of time", {
    received: JSON.stringify(text),
    expected: "a number with s, m, h or d, for example 90s, 10m or 1h30m",
  });
}

/** "0:07", "12:30", "3:05:00": minutes and seconds, with hours where needed. */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/** 1234567 -> "1,234,567". */
export function formatCount(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Bits of the four dots of a braille column, from the bottom up, left and right. */
const leftDots = [0x40, 0x04, 0x02, 0x01];
const rightDots = [0x80, 0x20, 0x10, 0x08];

/**
 * A curve in braille dots, two points per character and four heights per row; the highest row first.
 *
 * @example brailleCurve([4, 3, 2, 1], 2, 1)
 */
export function brailleCurve(values: readonly number[], columns: number, rows: number): string[] {
  const points = resample(
    values.filter((value) => Number.isFinite(value)),
    columns * 2,
  );
  const low = Math.min(...points);
  const high = Math.max(...points);
  const levels = rows * 4;
  const cells = Array.from({ length: rows }, () => new Array<number>(Math.ceil(points.length / 2)).fill(0));
  for (const [x, value] of points.entries()) {
    const level = high > low ? Math.round(((value - low) / (high - low)) * (levels - 1)) : 0;
    const row = rows - 1 - Math.floor(level / 4);
    cells[row]![x >> 1]! |= (x % 2 === 0 ? leftDots : rightDots)[level % 4]!;
  }
  return cells.map((row) => String.fromCodePoint(...row.map((bits) => 0x2800 + bits)));
}

/** At most `count` values: means of equal parts. */
function resample(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, i) => {
    const part = values.slice(Math.floor((i * values.length) / count), Math.floor(((i + 1) * values.length) / count));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

/** A bar of `width` characters, filled to `fraction`. */
export function progressBar(fraction: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return "━".repeat(filled) + "─".repeat(width - filled);
}

/** Text made safe for a terminal: control characters other than line breaks and tabs become visible symbols. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => {
    if (control === "\n" || control === "\t") return control;
    const code = control.codePointAt(0)!;
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : "␡";
  });
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}|[\u{20000}-\u{3fffd}]/u;

/** The text, shortened to `width` columns of a terminal; East Asian characters and pictographs take two. */
export function clipLine(text: string, width: number): string {
  const characters = [...text];
  const sizes = characters.map((character) => (wide.test(character) ? 2 : 1));
  const total = sizes.reduce<number>((sum, size) => sum + size, 0);
  if (total <= width) return text;
  let used = 1;
  let count = 0;
  while (used + sizes[count]! <= width) used += sizes[count++]!;
  return `${characters.slice(0, count).join("")}…`;
}
