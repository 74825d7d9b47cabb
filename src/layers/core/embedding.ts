import { notEqual } from "../../tensor/ops/comparison.js";
import { gather } from "../../tensor/ops/indexing.js";
import { indices } from "../../tensor/ops/operands.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ConstraintSpec } from "../constraints.js";
import {
  constraint,
  type Fields,
  flag,
  initializer,
  layerOptionNames,
  positive,
  readFields,
  regularizer,
  type Values,
  writeFields,
} from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import { type BatchShape, Layer, type LayerOptions } from "../layer.js";
import type { Lookup } from "../lookup.js";
import type { RegularizerSpec } from "../regularizers.js";

/** Options of `layers.embedding`. */
export interface EmbeddingOptions extends LayerOptions {
  /** Number of different indices, the largest index plus 1. */
  inputDim: number;
  /** Size of the vector each index stands for. */
  outputDim: number;
  /** Index 0 is padding: its steps are masked. Default: false. */
  maskZero?: boolean;
  /** Default: "randomUniform" (-0.05 to 0.05). */
  embeddingsInitializer?: InitializerSpec;
  /** Penalty on the vectors. Default: none. */
  embeddingsRegularizer?: RegularizerSpec;
  /** What the vectors are moved to after every update. Default: none. */
  embeddingsConstraint?: ConstraintSpec;
}

export const embeddingFields = {
  inputDim: positive(),
  outputDim: positive(),
  maskZero: flag(false),
  embeddingsInitializer: initializer("randomUniform"),
  embeddingsRegularizer: regularizer(),
  embeddingsConstraint: constraint(),
} satisfies Fields<EmbeddingOptions, keyof LayerOptions>;

/**
 * Turns whole numbers into trainable vectors: [...] -> [..., outputDim]. Throws RondoError "value" for an index that is
 * no whole number in [0, inputDim).
 *
 * @example layers.embedding({ inputDim: 10000, outputDim: 64, maskZero: true })
 */
export class Embedding extends Layer {
  readonly className = "Embedding";
  readonly options: Values<typeof embeddingFields>;
  embeddings!: Variable;

  constructor(options: EmbeddingOptions) {
    super(options);
    this.options = readFields("layers.embedding", embeddingFields, options, layerOptionNames);
  }

  override build(_inputShape: BatchShape): void {
    const { inputDim, outputDim, ...o } = this.options;
    this.embeddings = this.addWeight("embeddings", [inputDim, outputDim], o.embeddingsInitializer, {
      regularizer: o.embeddingsRegularizer,
      constraint: o.embeddingsConstraint,
    });
  }

  call(input: Tensor): Tensor {
    // Checked here, so that the message names the layer.
    return gather(this.embeddings, indices(input, this.options.inputDim, this.describe()), 0);
  }

  /** @internal Half the product with a table of half as many rows pays for the product's gradients. */
  override lookUp(input: Tensor): Lookup | null {
    const { inputDim } = this.options;
    const plain = this.call === Embedding.prototype.call && !this.activityRegularizer;
    if (!plain || input.rank !== 2 || 2 * inputDim > input.size) return null;
    return { table: this.embeddings, indices: indices(input, inputDim, this.describe()) };
  }

  override computeMask(input: Tensor, _mask: Tensor | null): Tensor | null {
    return this.options.maskZero ? notEqual(input, 0) : null;
  }

  computeOutputShape(inputShape: BatchShape): BatchShape {
    return [...inputShape, this.options.outputDim];
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, embeddingFields, this.options) };
  }
}
