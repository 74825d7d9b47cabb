import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Backend } from "../backend/backend.js";
import { checkedBackend } from "../backend/checked.js";
import { createNativeBackend, type NativeAddon } from "../backend/native.js";
import { createReferenceBackend } from "../backend/reference/index.js";
import { supportsRelaxedSimd } from "../backend/relaxed-simd.js";
import type { BackendCandidate } from "../backend/select.js";
import { createWasmBackend, type WasmVariant } from "../backend/wasm.js";
import { createWasmMemory, withoutSharedMemory } from "../backend/wasm-memory.js";
import { RondoError } from "../errors.js";
import { startNodeWorker } from "./worker-node.js";

/** More threads than this gain nothing on the sizes recurrent layers have. */
const MOST_THREADS = 16;

// Both src/platform and dist/platform lie two levels below the package root, so this works from either.
const built = (path: string) => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));

/**
 * Backends for Node, fastest first. Environment variables: RONDO_THREADS (number of threads), RONDO_ISA (avx512,
 * avx2, sse2, neon for the native backend; relaxed, simd for WebAssembly), RONDO_CHECK=1 (check every kernel call, slow).
 */
export function backendCandidates(): BackendCandidate[] {
  const candidates: BackendCandidate[] = [
    { name: "native", create: createNative },
    { name: "wasm", create: createWasm },
    { name: "reference", create: createReferenceBackend },
  ];
  if (process.env["RONDO_CHECK"] !== "1") return candidates;
  return candidates.map(({ name, create }) => ({ name, create: () => checkedBackend(create()) }));
}

/** The backend asked for by the RONDO_BACKEND environment variable, if any. */
export function requestedBackend(): string | undefined {
  return process.env["RONDO_BACKEND"] || undefined;
}

function createNative(): Backend {
  const addon = load(
    "the native addon",
    () => createRequire(import.meta.url)(built("native/rondo.node")) as NativeAddon,
  );
  const isa = requestedIsa();
  return createNativeBackend({ addon, threads: requestedThreads(), isa: isWasmVariant(isa) ? undefined : isa });
}

function createWasm(): Backend {
  const isa = requestedIsa();
  const variant = isWasmVariant(isa) ? isa : supportsRelaxedSimd() ? "relaxed" : "simd";
  const bytes = load("the WebAssembly kernels", () => readFileSync(built(`wasm/rondo.${variant}.wasm`)));
  const memory = createWasmMemory();
  const module = new WebAssembly.Module(memory.problem === undefined ? bytes : withoutSharedMemory(bytes));
  return createWasmBackend({ ...memory, module, variant, threads: requestedThreads(), startWorker: startNodeWorker });
}

function load<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === "ENOENT" || code === "MODULE_NOT_FOUND";
    const reason = missing ? "not built" : String(message).split("\n")[0];
    throw new Error(`${what} cannot be loaded: ${reason}`, { cause: error });
  }
}

function requestedIsa(): string | undefined {
  return process.env["RONDO_ISA"] || undefined;
}

function isWasmVariant(isa: string | undefined): isa is WasmVariant {
  return isa === "simd" || isa === "relaxed";
}

function requestedThreads(): number {
  const text = process.env["RONDO_THREADS"];
  if (!text) return Math.min(availableParallelism(), MOST_THREADS);
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new RondoError("option", "RONDO_THREADS is not a number of threads", {
    received: JSON.stringify(text),
    expected: "a whole number of at least 1",
    fix: "set it to a number, or leave it out to use the processor's cores",
  });
}
