import type { Kernels } from "./kernels.js";

/** What computes: C++ in Node, WebAssembly, or plain TypeScript. */
export type BackendName = "native" | "wasm" | "reference";

/**
 * What computes. A backend owns one arena of memory and the kernels of the contract that work inside it; nothing above
 * this folder names a particular one.
 */
export interface Backend {
  readonly name: BackendName;
  /** One line for people: SIMD level, threads. */
  readonly description: string;
  /** The arena. Growing it detaches old views of `memory.buffer`, never moves bytes. */
  readonly memory: WebAssembly.Memory;
  /** First byte the allocator may hand out; what lies below belongs to the backend. */
  readonly heapStart: number;
  readonly kernels: Kernels;
  /** Number of threads kernels use. Results do not depend on it. */
  readonly threads: number;
  setThreads(count: number): void;
}

/** Makes a backend, or throws an Error that says why it cannot be had here. */
export type BackendFactory = () => Backend;
