import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors.js";

// Written by make_safetensors.py with the reference implementation.
const bytes = new Uint8Array(readFileSync(new URL("reference.safetensors", import.meta.url)));

it("reads what the reference implementation wrote", () => {
  const { tensors, metadata } = readSafetensors(bytes);
  expect(metadata).toEqual({ "made by": "safetensors for Python", ümlaut: "日本" });
  const f32 = (...values: number[]) => new Float32Array(values);
  expect(Object.fromEntries(tensors)).toEqual({
    kernel: { dtype: "F32", shape: [2, 3], data: f32(1.5, -2.25, 3e38, -0, 1e-40, Number.POSITIVE_INFINITY) },
    half: { dtype: "F32", shape: [4], data: f32(1, -2, 65504, 2 ** -24) },
    double: { dtype: "F32", shape: [2], data: f32(0.1, Number.NEGATIVE_INFINITY) },
    ids: { dtype: "I32", shape: [2, 1], data: new Int32Array([-(2 ** 31), 2 ** 31 - 1]) },
    long: { dtype: "I32", shape: [2], data: new Int32Array([-5, 7]) },
    bytes: { dtype: "U8", shape: [6], data: new Uint8Array([250, 251, 252, 253, 254, 255]) },
    mask: { dtype: "BOOL", shape: [3], data: new Uint8Array([1, 0, 1]) },
    scalar: { dtype: "I32", shape: [], data: new Int32Array([42]) },
    empty: { dtype: "F32", shape: [0, 3], data: new Float32Array(0) },
  });
});

it("keeps what it read when it writes it again", () => {
  const content = readSafetensors(bytes);
  const again = readSafetensors(writeSafetensors(content));
  expect(new Map([...again.tensors].sort())).toEqual(new Map([...content.tensors].sort()));
  expect(again.metadata).toEqual(content.metadata);
});
