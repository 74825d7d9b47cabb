import type { Tensor } from "../tensor/tensor.js";

/** Something's memory, ready to be written to a file: named tensors, and values that JSON can hold. */
export interface SavedState {
  readonly tensors: Record<string, Tensor>;
  readonly values: Record<string, unknown>;
}

/** Puts a part's state under `prefix` into a larger one. */
export function putState(into: SavedState, prefix: string, part: SavedState): void {
  for (const [name, tensor] of Object.entries(part.tensors)) into.tensors[`${prefix}/${name}`] = tensor;
  into.values[prefix] = part.values;
}

/** Takes a part's state out again; empty when there is none. */
export function takeState(from: SavedState, prefix: string): SavedState {
  const tensors: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(from.tensors)) {
    if (name.startsWith(`${prefix}/`)) tensors[name.slice(prefix.length + 1)] = tensor;
  }
  return { tensors, values: (from.values[prefix] ?? {}) as Record<string, unknown> };
}
