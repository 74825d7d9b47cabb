import type { Backend } from "./backend.js";
import { type KernelName, type Kernels, kernelTable } from "./kernels.js";
import { createArenaMemory } from "./memory.js";
import { checkSignature } from "./signature.js";

/** What `open()` of the native addon (kernels/native/addon.cpp) gives. */
export interface NativeInstance {
  /** Each runs one kernel on the numbers in `arguments`. */
  readonly kernels: Readonly<Record<KernelName, () => unknown>>;
  /** Doubles that a kernel call reads its arguments from. */
  readonly arguments: ArrayBuffer;
  setArena(buffer: ArrayBuffer): void;
  setThreads(count: number): number;
  setIsa(name: string): boolean;
  info(): { isa: string; available: string[]; compiler: string; signature: number };
}

export interface NativeAddon {
  open(): NativeInstance;
}

export interface NativeOptions {
  readonly addon: NativeAddon;
  /** Threads to start with. */
  readonly threads: number;
  /** Instruction set to use instead of the best one, e.g. "avx2". */
  readonly isa?: string | undefined;
}

/** Kernels compiled for this machine's processor, on several threads. Throws when `isa` does not run here. */
export function createNativeBackend({ addon, threads, isa }: NativeOptions): Backend {
  const instance = addon.open();
  checkSignature("the native addon", instance.info().signature);
  if (isa !== undefined && !instance.setIsa(isa)) {
    throw new Error(
      `this machine or build has no instruction set "${isa}", only ${instance.info().available.join(", ")}`,
    );
  }
  const memory = createArenaMemory((buffer) => instance.setArena(buffer));
  const { isa: used, compiler } = instance.info();
  let count = instance.setThreads(threads);
  return {
    name: "native",
    get description() {
      return `native ${used}, ${count} ${count === 1 ? "thread" : "threads"} (${compiler})`;
    },
    memory,
    heapStart: 64,
    kernels: bind(instance),
    get threads() {
      return count;
    },
    setThreads(wanted) {
      count = instance.setThreads(wanted);
    },
  };
}

function bind(instance: NativeInstance): Kernels {
  const slots = new Float64Array(instance.arguments);
  const kernels: Record<string, unknown> = {};
  for (const [name, { parameters }] of Object.entries(kernelTable)) {
    kernels[name] = caller(parameters.length, slots, instance.kernels[name as KernelName]);
  }
  return kernels as unknown as Kernels;
}

/**
 * A function that writes its arguments where the addon reads them and runs the kernel. Spelled out by number of
 * arguments because a loop over rest arguments takes longer than the call itself (measured: 24-27 ns against 33-57); slots
 * beyond a kernel's own are never read.
 */
function caller(parameters: number, slots: Float64Array, run: () => unknown) {
  if (parameters <= 4) {
    return (a: number, b: number, c: number, d: number) => {
      slots[0] = a;
      slots[1] = b;
      slots[2] = c;
      slots[3] = d;
      return run();
    };
  }
  if (parameters <= 8) {
    return (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number) => {
      slots[0] = a;
      slots[1] = b;
      slots[2] = c;
      slots[3] = d;
      slots[4] = e;
      slots[5] = f;
      slots[6] = g;
      slots[7] = h;
      return run();
    };
  }
  if (parameters <= 12) {
    return (
      a: number,
      b: number,
      c: number,
      d: number,
      e: number,
      f: number,
      g: number,
      h: number,
      i: number,
      j: number,
      k: number,
      l: number,
    ) => {
      slots[0] = a;
      slots[1] = b;
      slots[2] = c;
      slots[3] = d;
      slots[4] = e;
      slots[5] = f;
      slots[6] = g;
      slots[7] = h;
      slots[8] = i;
      slots[9] = j;
      slots[10] = k;
      slots[11] = l;
      return run();
    };
  }
  if (parameters <= 22) {
    // Forward kernels of recurrent layers: a rest parameter would make an array for every step of a stream.
    return (
      v0: number,
      v1: number,
      v2: number,
      v3: number,
      v4: number,
      v5: number,
      v6: number,
      v7: number,
      v8: number,
      v9: number,
      v10: number,
      v11: number,
      v12: number,
      v13: number,
      v14: number,
      v15: number,
      v16: number,
      v17: number,
      v18: number,
      v19: number,
      v20: number,
      v21: number,
    ) => {
      slots[0] = v0;
      slots[1] = v1;
      slots[2] = v2;
      slots[3] = v3;
      slots[4] = v4;
      slots[5] = v5;
      slots[6] = v6;
      slots[7] = v7;
      slots[8] = v8;
      slots[9] = v9;
      slots[10] = v10;
      slots[11] = v11;
      slots[12] = v12;
      slots[13] = v13;
      slots[14] = v14;
      slots[15] = v15;
      slots[16] = v16;
      slots[17] = v17;
      slots[18] = v18;
      slots[19] = v19;
      slots[20] = v20;
      slots[21] = v21;
      return run();
    };
  }
  return (...values: number[]) => {
    for (let i = 0; i < parameters; i++) slots[i] = values[i]!;
    return run();
  };
}
