import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { opCode } from "./kernels.js";
import { supportsRelaxedSimd } from "./relaxed-simd.js";
import { createWasmBackend } from "./wasm.js";
import { createWasmMemory } from "./wasm-memory.js";

const read = (variant: string) => readFileSync(new URL(`../../dist/wasm/rondo.${variant}.wasm`, import.meta.url));
const startWorker = () => {
  throw new Error("no workers here");
};
const open = () =>
  createWasmBackend({
    ...createWasmMemory(),
    module: new WebAssembly.Module(read("simd")),
    variant: "simd",
    threads: 1,
    startWorker,
  });

test("kernels compute in the arena, above what belongs to the module", () => {
  const { kernels, memory, heapStart, threads, description } = open();
  expect([threads, description]).toEqual([1, "wasm SIMD, 1 thread"]);
  expect(heapStart).toBeGreaterThan(0);
  const base = Math.ceil(heapStart / 64) * 64;
  const floats = new Float32Array(memory.buffer, base, 64);
  kernels.fill(base, 4, 2.5);
  floats.set([1, 2, 3, 4], 4);
  new Int32Array(memory.buffer, base + 256).set([1, 4, 1, 1]); // rank 1, four elements, strides 1 and 1
  kernels.binary(opCode("binary", "add"), base, base + 16, base + 32, base + 256);
  expect([...floats.subarray(8, 12)]).toEqual([3.5, 4.5, 5.5, 6.5]);
  kernels.matMul(base, base + 16, base + 48, 1, 2, 2, 2, 0, 0, 0, 0, 0);
  expect([...floats.subarray(12, 16)]).toEqual([10, 15, 10, 15]);
  expect(kernels.findNonFinite(base, 16)).toBe(-1);
});

test("memory may grow under the kernels", () => {
  const { kernels, memory } = open();
  const end = memory.buffer.byteLength;
  memory.grow(1);
  kernels.fillInt(end, 4, 9);
  expect([...new Int32Array(memory.buffer, end, 5)]).toEqual([9, 9, 9, 9, 0]);
});

test("offsets beyond 2 GiB work", () => {
  const { kernels, memory } = open();
  const offset = 2 ** 31 + 65536;
  memory.grow((offset - memory.buffer.byteLength) / 65536 + 1); // untouched pages cost nothing
  kernels.fill(offset, 3, 1.5);
  expect([...new Float32Array(memory.buffer, offset, 4)]).toEqual([1.5, 1.5, 1.5, 0]);
});

test("relaxed SIMD is recognised exactly where its build loads", () => {
  expect(supportsRelaxedSimd()).toBe(WebAssembly.validate(read("relaxed")));
});

test("a module built from another kernel table is refused", () => {
  // The least module with a signature(), which returns 1.
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
  const section = (id: number, content: number[]) => [id, content.length, ...content];
  const bytes = [
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 0, 1, 0x7f]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("signature"), 0x00, 0x00]),
    ...section(10, [1, 4, 0, 0x41, 0x01, 0x0b]),
  ];
  const module = new WebAssembly.Module(new Uint8Array(bytes));
  expect(() => createWasmBackend({ ...createWasmMemory(), module, variant: "simd", threads: 1, startWorker })).toThrow(
    "another version of the kernel table",
  );
});
