import type { Backend } from "./backend.js";
import type { Kernels } from "./kernels.js";
import { checkSignature } from "./signature.js";
import type { WasmMemory } from "./wasm-memory.js";
import { type PoolExports, WasmThreads } from "./wasm-threads.js";
import type { WorkerStarter } from "./wasm-worker.js";

export interface WasmOptions extends WasmMemory {
  /** Its memory import must be shared exactly if `memory` is, see withoutSharedMemory. */
  readonly module: WebAssembly.Module;
  /** Which of the two builds `module` is: plain SIMD, or relaxed SIMD with fused multiply-add. */
  readonly variant: WasmVariant;
  /** Threads to start with. */
  readonly threads: number;
  readonly startWorker: WorkerStarter;
}

export type WasmVariant = "simd" | "relaxed";

/** The kernels compiled to WebAssembly, on the calling thread and workers that share its memory. */
export function createWasmBackend({ module, variant, memory, problem, threads, startWorker }: WasmOptions): Backend {
  const workers = new WasmThreads({ module, memory, problem, start: startWorker });
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, rondo: workers.imports });
  checkSignature("the WebAssembly module", (exports["signature"] as (() => number) | undefined)?.());
  workers.attach(exports as unknown as PoolExports, (exports["__heap_base"] as WebAssembly.Global<"i32">).value);
  workers.setThreads(threads);
  return {
    name: "wasm",
    get description() {
      const { count } = workers;
      const reason = workers.problem === undefined || threads === 1 ? "" : `; ${workers.problem}`;
      const build = variant === "relaxed" ? "relaxed SIMD" : "SIMD";
      return `wasm ${build}, ${count} ${count === 1 ? "thread" : "threads"}${reason}`;
    },
    memory,
    heapStart: workers.end,
    kernels: exports as unknown as Kernels,
    get threads() {
      return workers.count;
    },
    setThreads: (count) => workers.setThreads(count),
  };
}
