import { RondoError } from "../../errors.js";
import { add } from "../../tensor/ops/arithmetic.js";
import { slice } from "../../tensor/ops/slicing.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ConstraintSpec } from "../constraints.js";
import { FieldLayer } from "../field-layer.js";
import { constraint, type Fields, initializer, positive, regularizer, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";

/** Options of `layers.positionEmbedding`. */
export interface PositionEmbeddingOptions extends LayerOptions {
  /** Largest number of steps. */
  sequenceLength: number;
  /** Default: "glorotUniform". */
  embeddingsInitializer?: InitializerSpec;
  /** Penalty on the vectors. Default: none. */
  embeddingsRegularizer?: RegularizerSpec;
  /** What the vectors are moved to after every update. Default: none. */
  embeddingsConstraint?: ConstraintSpec;
}

const fields = {
  sequenceLength: positive(),
  embeddingsInitializer: initializer("glorotUniform"),
  embeddingsRegularizer: regularizer(),
  embeddingsConstraint: constraint(),
} satisfies Fields<PositionEmbeddingOptions, keyof LayerOptions>;

/**
 * Adds a trained vector to every step, which tells where the step is (Gehring et al. 2017, arXiv 1705.03122):
 * y_t = x_t + embeddings_t. [batch, time, features] keeps its shape and its mask. Weight embeddings
 * [sequenceLength, features]. Throws RondoError "shape" for longer inputs.
 *
 * @example layers.positionEmbedding({ sequenceLength: 128 })
 */
export class PositionEmbedding extends FieldLayer<Values<typeof fields>> {
  readonly className = "PositionEmbedding";
  embeddings!: Variable;

  constructor(options: PositionEmbeddingOptions) {
    super("layers.positionEmbedding", fields, options);
  }

  override build(inputShape: BatchShape): void {
    this.requireRank({ shape: inputShape }, 3, "[batch, time, features]");
    const { sequenceLength, ...o } = this.options;
    this.embeddings = this.addWeight(
      "embeddings",
      [sequenceLength, this.lastSize(inputShape)],
      o.embeddingsInitializer,
      { regularizer: o.embeddingsRegularizer, constraint: o.embeddingsConstraint },
    );
  }

  call(input: Tensor): Tensor {
    this.requireLastSize(input, this.embeddings.shape[1]!);
    const { sequenceLength } = this.options;
    const time = input.shape[1]!;
    if (time > sequenceLength) {
      throw new RondoError("shape", "the input has more steps than there are position embeddings", {
        path: this.describe(),
        received: formatShape(input.shape),
        expected: `at most ${sequenceLength} steps`,
        fix: "make the layer with a larger sequenceLength, or cut the sequences",
      });
    }
    return add(input, slice(this.embeddings, [0, 0], [time, -1]));
  }
}
