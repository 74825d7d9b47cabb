/** 64 KiB pages: 16 MiB to begin with, 4 GiB at most, which is reserved but costs nothing until it is touched. */
const INITIAL_PAGES = 256;
/** Some phones refuse to reserve 4 GiB that could be shared. */
const MAXIMUM_PAGES = [65536, 16384];

/** The module imports its memory as "env" "memory": kind memory, then limits, whose third value is "shared, bounded". */
const SHARED_IMPORT = [3, ...codes("env"), 6, ...codes("memory"), 0x02, 0x03];
const BOUNDED = 0x01;

export interface WasmMemory {
  readonly memory: WebAssembly.Memory;
  /** Why the memory cannot be shared among threads; undefined if it can. */
  readonly problem?: string;
}

/** Memory for the kernels, shared where that is allowed. `threads` false asks for memory that is not shared. */
export function createWasmMemory(threads = true): WasmMemory {
  const initial = INITIAL_PAGES;
  if (!threads) return { memory: unshared(), problem: "not asked for" };
  if (typeof SharedArrayBuffer === "undefined") {
    return { memory: unshared(), problem: "no shared memory: the page is not cross-origin isolated" };
  }
  let reason = "";
  for (const maximum of MAXIMUM_PAGES) {
    try {
      return { memory: new WebAssembly.Memory({ initial, maximum, shared: true }) };
    } catch (error) {
      reason = String(error);
    }
  }
  return { memory: unshared(), problem: `no shared memory: ${reason}` };
}

function unshared(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAXIMUM_PAGES[0]! });
}

/** A module's bytes with its memory import no longer marked as shared: then any memory will do. */
export function withoutSharedMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  const last = SHARED_IMPORT.length - 1;
  for (let i = 0; i + last < copy.length; i++) {
    if (SHARED_IMPORT.every((code, j) => copy[i + j] === code)) {
      copy[i + last] = BOUNDED;
      return copy;
    }
  }
  throw new Error("the WebAssembly module imports no shared memory");
}

function codes(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}
