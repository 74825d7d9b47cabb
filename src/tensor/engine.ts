import { Arena } from "../backend/arena.js";
import type { Backend, BackendName } from "../backend/backend.js";
import { type KernelName, type Kernels, kernelTable } from "../backend/kernels.js";
import { RondoError } from "../errors.js";

/** Where backends come from; an entry point (Node, web) provides it. */
export interface BackendSource {
  /** The fastest backend that loads, or the named one; throws RondoError "backend" when it cannot be had. */
  open(name?: BackendName): Backend;
}

/** 32-bit words in `Engine.dims`. */
export const DIMS_WORDS = 64;

/** A backend with its allocator; tensors belong to one. */
export class Engine {
  readonly arena: Arena;
  readonly kernels: Kernels;
  /** Offset of a small block for the sizes and strides of the kernel being called (tensor/dims.ts). */
  readonly dims: number;
  private words = new Int32Array(0);

  constructor(readonly backend: Backend) {
    this.arena = new Arena(backend);
    // A table of its own, so that a profile can put itself in front of the kernels and cost nothing when it is gone.
    this.kernels = own(backend.kernels);
    this.dims = this.arena.allocate(DIMS_WORDS * 4);
  }

  /** The block at `dims`. */
  dimsWords(): Int32Array {
    const { buffer } = this.backend.memory;
    if (this.words.buffer !== buffer) this.words = new Int32Array(buffer, this.dims, DIMS_WORDS);
    return this.words;
  }
}

function own(kernels: Kernels): Kernels {
  const names = Object.keys(kernelTable) as KernelName[];
  return Object.fromEntries(names.map((name) => [name, kernels[name]])) as unknown as Kernels;
}

/** A kernel without its types. */
export type AnyKernel = (...values: number[]) => number | void;
/** Makes what is called in place of a kernel. */
export type KernelInterceptor = (name: KernelName, kernel: AnyKernel, engine: Engine) => AnyKernel;

let interceptor: KernelInterceptor | null = null;

function intercept(engine: Engine): void {
  const { backend, kernels } = engine;
  for (const name of Object.keys(kernelTable) as KernelName[]) {
    const kernel = backend.kernels[name] as AnyKernel;
    (kernels as Record<KernelName, AnyKernel>)[name] = interceptor ? interceptor(name, kernel, engine) : kernel;
  }
}

/** Puts functions in place of the kernels of all engines, also of those opened later; null brings them back. @internal */
export function interceptKernels(next: KernelInterceptor | null): void {
  interceptor = next;
  for (const each of opened.values()) intercept(each);
}

let source: BackendSource | undefined;
let current: Engine | undefined;
const opened = new Map<BackendName, Engine>();

/** Called once by an entry point; nothing is loaded until the first tensor is made. */
export function provideBackends(backends: BackendSource): void {
  source = backends;
}

function open(name?: BackendName): Engine {
  const known = name && opened.get(name);
  if (known) return known;
  if (!source) {
    throw new RondoError("backend", "no backend has been provided", {
      fix: 'import "rondo" (Node) or "rondo/web" (browser) rather than single files',
    });
  }
  const backend = source.open(name);
  const same = opened.get(backend.name);
  if (same) return same;
  const engine = new Engine(backend);
  opened.set(backend.name, engine);
  if (interceptor) intercept(engine);
  return engine;
}

/** The engine new tensors are made on; loads the default backend on first use. */
export function engine(): Engine {
  current ??= open();
  return current;
}

/**
 * Chooses the backend for tensors made from now on. Existing tensors stay where they are and cannot be mixed with new
 * ones. Throws RondoError "backend" with the reason when it cannot be loaded.
 *
 * @example setBackend("wasm");
 */
export function setBackend(name: BackendName): void {
  current = open(name);
}

/** Name of the backend in use. @example getBackend() // "native", "wasm" or "reference" */
export function getBackend(): BackendName {
  return engine().backend.name;
}

/**
 * Number of threads kernels use; results do not depend on it. WebAssembly has several where memory can be shared: in Node,
 * and in pages that are cross-origin isolated. Elsewhere it stays at one.
 *
 * @example setThreads(2);
 */
export function setThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new RondoError("value", "setThreads needs a whole number of at least 1", { received: String(count) });
  }
  engine().backend.setThreads(count);
}
