/**
 * TensorBoard's event files: records of [length u64, masked CRC-32C of it, bytes, masked CRC-32C of them], little-endian,
 * each the protocol buffer "Event". What is written here is all that scalars, histograms and texts need
 * (tensorflow/core/util/event.proto, framework/summary.proto, lib/io/record_writer.h).
 */

/** CRC-32C (Castagnoli, reflected polynomial 0x82f63b78; RFC 3720, appendix B.4). */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!;
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** A field of a message: its number and its encoded content. */
type Field = readonly number[];

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return bytes;
}

function doubles(values: readonly number[]): number[] {
  return [...new Uint8Array(Float64Array.from(values).buffer)];
}

const block = (number: number, content: readonly number[]): Field => [
  ...varint(number * 8 + 2),
  ...varint(content.length),
  ...content,
];
const text = (number: number, value: string): Field => block(number, [...new TextEncoder().encode(value)]);
const integer = (number: number, value: number): Field => [...varint(number * 8), ...varint(value)];
const double = (number: number, value: number): Field => [...varint(number * 8 + 1), ...doubles([value])];
const float = (number: number, value: number): Field => [
  ...varint(number * 8 + 5),
  ...new Uint8Array(Float32Array.of(value).buffer),
];

/** One thing to show, under its tag. */
export type EventValue =
  | { readonly tag: string; readonly scalar: number }
  | { readonly tag: string; readonly text: string }
  | { readonly tag: string; readonly histogram: ArrayLike<number> };

/** How many bars a histogram has. */
const BARS = 30;

/** Extremes, moments and counts in bars of equal width. Values that are not finite are left out. */
function histogram(given: ArrayLike<number>): number[] {
  const values = Array.from(given).filter(Number.isFinite);
  let [low, high, sum, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const v of values) {
    low = Math.min(low, v);
    high = Math.max(high, v);
    sum += v;
    squares += v * v;
  }
  if (values.length === 0) [low, high] = [0, 0];
  const width = (high - low) / BARS || 1 / BARS;
  const counts = new Array<number>(BARS).fill(0);
  for (const v of values) counts[Math.min(BARS - 1, Math.floor((v - low) / width))]!++;
  const limits = counts.map((_, i) => low + (i + 1) * width);
  return [
    ...[low, high, values.length, sum, squares].flatMap((v, i) => double(i + 1, v)),
    ...block(6, doubles(limits)),
    ...block(7, doubles(counts)),
  ];
}

function summaryValue(value: EventValue): Field {
  const tag = text(1, value.tag);
  if ("scalar" in value) return block(1, [...tag, ...float(2, value.scalar)]);
  if ("histogram" in value) return block(1, [...tag, ...block(5, histogram(value.histogram))]);
  // A tensor of one string, for the plugin "text".
  const tensor = [...integer(1, 7), ...block(2, block(2, integer(1, 1))), ...text(8, value.text)];
  return block(1, [...tag, ...block(8, tensor), ...block(9, block(1, text(1, "text")))]);
}

function record(event: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(16 + event.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, event.length, true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(event, 12);
  view.setUint32(12 + event.length, maskedCrc(bytes.subarray(12, 12 + event.length)), true);
  return bytes;
}

/** The record every event file begins with. @param seconds since 1970. */
export function eventFileHeader(seconds: number): Uint8Array {
  return record([...double(1, seconds), ...text(3, "brain.Event:2")]);
}

/** Values of one step as a record. @param seconds since 1970. */
export function eventRecord(seconds: number, step: number, values: readonly EventValue[]): Uint8Array {
  return record([...double(1, seconds), ...integer(2, step), ...block(5, values.flatMap(summaryValue))]);
}
