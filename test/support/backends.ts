import type { BackendName } from "../../src/backend/backend.js";
import { getBackend, setBackend } from "../../src/index.js";

/** Backends that load here besides the reference; a build without a C++ compiler has no native one. */
export function otherBackends(): BackendName[] {
  const before = getBackend();
  const found = (["native", "wasm"] as const).filter((name) => {
    try {
      setBackend(name);
      return true;
    } catch (error) {
      console.log(`not tested: ${(error as Error).message}`);
      return false;
    }
  });
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
