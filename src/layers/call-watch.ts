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

interface Watch {
  /** Shown every layer that is applied, with its main output. */
  readonly observe?: Watcher | undefined;
  /** Takes the penalties of regularized outputs. */
  readonly penalties?: Tensor[] | undefined;
}

let watching: Watch = {};

/** Runs `body`, and says what happens in layers that are applied in it. @internal */
export function watchCalls<R>(watch: Watch, body: () => R): R {
  const before = watching;
  watching = watch;
  try {
    return body();
  } finally {
    watching = before;
  }
}

/** @internal */
export function reportCall(layer: Layer, output: Tensor, inputs: readonly Tensor[]): void {
  watching.observe?.(layer, output, inputs);
}

/** Where penalties of outputs go, as an option of a call. @internal */
export function penaltiesWanted(): { readonly penalties?: Tensor[] } {
  return watching.penalties ? { penalties: watching.penalties } : {};
}
