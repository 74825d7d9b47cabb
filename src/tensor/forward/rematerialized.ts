import type { Tensor } from "../tensor.js";
import type { Forward } from "./table.js";

export interface RematerializedAttributes {
  readonly results: readonly Tensor[];
  /**
   * Computes the results again, and from their gradients those of the inputs that need one. `arrived` holds gradients that
   * inputs have from elsewhere; they are added to, in place, and what is returned includes them.
   */
  readonly differentiate: (
    dy: readonly (Tensor | null)[],
    needs: readonly boolean[],
    arrived: ReadonlyMap<Tensor, Tensor>,
  ) => readonly (Tensor | null)[];
}

/** Values computed elsewhere, of which nothing was kept; inputs are whatever they were computed from. */
export const rematerialized: Forward<RematerializedAttributes> = (_inputs, { results }) => ({
  outputs: results.map((value) => value.alias(value.shape)),
});
