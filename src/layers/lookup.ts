import type { Tensor } from "../tensor/tensor.js";
import type { Layer } from "./layer.js";

/**
 * What an embedding puts out, before it is written out: rows of a table. A recurrent layer's product with the chosen rows
 * is the chosen rows of the product, so with fewer rows than steps it multiplies the table instead of the sequence. That
 * spares the layer the product with its inputs in both directions: half of the work where inputs and units are equal.
 */
export interface Lookup {
  /** [rows, features] */
  readonly table: Tensor;
  /** [batch, time], int32, in range. */
  readonly indices: Tensor;
}

/** The rows that `layer` would put out, if the layer after it can take them so and they are worth it; else null. */
export function lookupBetween(layer: Layer, next: Layer | undefined, input: Tensor, training: boolean): Lookup | null {
  if (!layer.lookUp || !next?.takesLookup?.(training)) return null;
  return layer.lookUp(input);
}
