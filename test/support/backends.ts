import type { BackendName } from "../../src/backend/backend.js";
import { getBackend, setBackend } from "../../src/index.js";

/** Backends to compare with the reference. A build without a C++ compiler has no native one; WebAssembly is always there. */
export function otherBackends(): BackendName[] {
  const before = getBackend();
  setBackend("wasm");
  const found: BackendName[] = ["wasm"];
  try {
    setBackend("native");
    found.push("native");
  } catch (error) {
    console.log(`not tested: ${(error as Error).message}`);
  }
  setBackend(before);
  return found;
}

/** Runs `body` on a backend, then goes back to the one before. */
export function onBackend<R>(name: BackendName, body: () => R): R {
  const before = getBackend();
  setBackend(name);
  try {
    return body();
  } finally {
    setBackend(before);
  }
}
