import { createReferenceBackend } from "../backend/reference/index.js";
import { supportsRelaxedSimd } from "../backend/relaxed-simd.js";
import type { BackendCandidate } from "../backend/select.js";
import { createWasmBackend } from "../backend/wasm.js";
import { createWasmMemory, withoutSharedMemory } from "../backend/wasm-memory.js";
import { startWebWorker } from "./worker-web.js";

const variant = supportsRelaxedSimd() ? "relaxed" : "simd";

// Each URL is spelled out so that bundlers see it and take the file along.
const address =
  variant === "relaxed"
    ? new URL("../../dist/wasm/rondo.relaxed.wasm", import.meta.url)
    : new URL("../../dist/wasm/rondo.simd.wasm", import.meta.url);

const memory = createWasmMemory();
/** Phones and laptops have cores of two speeds, and the page wants some for itself. */
const threads = Math.max(1, Math.min(navigator.hardwareConcurrency ?? 1, 8));

/** Fetched while the module loads, so that everything after it can be synchronous; a failure is told when asked for. */
const loaded: WebAssembly.Module | Error = await loadModule().catch((error: unknown) =>
  error instanceof Error ? error : new Error(String(error)),
);

async function loadModule(): Promise<WebAssembly.Module> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address.href} answered ${response.status} ${response.statusText}`);
  // Not compileStreaming: it refuses servers that do not send application/wasm.
  const bytes = await response.arrayBuffer();
  return await WebAssembly.compile(memory.problem === undefined ? bytes : withoutSharedMemory(new Uint8Array(bytes)));
}

/** Backends for browsers, fastest first. */
export function backendCandidates(): BackendCandidate[] {
  return [
    {
      name: "wasm",
      create: () => {
        if (loaded instanceof Error) throw new Error(`the WebAssembly kernels cannot be loaded: ${loaded.message}`);
        return createWasmBackend({ ...memory, module: loaded, variant, threads, startWorker: startWebWorker });
      },
    },
    { name: "reference", create: createReferenceBackend },
  ];
}
