import { RondoError } from "../../errors.js";
import { add } from "../../tensor/ops/arithmetic.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { ActivationSpec } from "../activations.js";
import type { BatchShape, Component } from "../component.js";
import { Dense } from "../core/dense.js";
import { Dropout } from "../core/dropout.js";
import {
  type AnyField,
  activation,
  type Fields,
  flag,
  initializer,
  layerOptionNames,
  nonNegative,
  optional,
  positive,
  rate,
  readFields,
  type Values,
  writeFields,
} from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { LayerOptions, RunContext } from "../layer.js";
import { MultiInputLayer } from "../multi-input-layer.js";
import { LayerNormalization } from "../normalization/layer-normalization.js";
import { GroupQueryAttention } from "./group-query-attention.js";
import { MultiHeadAttention } from "./multi-head-attention.js";
import { checkGroups } from "./projected-attention.js";

/** Options of Transformer blocks, KerasHub's and three more (the last). */
export interface TransformerBlockOptions extends LayerOptions {
  /** Units of the hidden dense layer. */
  intermediateDim: number;
  /** Heads of the attention; each has ⌊features / numHeads⌋ features. */
  numHeads: number;
  /** Share that is dropped while training: of scores, and of what attention and dense layers put out. Default: 0. */
  dropout?: number;
  /** Of the hidden dense layer. Default: "relu". */
  activation?: ActivationSpec;
  /** Default: 1e-5. */
  layerNormEpsilon?: number;
  /** Default: "glorotUniform". */
  kernelInitializer?: InitializerSpec;
  /** Default: "zeros". */
  biasInitializer?: InitializerSpec;
  /** Normalizes what goes into attention and dense layers instead of what comes out of the sum. Default: false. */
  normalizeFirst?: boolean;
  /** Fewer heads for keys and values, which heads of the query share. Default: numHeads. */
  numKeyValueHeads?: number | null;
  /** Rotary positions inside the self-attention with this wavelength, such as 10000. Default: none. */
  ropeMaxWavelength?: number | null;
  /** Scores of the self-attention fall with distance (ALiBi). Default: false. */
  alibi?: boolean;
}

export const blockFields = {
  intermediateDim: positive(),
  numHeads: positive(),
  dropout: rate(0),
  activation: activation("relu"),
  layerNormEpsilon: nonNegative(1e-5),
  kernelInitializer: initializer("glorotUniform"),
  biasInitializer: initializer("zeros"),
  normalizeFirst: flag(false),
  numKeyValueHeads: optional(positive()),
  ropeMaxWavelength: optional(positive()),
  alibi: flag(false),
} satisfies Fields<TransformerBlockOptions, keyof LayerOptions>;

/** Attention with its normalization. */
export interface AttentionPart {
  readonly attention: MultiHeadAttention | GroupQueryAttention;
  readonly norm: LayerNormalization;
}

/** What encoder and decoder blocks share: layers, residual connections, normalization before or after. */
export abstract class TransformerBlock extends MultiInputLayer {
  readonly options: Values<typeof blockFields>;
  private readonly inside: [string, Component][] = [];
  private readonly drop: Dropout;
  self!: AttentionPart;
  cross: AttentionPart | null = null;
  intermediate!: Dense;
  output!: Dense;
  norm!: LayerNormalization;

  constructor(where: string, options: TransformerBlockOptions) {
    super(options);
    this.options = readFields(where, blockFields as Record<string, AnyField>, options, layerOptionNames) as never;
    const { numHeads, numKeyValueHeads, dropout } = this.options;
    checkGroups(where, numHeads, numKeyValueHeads ?? numHeads);
    this.drop = this.hold("dropout", new Dropout({ rate: dropout }));
  }

  protected override get parts(): readonly (readonly [string, Component])[] {
    return this.inside;
  }

  /** Makes a layer one of this block's own. */
  private hold<C extends Component>(name: string, part: C): C {
    this.inside.push([name, part]);
    return part;
  }

  override buildMany(shapes: readonly BatchShape[]): void {
    const shape = this.checkInputs(shapes);
    const size = this.lastSize(shape);
    const { options: o } = this;
    if (o.numHeads > size) {
      throw new RondoError("value", `${this.className} has more heads than its input has features`, {
        path: this.describe(),
        received: `numHeads ${o.numHeads} for ${size} features`,
        fix: "use fewer heads, or a layer before it that makes the features more",
      });
    }
    const initializers = { kernelInitializer: o.kernelInitializer, biasInitializer: o.biasInitializer };
    const norm = (name: string): LayerNormalization => {
      const layer = this.hold(name, new LayerNormalization({ epsilon: o.layerNormEpsilon }));
      layer.ensureBuilt(shape);
      return layer;
    };
    const attention = (name: string, memory: BatchShape, positions: object): AttentionPart => {
      const common = { dropout: o.dropout, ...initializers, ...positions };
      const [numHeads, keyDim] = [o.numHeads, Math.floor(size / o.numHeads)];
      const { numKeyValueHeads } = o;
      const layer = this.hold(
        name,
        numKeyValueHeads === null || numKeyValueHeads === numHeads
          ? new MultiHeadAttention({ numHeads, keyDim, ...common })
          : new GroupQueryAttention({ headDim: keyDim, numQueryHeads: numHeads, numKeyValueHeads, ...common }),
      );
      layer.ensureBuiltMany([shape, memory]);
      return { attention: layer, norm: norm(`${name}_layer_norm`) };
    };
    this.self = attention("self_attention", shape, { ropeMaxWavelength: o.ropeMaxWavelength, alibi: o.alibi });
    if (shapes.length > 1) this.cross = attention("cross_attention", shapes[1]!, {});
    const dense = (name: string, units: number, inputs: BatchShape, activation: ActivationSpec) => {
      const layer = this.hold(name, new Dense({ units, activation, ...initializers }));
      layer.ensureBuilt(inputs);
      return layer;
    };
    const hidden = [...shape.slice(0, -1), o.intermediateDim];
    this.intermediate = dense("feedforward_intermediate_dense", o.intermediateDim, shape, o.activation);
    this.output = dense("feedforward_output_dense", size, hidden, "linear");
    this.norm = norm("feedforward_layer_norm");
  }

  /** The shape of the sequence. Throws RondoError "shape" for inputs that do not fit. */
  protected abstract checkInputs(shapes: readonly BatchShape[]): BatchShape;

  /** The sum of x and what a part makes of it, normalized before or after. */
  protected residual(x: Tensor, norm: LayerNormalization, training: boolean, part: (x: Tensor) => Tensor): Tensor {
    const { normalizeFirst } = this.options;
    const made = part(normalizeFirst ? norm.call(x) : x);
    const sum = add(this.drop.call(made, { training, mask: null }), x);
    return normalizeFirst ? sum : norm.call(sum);
  }

  /** Attention to `memory`, or to x itself; scores are added to `scores` when they are asked for. */
  protected attend(
    x: Tensor,
    { attention, norm }: AttentionPart,
    memory: Tensor | null,
    context: RunContext,
    scores: Tensor[],
  ): Tensor {
    return this.residual(x, norm, context.training, (query) => {
      const result = attention.callMany([query, memory ?? query], context);
      if (!context.returnAttentionScores) return result as Tensor;
      const [output, made] = result as readonly [Tensor, Tensor];
      scores.push(made);
      return output;
    });
  }

  /** The two dense layers, applied to every step. */
  protected feedForward(x: Tensor, training: boolean): Tensor {
    return this.residual(x, this.norm, training, (h) => this.output.call(this.intermediate.call(h)));
  }

  override computeOutputShapeMany(shapes: readonly BatchShape[]): BatchShape {
    return this.checkInputs(shapes);
  }

  /** The mask of the output is that of the sequence. */
  override computeMaskMany(_inputs: readonly Tensor[], masks: readonly (Tensor | null)[]): Tensor | null {
    return masks[0] ?? null;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, blockFields, this.options) };
  }
}
