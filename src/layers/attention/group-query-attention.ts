import { type Fields, positive, type Values } from "../fields.js";
import type { LayerOptions } from "../layer.js";
import {
  checkGroups,
  type Heads,
  ProjectedAttention,
  type ProjectedAttentionOptions,
  projectedFields,
} from "./projected-attention.js";

/** Options of `layers.groupQueryAttention`. */
export interface GroupQueryAttentionOptions extends ProjectedAttentionOptions {
  /** Size of query, key and value in each head. */
  headDim: number;
  /** Heads of the query. */
  numQueryHeads: number;
  /** A divisor of numQueryHeads; 1 is multi-query attention. */
  numKeyValueHeads: number;
}

const fields = {
  headDim: positive(),
  numQueryHeads: positive(),
  numKeyValueHeads: positive(),
  ...projectedFields,
} satisfies Fields<GroupQueryAttentionOptions, keyof LayerOptions>;

/**
 * Multi-head attention whose heads share keys and values in groups (Ainslie et al. 2023, arXiv 2305.13245): query head h
 * looks at key and value head ⌊h · numKeyValueHeads / numQueryHeads⌋. Smaller weights, and a smaller cache while
 * generating. Inputs, masks and further arguments of `apply` are those of `layers.multiHeadAttention`. Throws RondoError
 * "value" when the heads cannot be shared out evenly.
 *
 * @example layers.groupQueryAttention({ headDim: 16, numQueryHeads: 8, numKeyValueHeads: 2 }).apply([x, x])
 */
export class GroupQueryAttention extends ProjectedAttention<Values<typeof fields>> {
  readonly className = "GroupQueryAttention";

  constructor(options: GroupQueryAttentionOptions) {
    super("layers.groupQueryAttention", fields, options);
    checkGroups("layers.groupQueryAttention", this.options.numQueryHeads, this.options.numKeyValueHeads);
  }

  /** @internal */ override get heads(): Heads {
    const { headDim, numQueryHeads, numKeyValueHeads } = this.options;
    return { query: numQueryHeads, keyValue: numKeyValueHeads, size: headDim, valueSize: headDim, output: null };
  }
}
