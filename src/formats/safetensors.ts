import { RondoError } from "../errors.js";

/**
 * The safetensors container: 8 bytes with the header's length (little-endian), a JSON header with every tensor's type,
 * shape and place, then the tensors' bytes without gaps. Reading runs no code and trusts nothing.
 * Format: https://huggingface.co/docs/safetensors
 */
export type StoredType = "F32" | "I32" | "U8" | "BOOL";

/** A tensor as it is handed to and from files, in row-major order. BOOL holds 0 or 1. */
export interface StoredTensor {
  readonly dtype: StoredType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** What a safetensors file holds. */
export interface SafetensorsContent {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Free text by key; the format allows strings only. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The reference implementation refuses longer headers, so that a foreign file cannot exhaust memory. */
const maxHeaderBytes = 100_000_000;
const metadataKey = "__metadata__";

/** Types that can be read: their size in bytes, and what becomes of them. `view` covers the tensor's bytes. */
interface Reader {
  readonly bytes: number;
  read(view: DataView<ArrayBuffer>, count: number): StoredTensor["data"];
}

const readers: Readonly<Record<string, Reader>> = {
  F32: { bytes: 4, read: (view) => new Float32Array(copyOf(view)) },
  I32: { bytes: 4, read: (view) => new Int32Array(copyOf(view)) },
  U8: { bytes: 1, read: (view) => new Uint8Array(copyOf(view)) },
  BOOL: { bytes: 1, read: (view) => new Uint8Array(copyOf(view)).map((v) => (v ? 1 : 0)) },
  F64: { bytes: 8, read: (view, n) => fill(new Float32Array(n), (i) => view.getFloat64(i * 8, true)) },
  F16: { bytes: 2, read: (view, n) => fill(new Float32Array(n), (i) => half(view.getUint16(i * 2, true))) },
  BF16: { bytes: 2, read: brainFloats },
  I8: { bytes: 1, read: (view, n) => fill(new Int32Array(n), (i) => view.getInt8(i)) },
  I16: { bytes: 2, read: (view, n) => fill(new Int32Array(n), (i) => view.getInt16(i * 2, true)) },
  U16: { bytes: 2, read: (view, n) => fill(new Int32Array(n), (i) => view.getUint16(i * 2, true)) },
  U32: { bytes: 4, read: (view, n) => fill(new Int32Array(n), (i) => int32(view.getUint32(i * 4, true))) },
  I64: { bytes: 8, read: (view, n) => fill(new Int32Array(n), (i) => int32(view.getBigInt64(i * 8, true))) },
  U64: { bytes: 8, read: (view, n) => fill(new Int32Array(n), (i) => int32(view.getBigUint64(i * 8, true))) },
};

/** Typed arrays have the machine's byte order: little-endian wherever WebAssembly and Node run for real. */
function copyOf(view: DataView<ArrayBuffer>): ArrayBuffer {
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}

function fill<A extends Float32Array | Int32Array>(array: A, value: (index: number) => number): A {
  for (let i = 0; i < array.length; i++) array[i] = value(i);
  return array;
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A bfloat16 is the upper half of a float32. */
function brainFloats(view: DataView, count: number): Float32Array {
  const bits = fill(new Int32Array(count), (i) => view.getUint16(i * 2, true) << 16);
  return new Float32Array(bits.buffer);
}

function int32(value: number | bigint): number {
  const number = Number(value);
  if (number !== (number | 0)) {
    throw new RondoError("format", "a whole number in the file does not fit 32 bits", {
      received: String(value),
      expected: "-2147483648 to 2147483647",
      fix: "store this tensor as I32 or F32",
    });
  }
  return number;
}

function typeRead(dtype: string, data: StoredTensor["data"]): StoredType {
  if (dtype === "BOOL") return "BOOL";
  if (data instanceof Float32Array) return "F32";
  return data instanceof Int32Array ? "I32" : "U8";
}

/**
 * Reads a safetensors file. F16, BF16 and F64 become F32; other whole numbers become I32.
 *
 * Throws RondoError "format" for truncated, overlapping or foreign bytes. `name` is the file's, for messages.
 *
 * @example const { tensors, metadata } = readSafetensors(bytes, "model.safetensors");
 */
export function readSafetensors(bytes: Uint8Array, name = "safetensors data"): SafetensorsContent {
  const { header, dataStart } = readHeader(bytes, name);
  const metadata = new Map<string, string>();
  const entries: Entry[] = [];
  for (const [key, value] of Object.entries(header)) {
    if (key === metadataKey) {
      if (!isPlainObject(value)) throw broken(name, "the metadata is not an object", describe(value));
      for (const [field, text] of Object.entries(value)) {
        if (typeof text !== "string") throw broken(name, `the metadata "${field}" is not a string`, describe(text));
        metadata.set(field, text);
      }
    } else entries.push(checkEntry(key, value, name));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let expected = 0;
  for (const { key, begin, end } of entries) {
    if (begin !== expected) {
      const kind = begin < expected ? "overlaps the tensor before it" : "leaves a gap before it";
      throw broken(name, `the tensor "${key}" ${kind}`, `data offset ${begin}`, `${expected}`);
    }
    expected = end;
  }
  const present = bytes.length - dataStart;
  if (present !== expected) {
    throw broken(
      name,
      present < expected ? "the file is truncated" : "the file has bytes after its last tensor",
      `${present} bytes of tensors`,
      `${expected} bytes, as the header says`,
    );
  }
  const tensors = new Map<string, StoredTensor>();
  for (const { key, dtype, shape, begin, end, count } of entries) {
    const view = new DataView(bytes.buffer as ArrayBuffer, bytes.byteOffset + dataStart + begin, end - begin);
    const data = readers[dtype]!.read(view, count);
    tensors.set(key, { dtype: typeRead(dtype, data), shape, data });
  }
  return { tensors, metadata: Object.fromEntries(metadata) };
}

interface Entry {
  key: string;
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
  count: number;
}

function readHeader(bytes: Uint8Array, name: string): { header: Record<string, unknown>; dataStart: number } {
  const foreign = (why: string, received: string) =>
    new RondoError("format", why, {
      path: name,
      received,
      expected: "a .safetensors file: an 8-byte length, a JSON header, the tensors",
      fix: "check the path; the file may be another format, or cut off by a broken download or copy",
    });
  if (bytes.length < 8) throw foreign("this is not a safetensors file", `${bytes.length} bytes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > maxHeaderBytes || bytes[8] !== 0x7b) {
    throw foreign("this is not a safetensors file", `a file that starts with ${startOf(bytes)}`);
  }
  if (8 + length > bytes.length) {
    throw foreign("the file is truncated in its header", `${bytes.length} bytes of at least ${8 + length}`);
  }
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length));
    header = JSON.parse(text);
  } catch (cause) {
    throw foreign("the header is not JSON", (cause as Error).message);
  }
  if (!isPlainObject(header)) throw foreign("the header is not a JSON object", describe(header));
  return { header, dataStart: 8 + length };
}

function checkEntry(key: string, value: unknown, name: string): Entry {
  const bad = (what: string, received: unknown, expected?: string) =>
    broken(name, `the tensor "${key}" has ${what}`, describe(received), expected);
  if (!isPlainObject(value)) throw bad("no description", value, "an object with dtype, shape and data_offsets");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(readers, dtype)) {
    throw bad("a type that cannot be read", dtype, `one of ${Object.keys(readers).join(", ")}`);
  }
  if (!isSizes(shape)) throw bad("no proper shape", shape, "an array of whole numbers of at least 0");
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw bad("no proper data_offsets", offsets, "[begin, end] in bytes");
  }
  const [begin, end] = offsets as [number, number];
  const count = shape.reduce((product, n) => product * n, 1);
  const need = count * readers[dtype]!.bytes;
  if (end - begin !== need) throw bad("a shape that does not fill its bytes", end - begin, `${need} bytes`);
  return { key, dtype, shape, begin, end, count };
}

/**
 * Writes a safetensors file: larger elements first, then by name (as the reference implementation orders them), the
 * header padded so that the data starts at a multiple of 8 bytes. Equal content gives equal bytes.
 *
 * @example const bytes = writeSafetensors({ tensors: new Map([["w", { dtype: "F32", shape: [2], data }]]), metadata: {} });
 */
export function writeSafetensors(content: SafetensorsContent): Uint8Array {
  const sorted = [...content.tensors].sort(
    ([a, x], [b, y]) => bytesOf(y.dtype) - bytesOf(x.dtype) || (a < b ? -1 : a > b ? 1 : 0),
  );
  const header: Record<string, unknown> = Object.create(null);
  if (Object.keys(content.metadata).length > 0) header[metadataKey] = content.metadata;
  let at = 0;
  for (const [key, { dtype, shape, data }] of sorted) {
    const count = shape.reduce((product, n) => product * n, 1);
    if (key === metadataKey || data.length !== count) {
      throw new RondoError("value", `the tensor "${key}" cannot be stored`, {
        received:
          key === metadataKey ? "a name the format reserves" : `${data.length} values, shape [${shape.join(", ")}]`,
        expected: key === metadataKey ? "another name" : `${count} values`,
      });
    }
    const end = at + count * bytesOf(dtype);
    header[key] = { dtype, shape, data_offsets: [at, end] };
    at = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8 + json.length, 8 + headerBytes);
  bytes.set(json, 8);
  let place = 8 + headerBytes;
  for (const [, { data }] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), place);
    place += data.byteLength;
  }
  return bytes;
}

function bytesOf(dtype: StoredType): number {
  return dtype === "F32" || dtype === "I32" ? 4 : 1;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** First bytes of a foreign file, as text where they are printable. */
function startOf(bytes: Uint8Array): string {
  const first = bytes.subarray(0, 12);
  const printable = first.every((b) => b >= 0x20 && b < 0x7f);
  return printable
    ? JSON.stringify(String.fromCharCode(...first))
    : `bytes ${Array.from(first, (b) => b.toString(16).padStart(2, "0")).join(" ")}`;
}

function broken(path: string, summary: string, received: string, expected?: string): RondoError {
  return new RondoError("format", summary, {
    path,
    received,
    expected,
    fix: "the file is damaged or was not written to the safetensors rules; use another copy",
  });
}
