import type { Backend } from "./backend.js";
import type { Kernels } from "./kernels.js";
import { checkSignature } from "./signature.js";

export interface WasmOptions {
  readonly module: WebAssembly.Module;
  /** Which of the two builds `module` is: plain SIMD, or relaxed SIMD with fused multiply-add. */
  readonly variant: WasmVariant;
}

export type WasmVariant = "simd" | "relaxed";

/** The kernels compiled to WebAssembly, on the calling thread. */
export function createWasmBackend({ module, variant }: WasmOptions): Backend {
  const { exports } = new WebAssembly.Instance(module);
  checkSignature("the WebAssembly module", (exports["signature"] as (() => number) | undefined)?.());
  return {
    name: "wasm",
    description: `wasm ${variant === "relaxed" ? "relaxed SIMD" : "SIMD"}, 1 thread`,
    memory: exports["memory"] as WebAssembly.Memory,
    heapStart: (exports["__heap_base"] as WebAssembly.Global).value as number,
    kernels: exports as unknown as Kernels,
    threads: 1,
    setThreads() {
      // One thread is all there is; results do not depend on the number.
    },
  };
}
