import { RondoError } from "../../errors.js";
import { add, mul } from "../../tensor/ops/arithmetic.js";
import { dotProductAttention } from "../../tensor/ops/attention.js";
import { where } from "../../tensor/ops/comparison.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { broadcastTo, expandDims, reshape, transpose } from "../../tensor/ops/movement.js";
import { softmax } from "../../tensor/ops/softmax.js";
import { sigmoid } from "../../tensor/ops/unary.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { BatchShape } from "../component.js";
import type { ConstraintSpec } from "../constraints.js";
import {
  type AnyField,
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
import { alibiBias, alibiSlopes } from "./alibi.js";
import { AttentionBase, allOf, causalMask, FAR, ofKeys, ofQueries, windowMask } from "./attention-base.js";
import { Rotation } from "./rotation.js";

/** Options of multi-head and group-query attention alike. */
export interface ProjectedAttentionOptions extends LayerOptions {
  /** Default: true. */
  useBias?: boolean;
  /** Share of the scores that is dropped while training. Default: 0. */
  dropout?: number;
  /** Default: "glorotUniform". */
  kernelInitializer?: InitializerSpec;
  /** Default: "zeros". */
  biasInitializer?: InitializerSpec;
  /** Penalty on the kernel. Default: none. */
  kernelRegularizer?: RegularizerSpec;
  /** Penalty on the bias. Default: none. */
  biasRegularizer?: RegularizerSpec;
  /** What the kernel is moved to after every update. Default: none. */
  kernelConstraint?: ConstraintSpec;
  /** What the bias is moved to after every update. Default: none. */
  biasConstraint?: ConstraintSpec;
  /** Fixes the random numbers. Default: drawn from the global generator. */
  seed?: number | null;
  /** False computes with ordinary operations, which have derivatives of any order. Default: null, fused where it can be. */
  flashAttention?: boolean | null;
  /**
   * A query looks only at keys that are fewer steps away than this; with useCausalMask at the last ones so many. Default:
   * no limit.
   */
  slidingWindow?: number | null;
  /**
   * What the heads saw is multiplied by the sigmoid of a further projection of the query (Qiu et al. 2025,
   * arXiv 2505.06708). Default: false.
   */
  useGate?: boolean;
  /** Turns queries and keys by their positions with this wavelength (rotary positions), such as 10000. Default: none. */
  ropeMaxWavelength?: number | null;
  /** Lowers scores by distance (ALiBi, Press et al. 2022), the first heads most. Default: false. */
  alibi?: boolean;
}

export const projectedFields = {
  useBias: flag(true),
  dropout: rate(0),
  kernelInitializer: initializer("glorotUniform"),
  biasInitializer: initializer("zeros"),
  kernelRegularizer: regularizer(),
  biasRegularizer: regularizer(),
  kernelConstraint: constraint(),
  biasConstraint: constraint(),
  seed: seed(),
  flashAttention: optional(flag(true)),
  slidingWindow: optional(positive()),
  useGate: flag(false),
  ropeMaxWavelength: optional(positive()),
  alibi: flag(false),
} satisfies Fields<ProjectedAttentionOptions, keyof LayerOptions>;

/** A kernel and perhaps a bias, as matrices act with them. */
export interface Projection {
  readonly kernel: Variable;
  readonly bias: Variable | null;
}

/** How many heads there are, and how large they are. */
export interface Heads {
  /** Heads of the query. */
  readonly query: number;
  /** Heads of key and value, a divisor of `query`: each serves as many heads of the query, one after the other. */
  readonly keyValue: number;
  /** Size of query and key in a head. */
  readonly size: number;
  /** Size of the value in a head. */
  readonly valueSize: number;
  /** Size of the output; null for that of the query. */
  readonly output: number | null;
}

/** Attention of several heads with projections of query, key, value and output. */
export abstract class ProjectedAttention<V extends Values<typeof projectedFields>> extends AttentionBase {
  readonly options: V;
  private readonly fields: Readonly<Record<string, AnyField>>;
  /** @internal */ query!: Projection;
  /** @internal */ key!: Projection;
  /** @internal */ gate: Projection | null = null;
  /** @internal */ value!: Projection;
  /** @internal */ output!: Projection;
  /** @internal */ readonly rotation: Rotation | null;

  constructor(where: string, fields: { readonly [K in keyof V]: AnyField }, options: LayerOptions) {
    const table = fields as Readonly<Record<string, AnyField>>;
    const values = readFields(where, table, options, layerOptionNames) as unknown as V;
    super(options, values.dropout, values.seed);
    this.fields = table;
    this.options = values;
    this.rotation = values.ropeMaxWavelength === null ? null : new Rotation(values.ropeMaxWavelength);
  }

  /** @internal */ abstract get heads(): Heads;

  override buildMany(shapes: readonly BatchShape[]): void {
    const { query, key, value } = this.roles(shapes, shapes);
    const { heads, options: o } = this;
    const projection = (name: string, kernel: readonly number[], bias: readonly number[]): Projection => ({
      kernel: this.addWeight(`${name}/kernel`, kernel, o.kernelInitializer, {
        regularizer: o.kernelRegularizer,
        constraint: o.kernelConstraint,
      }),
      bias: o.useBias
        ? this.addWeight(`${name}/bias`, bias, o.biasInitializer, {
            regularizer: o.biasRegularizer,
            constraint: o.biasConstraint,
          })
        : null,
    });
    const toHeads = (name: string, inputs: BatchShape, count: number, size: number) =>
      projection(name, [this.lastSize(inputs), count, size], [count, size]);
    const size = heads.output ?? this.lastSize(query);
    this.query = toHeads("query", query, heads.query, heads.size);
    this.key = toHeads("key", key, heads.keyValue, heads.size);
    if (o.useGate) this.gate = toHeads("gate", query, heads.query, heads.valueSize);
    this.value = toHeads("value", value, heads.keyValue, heads.valueSize);
    this.output = projection("attention_output", [heads.query, heads.valueSize, size], [size]);
  }

  /** [batch, time, inputs] -> [batch, time, heads, size per head]. @internal */
  toHeads(x: Tensor, { kernel, bias }: Projection): Tensor {
    const [inputs, heads, size] = kernel.shape as [number, number, number];
    this.requireLastSize(x, inputs);
    const product = matMul(x, reshape(kernel, [inputs, heads * size]));
    const projected = bias ? add(product, reshape(bias, [heads * size])) : product;
    return reshape(projected, [x.shape[0]!, x.shape[1]!, heads, size]);
  }

  /** [batch, time, heads, size per head] -> [batch, time, size]. */
  private fromHeads(x: Tensor, { kernel, bias }: Projection): Tensor {
    const [batch, time, heads, size] = x.shape as [number, number, number, number];
    const joined = reshape(x, [batch, time, heads * size]);
    const product = matMul(joined, reshape(kernel, [heads * size, kernel.shape[2]!]));
    return bias ? add(product, bias) : product;
  }

  override callMany(inputs: readonly Tensor[], context: RunContext): Tensor | readonly Tensor[] {
    const { query, value, key } = this.roles(
      inputs.map((x) => x.shape),
      inputs,
    );
    const turned = (x: Tensor) => this.rotation?.apply(x, this.describe()) ?? x;
    const q = turned(this.toHeads(query, this.query));
    const k = turned(this.toHeads(key, this.key));
    const v = this.toHeads(value, this.value);
    const { gate } = this;
    const put = (heads: Tensor) =>
      this.fromHeads(gate ? mul(heads, sigmoid(this.toHeads(query, gate))) : heads, this.output);
    if (this.canFuse(context)) return put(this.fused(q, k, v, context));
    const { output, scores } = this.plainly(q, k, v, context);
    const result = put(output);
    return context.returnAttentionScores ? [result, scores] : result;
  }

  /** Whether the kernel that makes no scores does all that is asked for. */
  private canFuse({ training, attentionMask, returnAttentionScores }: RunContext): boolean {
    const { flashAttention, dropout, slidingWindow } = this.options;
    const plain = (training && dropout > 0) || attentionMask || returnAttentionScores || slidingWindow !== null;
    return flashAttention !== false && !plain;
  }

  private fused(q: Tensor, k: Tensor, v: Tensor, { masks, useCausalMask = false }: RunContext): Tensor {
    const [queryMask, valueMask, keyMask] = masks;
    return dotProductAttention(q, k, v, {
      queryMask,
      keyMask: allOf([valueMask, keyMask]),
      isCausal: useCausalMask,
      slopes: this.options.alibi ? tensor(alibiSlopes(this.heads.query)) : null,
    });
  }

  /** By ordinary operations, which make the scores of all heads. */
  private plainly(q: Tensor, k: Tensor, v: Tensor, context: RunContext): { output: Tensor; scores: Tensor } {
    const [queryMask, valueMask, keyMask] = context.masks;
    const { slidingWindow } = this.options;
    const seen = allOf([
      queryMask && ofQueries(queryMask),
      valueMask && ofKeys(valueMask),
      keyMask && ofKeys(keyMask),
      context.attentionMask,
      context.useCausalMask ? causalMask(q.shape[1]!, k.shape[1]!) : null,
      slidingWindow === null ? null : windowMask(q.shape[1]!, k.shape[1]!, slidingWindow),
    ]);
    const scaled = timeInside(mul(q, 1 / Math.sqrt(this.heads.size)));
    const products = matMul(scaled, timeInside(this.spread(k)), { transposeB: true });
    const raw = this.options.alibi ? add(products, alibiBias(this.heads.query, q.shape[1]!, k.shape[1]!)) : products;
    const perHead = seen && expandDims(seen, 1);
    // A query that may look at nothing looks at nothing, rather than at everything alike.
    const scores = perHead ? where(perHead, softmax(where(perHead, raw, -FAR)), 0) : softmax(raw);
    const output = timeInside(matMul(this.drop(scores, context.training), timeInside(this.spread(v))));
    return { output, scores };
  }

  /** Repeats the heads of keys or values for the heads of the query they serve. */
  private spread(x: Tensor): Tensor {
    const { query, keyValue } = this.heads;
    if (query === keyValue) return x;
    const [batch, time, , size] = x.shape as [number, number, number, number];
    const shape = [batch, time, keyValue, query / keyValue, size];
    return reshape(broadcastTo(expandDims(x, 3), shape), [batch, time, query, size]);
  }

  override computeOutputShapeMany(shapes: readonly BatchShape[]): BatchShape {
    const { query } = this.roles(shapes, shapes);
    return [query[0]!, query[1]!, this.heads.output ?? query[2]!];
  }

  protected override scoreShape(shapes: readonly BatchShape[]): BatchShape {
    const { query, key } = this.roles(shapes, shapes);
    return [query[0]!, this.heads.query, query[1]!, key[1]!];
  }

  override getConfig(): Record<string, unknown> {
    const config = writeFields(this, this.fields, this.options as Values<typeof this.fields>);
    // Keras, or older versions of it, do not know these: configs that do without them stay readable there.
    const defaults: Record<string, unknown> = {
      ...{ flashAttention: null, slidingWindow: null, useGate: false },
      ...{ ropeMaxWavelength: null, alibi: false },
    };
    const kept = Object.entries(config).filter(([name, v]) => !(name in defaults) || v !== defaults[name]);
    return { ...super.getConfig(), ...Object.fromEntries(kept) };
  }
}

/** [batch, time, heads, size] <-> [batch, heads, time, size]. */
const timeInside = (x: Tensor): Tensor => transpose(x, [0, 2, 1, 3]);

/** Throws RondoError "value" unless the heads of the query can be shared out evenly. */
export function checkGroups(where: string, query: number, keyValue: number): void {
  if (query % keyValue === 0) return;
  throw new RondoError("value", `${where}: the heads of the query cannot be shared out evenly`, {
    received: `${query} heads of the query, ${keyValue} of key and value`,
    expected: "a multiple of the heads of key and value",
  });
}
