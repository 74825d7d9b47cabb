import type { Tensor } from "../tensor/tensor.js";
import type { Layer } from "./layer.js";

/** Masks of tensors that layers' `apply` returned. */
const masks = new WeakMap<Tensor, Tensor>();

/** The mask that came with a tensor, [batch, time] bool; null where every value counts. */
export function maskOf(tensor: Tensor): Tensor | null {
  return masks.get(tensor) ?? null;
}

/** Lets a mask travel with its tensor to the next layer's `apply`. @internal */
export function attachMask(tensor: Tensor, mask: Tensor | null): void {
  if (mask) masks.set(tensor, mask);
}

type Watcher = (layer: Layer, output: Tensor, inputs: readonly Tensor[]) => void;

let watching: Watcher | undefined;

/** Runs `body`; every layer that is applied in it is shown to the watcher with its main output. @internal */
export function watchCalls<R>(watcher: Watcher | undefined, body: () => R): R {
  const before = watching;
  watching = watcher;
  try {
    return body();
  } finally {
    watching = before;
  }
}

/** @internal */
export function reportCall(layer: Layer, output: Tensor, inputs: readonly Tensor[]): void {
  watching?.(layer, output, inputs);
}
