import { div, mul } from "../../tensor/ops/arithmetic.js";
import { notEqual } from "../../tensor/ops/comparison.js";
import { gather } from "../../tensor/ops/indexing.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { indices } from "../../tensor/ops/operands.js";
import { tanh } from "../../tensor/ops/unary.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import {
  type Fields,
  flag,
  layerOptionNames,
  optional,
  positiveReal,
  readFields,
  type Values,
  writeFields,
} from "../fields.js";
import {
  type BatchShape,
  type CallFlags,
  Layer,
  type LayerOptions,
  type RunContext,
  type RunResult,
} from "../layer.js";
import { type EmbeddingOptions, embeddingFields } from "./embedding.js";

export interface ReversibleEmbeddingOptions extends EmbeddingOptions {
  /** Whether the way back uses the same weights, transposed, rather than weights of its own. Default: true. */
  tieWeights?: boolean;
  /** Scores are limited softly: cap · tanh(score / cap). Default: no limit. */
  logitSoftCap?: number | null;
}

const fields = {
  ...embeddingFields,
  tieWeights: flag(true),
  logitSoftCap: optional(positiveReal()),
} satisfies Fields<ReversibleEmbeddingOptions, keyof LayerOptions>;

/**
 * An embedding whose weights also give the scores of the next token (Press and Wolf 2017, arXiv 1608.05859): apply(tokens)
 * gives [..., outputDim], apply(vectors, { reverse: true }) gives vectors · embeddingsᵀ, [..., inputDim], and keeps their
 * mask. Throws RondoError "value" for a token that is no whole number in [0, inputDim).
 *
 * @example
 * const words = layers.reversibleEmbedding({ inputDim: 1000, outputDim: 64 });
 * const scores = words.apply(layers.lstm({ units: 64, returnSequences: true }).apply(words.apply(ids)), { reverse: true });
 */
export class ReversibleEmbedding extends Layer {
  readonly className = "ReversibleEmbedding";
  readonly options: Values<typeof fields>;
  embeddings!: Variable;
  /** Weights of the way back where they are not tied, [outputDim, inputDim]. */
  reverseEmbeddings: Variable | null = null;

  constructor(options: ReversibleEmbeddingOptions) {
    super(options);
    this.options = readFields("layers.reversibleEmbedding", fields, options, layerOptionNames);
  }

  override build(_inputShape: BatchShape): void {
    const { inputDim, outputDim, tieWeights, ...o } = this.options;
    this.embeddings = this.addWeight("embeddings", [inputDim, outputDim], o.embeddingsInitializer, {
      regularizer: o.embeddingsRegularizer,
      constraint: o.embeddingsConstraint,
    });
    if (!tieWeights) {
      this.reverseEmbeddings = this.addWeight("reverse_embeddings", [outputDim, inputDim], o.embeddingsInitializer);
    }
  }

  call(input: Tensor): Tensor {
    return gather(this.embeddings, indices(input, this.options.inputDim, this.describe()), 0);
  }

  /** Scores of all tokens, [..., inputDim]. */
  private scores(x: Tensor): Tensor {
    const { outputDim, logitSoftCap } = this.options;
    this.requireLastSize(x, outputDim);
    const back = this.reverseEmbeddings;
    const scores = back ? matMul(x, back) : matMul(x, this.embeddings, { transposeB: true });
    return logitSoftCap === null ? scores : mul(tanh(div(scores, logitSoftCap)), logitSoftCap);
  }

  override callMany(inputs: readonly Tensor[], context: RunContext): Tensor | readonly Tensor[] {
    return context.reverse && inputs.length === 1 ? this.scores(inputs[0]!) : super.callMany(inputs, context);
  }

  override callWithMasks(inputs: readonly Tensor[], context: RunContext): RunResult {
    const result = super.callWithMasks(inputs, context);
    return context.reverse ? { ...result, masks: [context.masks[0] ?? null] } : result;
  }

  override computeMask(input: Tensor, _mask: Tensor | null): Tensor | null {
    return this.options.maskZero ? notEqual(input, 0) : null;
  }

  computeOutputShape(inputShape: BatchShape): BatchShape {
    return [...inputShape, this.options.outputDim];
  }

  override computeOutputShapesMany(shapes: readonly BatchShape[], flags: CallFlags): readonly BatchShape[] {
    if (!flags.reverse) return super.computeOutputShapesMany(shapes, flags);
    return [[...shapes[0]!.slice(0, -1), this.options.inputDim]];
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, fields, this.options) };
  }
}
