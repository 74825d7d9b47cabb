import { add, mul, sub } from "../../tensor/ops/arithmetic.js";
import { cast, logicalNot, where } from "../../tensor/ops/comparison.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { expandDims } from "../../tensor/ops/movement.js";
import { sum } from "../../tensor/ops/reduce.js";
import { softmax } from "../../tensor/ops/softmax.js";
import { tanh } from "../../tensor/ops/unary.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { BatchShape } from "../component.js";
import {
  type Fields,
  flag,
  layerOptionNames,
  oneOf,
  rate,
  readFields,
  seed,
  type Values,
  writeFields,
} from "../fields.js";
import { initializers } from "../initializers.js";
import type { LayerOptions, RunContext } from "../layer.js";
import { AttentionBase, allOf, causalMask, FAR, ofKeys, ofQueries, type Roles } from "./attention-base.js";

/** Options of `layers.attention`. */
export interface AttentionOptions extends LayerOptions {
  /** A trainable number the scores are multiplied by. Default: false. */
  useScale?: boolean;
  /** "dot": query · key (Luong et al. 2015). "concat": the sum of tanh(query + key). Default: "dot". */
  scoreMode?: "dot" | "concat";
  /** Share of the scores that is dropped while training. Default: 0. */
  dropout?: number;
  /** Fixes the random numbers. Default: drawn from the global generator. */
  seed?: number | null;
}

const fields = {
  useScale: flag(false),
  scoreMode: oneOf(["dot", "concat"], "dot"),
  dropout: rate(0),
  seed: seed(),
} satisfies Fields<AttentionOptions, keyof LayerOptions>;

/** One set of scores: softmax(scores of query and key) · value. */
abstract class SingleAttention extends AttentionBase {
  protected abstract scores(query: Tensor, key: Tensor): Tensor;

  override callMany(inputs: readonly Tensor[], context: RunContext): Tensor | readonly Tensor[] {
    const shapes = inputs.map((x) => x.shape);
    const { query, value, key } = this.roles(shapes, inputs);
    const raw = this.scores(query, key);
    const [queryMask, valueMask] = context.masks;
    const causal = context.useCausalMask ? causalMask(query.shape[1]!, key.shape[1]!) : null;
    const seen = allOf([valueMask ? ofKeys(valueMask) : null, causal]);
    const masked = seen ? sub(raw, mul(cast(logicalNot(seen), "float32"), FAR)) : raw;
    const scores = this.drop(softmax(masked), context.training);
    const product = matMul(scores, value);
    const output = queryMask ? where(ofQueries(queryMask), product, 0) : product;
    return context.returnAttentionScores ? [output, scores] : output;
  }

  override computeOutputShapeMany(shapes: readonly BatchShape[]): BatchShape {
    const { query, value } = this.roles(shapes, shapes);
    return [query[0]!, query[1]!, value[2]!];
  }

  protected override scoreShape(shapes: readonly BatchShape[]): BatchShape {
    const { query, key } = this.roles(shapes, shapes);
    return [query[0]!, query[1]!, key[1]!];
  }
}

/** [batch, queries, 1, size] + [batch, 1, keys, size] through tanh. */
const meeting = (query: Tensor, key: Tensor): Tensor => add(expandDims(query, 2), expandDims(key, 1));

/**
 * Attention of Luong et al. (2015): apply([query, value, key?]) gives softmax(query · keyᵀ) · value,
 * [batch, queries, size of value]. Masked values are not looked at; masked queries give zeros. `apply` also takes
 * useCausalMask and returnAttentionScores.
 *
 * @example const context = layers.attention({ useScale: true }).apply([decoded, encoded]);
 */
export class Attention extends SingleAttention {
  readonly className = "Attention";
  readonly options: Values<typeof fields>;
  private scale: Variable | null = null;
  private concatWeight: Variable | null = null;

  constructor(options: AttentionOptions = {}) {
    const values = readFields("layers.attention", fields, options, layerOptionNames);
    super(options, values.dropout, values.seed);
    this.options = values;
  }

  override buildMany(shapes: readonly BatchShape[]): void {
    this.roles(shapes, shapes);
    if (this.options.useScale) this.scale = this.addWeight("scale", [], initializers.ones());
    if (this.options.scoreMode === "concat") {
      this.concatWeight = this.addWeight("concat_score_weight", [], initializers.ones());
    }
  }

  protected override scores(query: Tensor, key: Tensor): Tensor {
    if (!this.concatWeight) {
      const product = matMul(query, key, { transposeB: true });
      return this.scale ? mul(product, this.scale) : product;
    }
    const met = meeting(query, key);
    return mul(sum(tanh(this.scale ? mul(met, this.scale) : met), -1), this.concatWeight);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, fields, this.options) };
  }
}

/** Options of `layers.additiveAttention`. */
export interface AdditiveAttentionOptions extends LayerOptions {
  /** A trainable weight per feature. Default: true. */
  useScale?: boolean;
  /** Share of the scores that is dropped while training. Default: 0. */
  dropout?: number;
  /** Fixes the random numbers. Default: drawn from the global generator. */
  seed?: number | null;
}

const additiveFields = { useScale: flag(true), dropout: rate(0), seed: seed() } satisfies Fields<
  AdditiveAttentionOptions,
  keyof LayerOptions
>;

/**
 * Attention of Bahdanau et al. (2015): scores are sum(scale · tanh(query + key)). Otherwise as `layers.attention`; query
 * and key have one size.
 *
 * @example const context = layers.additiveAttention().apply([decoded, encoded]);
 */
export class AdditiveAttention extends SingleAttention {
  readonly className = "AdditiveAttention";
  readonly options: Values<typeof additiveFields>;
  private scale: Variable | null = null;

  constructor(options: AdditiveAttentionOptions = {}) {
    const values = readFields("layers.additiveAttention", additiveFields, options, layerOptionNames);
    super(options, values.dropout, values.seed);
    this.options = values;
  }

  override buildMany(shapes: readonly BatchShape[]): void {
    const { query }: Roles<BatchShape> = this.roles(shapes, shapes);
    if (this.options.useScale) {
      this.scale = this.addWeight("scale", [this.lastSize(query)], initializers.glorotUniform());
    }
  }

  protected override scores(query: Tensor, key: Tensor): Tensor {
    const met = tanh(meeting(query, key));
    return sum(this.scale ? mul(met, this.scale) : met, -1);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, additiveFields, this.options) };
  }
}
