import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { startNodeWorker } from "../platform/worker-node.js";
import { createWasmBackend } from "./wasm.js";
import { createWasmMemory, type WasmMemory, withoutSharedMemory } from "./wasm-memory.js";
import { type WorkerStarter, workerSource } from "./wasm-worker.js";

const bytes = readFileSync(new URL("../../dist/wasm/rondo.simd.wasm", import.meta.url));
const module = new WebAssembly.Module(bytes);

function open(startWorker: WorkerStarter, options: Partial<WasmMemory> & { module?: WebAssembly.Module } = {}) {
  return createWasmBackend({ ...createWasmMemory(), module, variant: "simd", threads: 2, startWorker, ...options });
}
type Opened = ReturnType<typeof open>;

/** Workers that took part in the last parallel computation. */
const helpers = ({ kernels }: Opened) => (kernels as unknown as { helpers(): number }).helpers();

/** An LSTM large enough for several threads, forward and backward; gives a hash of all its results. */
function lstm({ kernels, memory, heapStart }: Opened): () => string {
  const [batch, time, inputs, units] = [24, 12, 72, 80] as const;
  let top = Math.ceil(heapStart / 64) * 64;
  const take = (count: number) => {
    const at = top;
    top += Math.ceil((count * 4) / 64) * 64;
    return at;
  };
  const x = take(batch * time * inputs);
  const kernel = take(inputs * 4 * units);
  const recurrent = take(units * 4 * units);
  const bias = take(4 * units);
  const dy = take(batch * time * units);
  const end = top;
  const y = take(batch * time * units);
  const [hT, cT] = [take(batch * units), take(batch * units)];
  const dx = take(batch * time * inputs);
  const [dKernel, dRecurrent, dBias] = [take(inputs * 4 * units), take(units * 4 * units), take(4 * units)];
  const [dh0, dc0] = [take(batch * units), take(batch * units)];
  const results = [y, top] as const;
  const saved = take(kernels.lstmSavedSize(batch, time, inputs, units));
  const backward = kernels.lstmScratchSize(batch, time, inputs, units, 1, 0, 0);
  const scratch = take(Math.max(backward, kernels.lstmScratchSize(batch, time, inputs, units, 0, 0, 0)));
  const missing = top - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  const floats = new Float32Array(memory.buffer);
  for (let i = 0; i < (end - x) / 4; i++) floats[x / 4 + i] = Math.sin(i * 0.7) * 0.2;
  return () => {
    floats.fill(0, results[0] / 4, results[1] / 4);
    const sizes = [batch, time, inputs, units, 1, 0, 0] as const;
    kernels.lstmForward(x, 0, kernel, recurrent, bias, 0, 0, 0, 0, y, hT, cT, saved, 0, scratch, ...sizes);
    const gradients = [dx, dKernel, dRecurrent, dBias, dh0, dc0] as const;
    kernels.lstmBackward(x, 0, kernel, recurrent, 0, 0, 0, 0, saved, dy, 0, 0, ...gradients, scratch, ...sizes);
    expect(floats.subarray(y / 4, y / 4 + 9).every((value) => value !== 0)).toBe(true);
    return createHash("sha256")
      .update(new Uint8Array(memory.buffer, results[0], results[1] - results[0]))
      .digest("hex");
  };
}

/** Repeats until a worker takes part: they need a while to start, and come when the machine lets them. */
async function untilHelped<T>(backend: Opened, run: () => T): Promise<T> {
  for (;;) {
    const result = run();
    if (helpers(backend) > 0) return result;
    await setTimeout(5);
  }
}

test("one thread and several give the same bits", { timeout: 60_000 }, async () => {
  const backend = open(startNodeWorker);
  const run = lstm(backend);
  backend.setThreads(1);
  const alone = run();
  for (const threads of [2, 3]) {
    backend.setThreads(threads);
    expect(await untilHelped(backend, run)).toEqual(alone);
    expect([backend.threads, backend.description]).toEqual([threads, `wasm SIMD, ${threads} threads`]);
  }
  backend.setThreads(1);
  expect(run()).toEqual(alone);
});

test("workers start again after they were stopped", { timeout: 60_000 }, async () => {
  let running = 0;
  const backend = open((order, ended) => {
    running++;
    startNodeWorker(order, (failure) => {
      running--;
      ended(failure);
    });
  });
  const run = lstm(backend);
  for (let i = 0; i < 3; i++) {
    await untilHelped(backend, run);
    expect(running).toBe(1);
    backend.setThreads(1);
    while (running > 0) await setTimeout(5);
    backend.setThreads(2);
  }
  backend.setThreads(1);
});

test("a worker that crashes in a computation is an error, and the next one succeeds", { timeout: 60_000 }, async () => {
  // Next to no stack: the first kernel that needs some is out of bounds.
  const crashing = workerSource.replace(
    "exports.__stack_pointer.value = stack;",
    "exports.__stack_pointer.value = 64;",
  );
  expect(crashing).not.toBe(workerSource);
  const program = `${crashing}import("node:worker_threads").then(({ workerData }) => run(workerData));`;
  const backend = open((order, ended) => {
    const worker = new Worker(program, { eval: true, workerData: order });
    worker.on("error", (error) => ended(String(error)));
    worker.unref();
  });
  const run = lstm(backend);
  backend.setThreads(1);
  const alone = run();
  backend.setThreads(2);
  await expect(untilHelped(backend, run)).rejects.toThrow("a worker thread failed during a computation");
  expect(run()).toEqual(alone);
  expect(backend.threads).toBe(1);
  expect(backend.description).toContain("1 thread; workers cannot be used");
});

test("a worker that dies unseen is not waited for", { timeout: 60_000 }, async () => {
  const workers: Worker[] = [];
  const program = `${workerSource}import("node:worker_threads").then(({ workerData }) => run(workerData));`;
  const backend = open((order) => {
    workers.push(new Worker(program, { eval: true, workerData: order }));
  });
  const run = lstm(backend);
  const helped = await untilHelped(backend, run);
  await workers[0]!.terminate();
  expect(run()).toEqual(helped);
  expect(helpers(backend)).toBe(0);
});

test("where workers cannot be started, one thread does it all", () => {
  const backend = open(() => {
    throw new Error("forbidden here");
  });
  const run = lstm(backend);
  expect(run()).toEqual(run());
  expect(backend.threads).toBe(1);
  expect(backend.description).toBe("wasm SIMD, 1 thread; workers cannot be used: Error: forbidden here");
});

test("without shared memory there is one thread, with the same bits", () => {
  const none = () => {
    throw new Error("must not be called");
  };
  const shared = open(none);
  shared.setThreads(1);
  const plain = open(none, { ...createWasmMemory(false), module: new WebAssembly.Module(withoutSharedMemory(bytes)) });
  expect(plain.memory.buffer).toBeInstanceOf(ArrayBuffer);
  plain.setThreads(4);
  expect(plain.threads).toBe(1);
  expect(lstm(plain)()).toEqual(lstm(shared)());
  expect(() => withoutSharedMemory(new Uint8Array(100))).toThrow("imports no shared memory");
});

test("sleeping workers let the process end", () => {
  const wasmThreads = fileURLToPath(new URL("../../dist/entry/node.js", import.meta.url));
  const program = `
    const rondo = await import(${JSON.stringify(wasmThreads)});
    rondo.setBackend("wasm");
    rondo.setThreads(2);
    const a = rondo.ones([256, 256]);
    for (let i = 0; i < 20; i++) {
      rondo.matMul(a, a);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    console.log("end");
  `;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  expect([stdout.trim(), status]).toEqual(["end", 0]);
}, 60_000);
