import { kernelTable } from "./kernels.js";

/**
 * A number that changes with the kernel table's names and parameters (FNV-1a). Compiled kernels carry the one they were
 * built from, so that stale binaries are refused instead of called with wrong arguments.
 */
export function tableSignature(): number {
  const text = Object.entries(kernelTable)
    .map(([name, { parameters }]) => `${name}(${parameters.join()})`)
    .join();
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** Throws an Error unless compiled kernels with this signature fit the kernel table. */
export function checkSignature(what: string, signature: unknown): void {
  if (signature === tableSignature()) return;
  throw new Error(`${what} was built from another version of the kernel table: run \`npm run build\``);
}
