import type { Tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import { axis, type Fields, positive, positiveReal, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import { Rotation } from "./rotation.js";

/** Options of `layers.rotaryEmbedding`. */
export interface RotaryEmbeddingOptions extends LayerOptions {
  /** The slowest features turn once in about 2π times as many steps. Default: 10000. */
  maxWavelength?: number;
  /** Positions are divided by it, which stretches what was learned on shorter sequences. Default: 1. */
  scalingFactor?: number;
  /** Default: 1. */
  sequenceAxis?: number;
  /** Default: -1. */
  featureAxis?: number;
}

const fields = {
  maxWavelength: positive(10000),
  scalingFactor: positiveReal(1),
  sequenceAxis: axis(1),
  featureAxis: axis(-1),
} satisfies Fields<RotaryEmbeddingOptions, keyof LayerOptions>;

/**
 * Rotary positions (Su et al. 2021, arXiv 2104.09864), as in KerasHub: features i and i + d/2 of step t turn together by
 * the angle t / scalingFactor · maxWavelength^(-2 i / d). For queries and keys [batch, time, heads, d] before their
 * product, or for any [batch, time, …, d]; keeps shape and mask, has no weights. Attention layers and Transformer blocks
 * do this themselves with the option ropeMaxWavelength. Throws RondoError "shape" for an odd number of features.
 *
 * @example const turned = layers.rotaryEmbedding().apply(queries);
 */
export class RotaryEmbedding extends FieldLayer<Values<typeof fields>> {
  readonly className = "RotaryEmbedding";
  /** @internal */ readonly rotation: Rotation;

  constructor(options: RotaryEmbeddingOptions = {}) {
    super("layers.rotaryEmbedding", fields, options);
    this.rotation = new Rotation(this.options.maxWavelength, this.options.scalingFactor);
  }

  override build(inputShape: BatchShape): void {
    this.requireRank({ shape: inputShape }, 3, "[batch, time, …, features]");
  }

  call(input: Tensor): Tensor {
    this.requireRank(input, 3, "[batch, time, …, features]");
    return this.rotation.apply(input, this.describe(), this.options.sequenceAxis, this.options.featureAxis);
  }
}
