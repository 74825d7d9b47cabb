import { add, mul } from "../../tensor/ops/arithmetic.js";
import { where } from "../../tensor/ops/comparison.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { expandDims, reshape, transpose } from "../../tensor/ops/movement.js";
import { softmax } from "../../tensor/ops/softmax.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { BatchShape } from "../component.js";
import type { ConstraintSpec } from "../constraints.js";
import {
  constraint,
  type Fields,
  flag,
  initializer,
  layerOptionNames,
  optional,
  positive,
  rate,
  readFields,
  regularizer,
  seed,
  type Values,
  writeFields,
} from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { LayerOptions, RunContext } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";
import { AttentionBase, allOf, causalMask, FAR, ofKeys, ofQueries } from "./attention-base.js";

export interface MultiHeadAttentionOptions extends LayerOptions {
  numHeads: number;
  /** Size of query and key in each head. */
  keyDim: number;
  /** Size of the value in each head. Default: keyDim. */
  valueDim?: number | null;
  /** Size of the output. Default: that of the query. */
  outputShape?: number | null;
  /** Default: true. */
  useBias?: boolean;
  /** Share of the scores that is dropped while training. Default: 0. */
  dropout?: number;
  /** Default: "glorotUniform". */
  kernelInitializer?: InitializerSpec;
  /** Default: "zeros". */
  biasInitializer?: InitializerSpec;
  kernelRegularizer?: RegularizerSpec;
  biasRegularizer?: RegularizerSpec;
  kernelConstraint?: ConstraintSpec;
  biasConstraint?: ConstraintSpec;
  /** Fixes the random numbers. Default: drawn from the global generator. */
  seed?: number | null;
}

const fields = {
  numHeads: positive(),
  keyDim: positive(),
  valueDim: optional(positive()),
  outputShape: optional(positive()),
  useBias: flag(true),
  dropout: rate(0),
  kernelInitializer: initializer("glorotUniform"),
  biasInitializer: initializer("zeros"),
  kernelRegularizer: regularizer(),
  biasRegularizer: regularizer(),
  kernelConstraint: constraint(),
  biasConstraint: constraint(),
  seed: seed(),
} satisfies Fields<MultiHeadAttentionOptions, keyof LayerOptions>;

/** A kernel and perhaps a bias, as matrices act with them. */
interface Projection {
  readonly kernel: Variable;
  readonly bias: Variable | null;
}

/**
 * Multi-head attention (Vaswani et al. 2017): apply([query, value, key?]) projects each, lets every head look at the
 * values by softmax(query · keyᵀ / √keyDim), and projects what the heads saw to [batch, queries, outputShape]. Nothing
 * masked is looked at; a query that may look at nothing sees zeros. `apply` also takes useCausalMask, attentionMask and returnAttentionScores
 * ([batch, heads, queries, keys]).
 *
 * @example const y = layers.multiHeadAttention({ numHeads: 4, keyDim: 16 }).apply([x, x], { useCausalMask: true });
 */
export class MultiHeadAttention extends AttentionBase {
  readonly className = "MultiHeadAttention";
  readonly options: Values<typeof fields>;
  private query!: Projection;
  private key!: Projection;
  private value!: Projection;
  private output!: Projection;

  constructor(options: MultiHeadAttentionOptions) {
    const values = readFields("layers.multiHeadAttention", fields, options, layerOptionNames);
    super(options, values.dropout, values.seed);
    this.options = values;
  }

  private get valueDim(): number {
    return this.options.valueDim ?? this.options.keyDim;
  }

  override buildMany(shapes: readonly BatchShape[]): void {
    const { query, key, value } = this.roles(shapes, shapes);
    const { numHeads, keyDim, outputShape, useBias, ...o } = this.options;
    const projection = (name: string, kernel: readonly number[], bias: readonly number[]): Projection => ({
      kernel: this.addWeight(`${name}/kernel`, kernel, o.kernelInitializer, {
        regularizer: o.kernelRegularizer,
        constraint: o.kernelConstraint,
      }),
      bias: useBias
        ? this.addWeight(`${name}/bias`, bias, o.biasInitializer, {
            regularizer: o.biasRegularizer,
            constraint: o.biasConstraint,
          })
        : null,
    });
    const heads = [numHeads, keyDim];
    const valueHeads = [numHeads, this.valueDim];
    const size = outputShape ?? this.lastSize(query);
    this.query = projection("query", [this.lastSize(query), ...heads], heads);
    this.key = projection("key", [this.lastSize(key), ...heads], heads);
    this.value = projection("value", [this.lastSize(value), ...valueHeads], valueHeads);
    this.output = projection("attention_output", [...valueHeads, size], [size]);
  }

  /** [batch, time, size] -> [batch, heads, time, size per head]. */
  private toHeads(x: Tensor, { kernel, bias }: Projection): Tensor {
    const [inputs, heads, size] = kernel.shape as [number, number, number];
    this.requireLastSize(x, inputs);
    const product = matMul(x, reshape(kernel, [inputs, heads * size]));
    const projected = bias ? add(product, reshape(bias, [heads * size])) : product;
    return transpose(reshape(projected, [x.shape[0]!, x.shape[1]!, heads, size]), [0, 2, 1, 3]);
  }

  /** [batch, heads, time, size per head] -> [batch, time, size]. */
  private fromHeads(x: Tensor, { kernel, bias }: Projection): Tensor {
    const [batch, heads, time, size] = x.shape as [number, number, number, number];
    const joined = reshape(transpose(x, [0, 2, 1, 3]), [batch, time, heads * size]);
    const product = matMul(joined, reshape(kernel, [heads * size, kernel.shape[2]!]));
    return bias ? add(product, bias) : product;
  }

  override callMany(inputs: readonly Tensor[], context: RunContext): Tensor | readonly Tensor[] {
    const { query, value, key } = this.roles(
      inputs.map((x) => x.shape),
      inputs,
    );
    const [queryMask, valueMask, keyMask] = context.masks;
    const seen = allOf([
      queryMask && ofQueries(queryMask),
      valueMask && ofKeys(valueMask),
      keyMask && ofKeys(keyMask),
      context.attentionMask,
      context.useCausalMask ? causalMask(query.shape[1]!, key.shape[1]!) : null,
    ]);
    const scaled = mul(this.toHeads(query, this.query), 1 / Math.sqrt(this.options.keyDim));
    const raw = matMul(scaled, this.toHeads(key, this.key), { transposeB: true });
    const perHead = seen && expandDims(seen, 1);
    // A query that may look at nothing looks at nothing, rather than at everything alike.
    const scores = perHead ? where(perHead, softmax(where(perHead, raw, -FAR)), 0) : softmax(raw);
    const looked = matMul(this.drop(scores, context.training), this.toHeads(value, this.value));
    const output = this.fromHeads(looked, this.output);
    return context.returnAttentionScores ? [output, scores] : output;
  }

  override computeOutputShapeMany(shapes: readonly BatchShape[]): BatchShape {
    const { query } = this.roles(shapes, shapes);
    return [query[0]!, query[1]!, this.options.outputShape ?? query[2]!];
  }

  protected override scoreShape(shapes: readonly BatchShape[]): BatchShape {
    const { query, key } = this.roles(shapes, shapes);
    return [query[0]!, this.options.numHeads, query[1]!, key[1]!];
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, fields, this.options) };
  }
}
