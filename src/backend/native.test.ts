import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { loadAddon } from "../../test/parity/backends.js";
import { opCode } from "./kernels.js";
import { createNativeBackend, type NativeAddon } from "./native.js";

const loaded = loadAddon();
if (typeof loaded === "string") console.log(`native backend not tested: ${loaded}`);
const addon = typeof loaded === "string" ? undefined : loaded;
const open = (options: { threads?: number; isa?: string } = {}) =>
  createNativeBackend({ addon: addon!, threads: options.threads ?? 1, isa: options.isa });

const BASE = 1024;

test("kernels compute in the arena", () => {
  if (!addon) return;
  const { kernels, memory } = open();
  const floats = new Float32Array(memory.buffer, BASE, 64);
  const ints = new Int32Array(memory.buffer, BASE + 256, 16);
  kernels.fill(BASE, 4, 2.5);
  floats.set([1, 2, 3, 4], 4);
  ints.set([1, 4, 1, 1]); // rank 1, four elements, strides 1 and 1
  kernels.binary(opCode("binary", "mul"), BASE, BASE + 16, BASE + 32, BASE + 256);
  expect([...floats.subarray(8, 12)]).toEqual([2.5, 5, 7.5, 10]);
  kernels.matMul(BASE, BASE + 16, BASE + 48, 1, 2, 2, 2, 0, 0, 0, 0, 0);
  expect([...floats.subarray(12, 16)]).toEqual([10, 15, 10, 15]);
  expect(kernels.findNonFinite(BASE, 16)).toBe(-1);
  floats[9] = NaN;
  expect(kernels.findNonFinite(BASE, 16)).toBe(9);
});

test("memory may grow under the kernels", () => {
  if (!addon) return;
  const { kernels, memory } = open();
  kernels.fillInt(BASE, 4, 7);
  const end = memory.buffer.byteLength;
  memory.grow(1);
  kernels.fillInt(end, 4, 9);
  expect([...new Int32Array(memory.buffer, BASE, 4)]).toEqual([7, 7, 7, 7]);
  expect([...new Int32Array(memory.buffer, end, 4)]).toEqual([9, 9, 9, 9]);
});

test("offsets beyond 2 GiB work", () => {
  if (!addon) return;
  const { kernels, memory } = open();
  const offset = 2 ** 31 + 65536;
  memory.grow((offset - memory.buffer.byteLength) / 65536 + 1); // untouched pages cost nothing
  kernels.fill(offset, 3, 1.5);
  expect([...new Float32Array(memory.buffer, offset, 4)]).toEqual([1.5, 1.5, 1.5, 0]);
});

test("two backends have arenas of their own", () => {
  if (!addon) return;
  const first = open();
  const second = open();
  first.kernels.fillInt(BASE, 1, 1);
  second.kernels.fillInt(BASE, 1, 2);
  expect(new Int32Array(first.memory.buffer)[BASE / 4]).toBe(1);
  expect(new Int32Array(second.memory.buffer)[BASE / 4]).toBe(2);
});

test("instruction sets and threads can be chosen", () => {
  if (!addon) return;
  const { available } = addon.open().info();
  for (const isa of available) expect(open({ isa }).description).toContain(`native ${isa}, 1 thread`);
  expect(() => open({ isa: "mmx" })).toThrow(`"mmx", only ${available.join(", ")}`);
  const backend = open({ threads: 3 });
  expect(backend.threads).toBe(3);
  backend.setThreads(1e6);
  expect(backend.threads).toBe(64);
  expect(backend.description).toContain("64 threads");
});

test("an addon built from another kernel table is refused", () => {
  if (!addon) return;
  const stale: NativeAddon = {
    open() {
      const instance = addon.open();
      return { ...instance, info: () => ({ ...instance.info(), signature: 1 }) };
    },
  };
  expect(() => createNativeBackend({ addon: stale, threads: 1 })).toThrow("another version of the kernel table");
});

/** Sums of 0..n-1 by rows in threads of a worker, many times; posts the number of wrong results. */
const workerCode = `
  import { parentPort, workerData } from "node:worker_threads";
  import { createRequire } from "node:module";
  const instance = createRequire(workerData.root)("./dist/native/rondo.node").open();
  const memory = new WebAssembly.Memory({ initial: 128 });
  instance.setArena(memory.buffer);
  instance.setThreads(3);
  const slots = new Float64Array(instance.arguments);
  const call = (name, ...values) => { slots.set(values); instance.kernels[name](); };
  const [rows, n] = [64, 4096];
  const x = new Float32Array(memory.buffer, 1024, rows * n).map((_, i) => i % n);
  new Float32Array(memory.buffer, 1024, rows * n).set(x);
  let wrong = 0;
  for (let round = 0; round < 200; round++) {
    const out = 1024 + 4 * rows * n;
    call("fill", out, rows, -1);
    call("reduce", 0, 1024, out, rows, n, 1);
    for (const sum of new Float32Array(memory.buffer, out, rows)) if (sum !== (n * (n - 1)) / 2) wrong++;
  }
  parentPort.postMessage(wrong);
`;

test("several Node threads share the thread pool", { timeout: 60_000 }, async () => {
  if (!addon) return;
  const root = new URL("../../package.json", import.meta.url).href;
  const source = new URL(`data:text/javascript,${encodeURIComponent(workerCode)}`);
  const workers = Array.from({ length: 3 }, () => new Worker(source, { workerData: { root } }));
  const wrong = await Promise.all(
    workers.map(
      (worker) =>
        new Promise<number>((resolve, reject) => {
          worker.once("message", resolve);
          worker.once("error", reject);
        }),
    ),
  );
  expect(wrong).toEqual([0, 0, 0]);
  await Promise.all(workers.map((worker) => worker.terminate()));
  // The environments that loaded the addon are gone; the pool still works for the one that remains.
  const { kernels, memory } = open({ threads: 3 });
  kernels.fill(BASE, 1_000_000, 2);
  kernels.sumSquares(BASE, 512, 1_000_000);
  expect(new Float32Array(memory.buffer, 512, 1)[0]).toBe(4_000_000);
});
