import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RondoError } from "../errors.js";
import { readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.js";

/** A file put together by hand: length, header text, data. */
function file(header: string | object, data: readonly number[] = []): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

function one(dtype: string, shape: number[], data: number[]): StoredTensor {
  return readSafetensors(file({ x: { dtype, shape, data_offsets: [0, data.length] } }, data)).tensors.get("x")!;
}

function errorOf(bytes: Uint8Array): RondoError {
  try {
    readSafetensors(bytes, "some.file");
  } catch (error) {
    expect(error).toBeInstanceOf(RondoError);
    return error as RondoError;
  }
  throw new Error("no error was thrown");
}

describe("readSafetensors", () => {
  it("reads hand-made bytes", () => {
    // 1.0 and -2.0 as IEEE 754 singles, little-endian.
    const bytes = file(
      {
        __metadata__: { format: "pt" },
        "a/kernel": { dtype: "F32", shape: [2], data_offsets: [0, 8] },
        flags: { dtype: "BOOL", shape: [3], data_offsets: [8, 11] },
      },
      [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 1, 0, 1],
    );
    const { tensors, metadata } = readSafetensors(bytes);
    expect(metadata).toEqual({ format: "pt" });
    expect(tensors.get("a/kernel")).toEqual({ dtype: "F32", shape: [2], data: new Float32Array([1, -2]) });
    expect(tensors.get("flags")).toEqual({ dtype: "BOOL", shape: [3], data: new Uint8Array([1, 0, 1]) });
  });

  it("reads a view into a larger buffer, at any alignment", () => {
    const inner = file({ x: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, [0, 0, 0x80, 0x3f]);
    const outer = new Uint8Array(inner.length + 7);
    outer.set(inner, 3);
    const { tensors } = readSafetensors(outer.subarray(3, 3 + inner.length));
    expect([...tensors.get("x")!.data]).toEqual([1]);
  });

  it("converts half, brain and double floats", () => {
    // Half: 1, -2, the smallest subnormal, the largest number, infinity.
    const half = one("F16", [5], [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b, 0x00, 0x7c]);
    expect([...half.data]).toEqual([1, -2, 2 ** -24, 65504, Number.POSITIVE_INFINITY]);
    expect(half.dtype).toBe("F32");
    expect([...one("BF16", [2], [0x80, 0x3f, 0x40, 0xc0]).data]).toEqual([1, -3]);
    expect([...one("F64", [1], [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]).data]).toEqual([1.5]);
  });

  it("converts whole numbers to 32 bits and refuses what does not fit", () => {
    const minusTwo = one("I64", [1], [0xfe, 255, 255, 255, 255, 255, 255, 255]);
    expect(minusTwo).toEqual({ dtype: "I32", shape: [1], data: new Int32Array([-2]) });
    expect([...one("I8", [2], [0x80, 0x7f]).data]).toEqual([-128, 127]);
    expect([...one("U16", [1], [0xff, 0xff]).data]).toEqual([65535]);
    expect(() => one("I64", [1], [0, 0, 0, 0, 1, 0, 0, 0])).toThrow(/4294967296/);
    expect(() => one("U32", [1], [255, 255, 255, 255])).toThrow(/does not fit 32 bits/);
  });

  it("accepts scalars, empty tensors and padded headers", () => {
    const header = JSON.stringify({
      none: { dtype: "F32", shape: [0, 4], data_offsets: [0, 0] },
      scalar: { dtype: "I32", shape: [], data_offsets: [0, 4] },
    });
    const { tensors } = readSafetensors(file(`${header}     `, [7, 0, 0, 0]));
    expect([...tensors.get("scalar")!.data]).toEqual([7]);
    expect(tensors.get("none")!.data).toHaveLength(0);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /not a safetensors file[\s\S]*received: 0 bytes/],
    [
      "a picture",
      new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13]),
      /starts with bytes 89 50 4e 47/,
    ],
    ["prose", new TextEncoder().encode("Once upon a time"), /starts with "Once upon a "/],
    ["a header cut off", file({ x: 1 }).subarray(0, 12), /truncated in its header[\s\S]*at least 15/],
    ["a broken header", file('{"x": '), /header is not JSON/],
    ["a header that is not UTF-8", file({}, []).fill(0xff, 9), /header is not JSON/],
    [
      "too little data",
      file({ x: { dtype: "F32", shape: [2], data_offsets: [0, 8] } }, [1, 2, 3]),
      /truncated[\s\S]*3 bytes/,
    ],
    ["too much data", file({ x: { dtype: "U8", shape: [1], data_offsets: [0, 1] } }, [1, 2]), /after its last tensor/],
    [
      "an overlap",
      file(
        {
          x: { dtype: "U8", shape: [2], data_offsets: [0, 2] },
          y: { dtype: "U8", shape: [2], data_offsets: [1, 3] },
        },
        [1, 2, 3],
      ),
      /"y" overlaps/,
    ],
    ["a gap", file({ x: { dtype: "U8", shape: [1], data_offsets: [1, 2] } }, [1, 2]), /"x" leaves a gap/],
    [
      "a foreign type",
      file({ x: { dtype: "F8_E4M3", shape: [1], data_offsets: [0, 1] } }, [1]),
      /F8_E4M3[\s\S]*one of F32/,
    ],
    ["an odd shape", file({ x: { dtype: "U8", shape: [-1], data_offsets: [0, 1] } }, [1]), /no proper shape/],
    [
      "a shape too large",
      file({ x: { dtype: "U8", shape: [9e15, 9e15], data_offsets: [0, 1] } }, [1]),
      /does not fill/,
    ],
    ["offsets backwards", file({ x: { dtype: "U8", shape: [0], data_offsets: [1, 0] } }, [1]), /data_offsets/],
    ["no description", file({ x: 3 }), /"x" has no description/],
    ["numbers as metadata", file({ __metadata__: { version: 3 } }), /"version" is not a string/],
  ])("refuses %s", (_name, bytes, message) => {
    const error = errorOf(bytes);
    expect(error.message).toMatch(message);
    expect(error.code).toBe("format");
    expect(error.path).toBe("some.file");
    expect(error.fix).toBeTruthy();
  });

  it("answers any bytes with content or a RondoError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (noise, plausible) => {
        const bytes = plausible ? file(`{${String.fromCharCode(...noise)}`) : noise;
        try {
          readSafetensors(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RondoError);
        }
      }),
    );
  });
});

describe("writeSafetensors", () => {
  it("writes exactly the bytes the rules ask for", () => {
    const bytes = writeSafetensors({
      tensors: new Map<string, StoredTensor>([
        ["z", { dtype: "U8", shape: [1], data: new Uint8Array([9]) }],
        ["b", { dtype: "I32", shape: [1], data: new Int32Array([-1]) }],
        ["a", { dtype: "F32", shape: [1, 1], data: new Float32Array([1]) }],
      ]),
      metadata: { k: "v" },
    });
    const header =
      '{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},' +
      '"b":{"dtype":"I32","shape":[1],"data_offsets":[4,8]},"z":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(bytes).toEqual(file(padded, [0, 0, 0x80, 0x3f, 255, 255, 255, 255, 9]));
  });

  it("brings back what it wrote, whatever the names and values", () => {
    const tensor = fc.oneof(
      fc.float32Array().map((data) => ({ dtype: "F32" as const, shape: [data.length], data })),
      fc.int32Array().map((data) => ({ dtype: "I32" as const, shape: [1, data.length], data })),
      fc.uint8Array().map((data) => ({ dtype: "U8" as const, shape: [data.length, 1], data })),
    );
    const names = fc.string({ unit: "grapheme" }).filter((name) => name !== "__metadata__");
    const metadata = fc.dictionary(names, fc.string({ unit: "grapheme" }), { noNullPrototype: true });
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(names, tensor), { selector: ([n]) => n }), metadata, (list, fields) => {
        const tensors = new Map<string, StoredTensor>(list);
        const back = readSafetensors(writeSafetensors({ tensors, metadata: fields }));
        expect(new Map([...back.tensors].sort())).toEqual(new Map([...tensors].sort()));
        expect(back.metadata).toEqual(fields);
      }),
    );
  });

  it("refuses the reserved name and values that do not fill the shape", () => {
    const two = { dtype: "F32" as const, shape: [2], data: new Float32Array(2) };
    expect(() => writeSafetensors({ tensors: new Map([["__metadata__", two]]), metadata: {} })).toThrow(/reserves/);
    const odd = { ...two, shape: [3] };
    expect(() => writeSafetensors({ tensors: new Map([["x", odd]]), metadata: {} })).toThrow(/2 values, shape \[3\]/);
  });
});
