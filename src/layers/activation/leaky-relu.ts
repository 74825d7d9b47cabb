import type { Tensor } from "../../tensor/tensor.js";
import { getActivation } from "../activations.js";
import { FieldLayer } from "../field-layer.js";
import { type Fields, nonNegative, type Values } from "../fields.js";
import type { LayerOptions } from "../layer.js";

/** Options of `layers.leakyReLU`. */
export interface LeakyReLUOptions extends LayerOptions {
  /** Slope below 0. Default: 0.3 (the activation function "leakyRelu" has 0.2, as in Keras). */
  negativeSlope?: number;
}

const fields = { negativeSlope: nonNegative(0.3) } satisfies Fields<LeakyReLUOptions, keyof LayerOptions>;

/**
 * x above 0, negativeSlope · x below (Maas et al. 2013). Keeps the shape and the mask.
 *
 * @example layers.leakyReLU({ negativeSlope: 0.1 })
 */
export class LeakyReLU extends FieldLayer<Values<typeof fields>> {
  readonly className = "LeakyReLU";

  constructor(options: LeakyReLUOptions = {}) {
    super("layers.leakyReLU", fields, options);
  }

  call(input: Tensor): Tensor {
    return getActivation({ name: "leakyRelu", ...this.options }).apply(input);
  }
}
