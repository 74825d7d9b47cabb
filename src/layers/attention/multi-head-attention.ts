import { type Fields, optional, positive, type Values } from "../fields.js";
import type { LayerOptions } from "../layer.js";
import {
  type Heads,
  ProjectedAttention,
  type ProjectedAttentionOptions,
  projectedFields,
} from "./projected-attention.js";

/** Options of `layers.multiHeadAttention`. */
export interface MultiHeadAttentionOptions extends ProjectedAttentionOptions {
  /** How often attention is computed side by side, each time with projections of its own. */
  numHeads: number;
  /** Size of query and key in each head. */
  keyDim: number;
  /** Size of the value in each head. Default: keyDim. */
  valueDim?: number | null;
  /** Size of the output. Default: that of the query. */
  outputShape?: number | null;
}

const fields = {
  numHeads: positive(),
  keyDim: positive(),
  valueDim: optional(positive()),
  outputShape: optional(positive()),
  ...projectedFields,
} satisfies Fields<MultiHeadAttentionOptions, keyof LayerOptions>;

/**
 * Multi-head attention (Vaswani et al. 2017): apply([query, value, key?]) projects each, lets every head look at the
 * values by softmax(query · keyᵀ / √keyDim), and projects what the heads saw to [batch, queries, outputShape]. Nothing
 * masked is looked at; a query that may look at nothing sees zeros. `apply` also takes useCausalMask, attentionMask and
 * returnAttentionScores ([batch, heads, queries, keys]).
 *
 * @example const y = layers.multiHeadAttention({ numHeads: 4, keyDim: 16 }).apply([x, x], { useCausalMask: true });
 */
export class MultiHeadAttention extends ProjectedAttention<Values<typeof fields>> {
  readonly className = "MultiHeadAttention";

  constructor(options: MultiHeadAttentionOptions) {
    super("layers.multiHeadAttention", fields, options);
  }

  /** @internal */ override get heads(): Heads {
    const { numHeads, keyDim, valueDim, outputShape } = this.options;
    return { query: numHeads, keyValue: numHeads, size: keyDim, valueSize: valueDim ?? keyDim, output: outputShape };
  }
}
