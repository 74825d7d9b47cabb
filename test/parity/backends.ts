import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import type { Backend } from "../../src/backend/backend.js";
import { createNativeBackend, type NativeAddon } from "../../src/backend/native.js";
import { supportsRelaxedSimd } from "../../src/backend/relaxed-simd.js";
import { createWasmBackend, type WasmVariant } from "../../src/backend/wasm.js";
import { createWasmMemory } from "../../src/backend/wasm-memory.js";
import { startNodeWorker } from "../../src/platform/worker-node.js";

const built = (path: string) => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));

/** The addon, or why there is none. A build without a C++ compiler has none, which is legitimate. */
export function loadAddon(): NativeAddon | string {
  const path = built("native/rondo.node");
  if (!existsSync(path)) return "the native addon is not built (no C++ compiler when the project was built)";
  return createRequire(import.meta.url)(path) as NativeAddon;
}

export interface Subject {
  name: string;
  backend: Backend;
}

const wasm = (variant: WasmVariant): Subject => ({
  name: `wasm ${variant}`,
  backend: createWasmBackend({
    ...createWasmMemory(),
    module: new WebAssembly.Module(readFileSync(built(`wasm/rondo.${variant}.wasm`))),
    variant,
    threads: 1,
    startWorker: startNodeWorker,
  }),
});

// Node 20 and 21 have it behind this flag; engines without the flag have it always, or not at all.
if (!supportsRelaxedSimd()) setFlagsFromString("--experimental-wasm-relaxed-simd");

/** Every backend of this machine that is compared with the reference, and why others are missing. */
export function loadSubjects(): { subjects: Subject[]; missing: string[] } {
  const subjects = [wasm("simd")];
  const missing: string[] = [];
  if (supportsRelaxedSimd()) subjects.push(wasm("relaxed"));
  else missing.push("wasm relaxed: this JavaScript engine has no relaxed SIMD");
  const addon = loadAddon();
  if (typeof addon === "string") missing.push(`native: ${addon}`);
  else {
    for (const isa of addon.open().info().available) {
      subjects.push({ name: `native ${isa}`, backend: createNativeBackend({ addon, threads: 1, isa }) });
    }
  }
  return { subjects, missing };
}
