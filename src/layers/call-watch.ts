import type { Tensor } from "../tensor/tensor.js";
import type { Component } from "./component.js";
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
/** Takes what an activity regularizer makes of a layer's output. @internal */
export type PenaltySink = (layer: Component, penalty: Tensor) => void;

interface Watch {
  /** Shown every layer that is applied, with its main output. */
  readonly observe?: Watcher | undefined;
  readonly penalties?: PenaltySink | undefined;
}

/** Null outside of all calls. */
let watching: Watch | null = null;

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
  watching?.observe?.(layer, output, inputs);
}

/** Where penalties of outputs go, as an option of a call. @internal */
export function penaltiesWanted(): { readonly penalties?: PenaltySink } {
  return watching?.penalties ? { penalties: watching.penalties } : {};
}

/** Penalties of the latest calls that were made from outside, by layer. */
const latest = new WeakMap<Component, Tensor[]>();
let any = false;

/**
 * Runs a call of `parts` that somebody's program makes. As in Keras a call from outside forgets the penalties of earlier ones, and
 * remembers its own for `computeLoss`. @internal
 */
export function callFromOutside<R>(parts: () => readonly Component[], body: () => R): R {
  if (watching) return body();
  if (any) for (const layer of within(parts())) latest.delete(layer);
  const penalties: PenaltySink = (layer, penalty) => {
    any = true;
    const known = latest.get(layer);
    if (known) known.push(penalty);
    else latest.set(layer, [penalty]);
  };
  return watchCalls({ penalties }, body);
}

/** What is known of the latest calls; what has been freed since is of a step that is over. @internal */
export function latestPenalties(parts: readonly Component[]): Tensor[] {
  return [...within(parts)].flatMap((layer) => latest.get(layer) ?? []).filter(({ disposed }) => !disposed);
}

/** The components and all inside them, each once. */
function within(parts: readonly Component[], found = new Set<Component>()): Set<Component> {
  for (const part of parts) {
    if (found.has(part)) continue;
    found.add(part);
    within(part.children, found);
  }
  return found;
}
