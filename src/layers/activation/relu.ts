import type { Tensor } from "../../tensor/tensor.js";
import { getActivation } from "../activations.js";
import { FieldLayer } from "../field-layer.js";
import { type Fields, nonNegative, optional, type Values } from "../fields.js";
import type { LayerOptions } from "../layer.js";

/** Options of `layers.reLU`. */
export interface ReLUOptions extends LayerOptions {
  /** Largest value, or null for none. Default: null. */
  maxValue?: number | null;
  /** Slope below the threshold. Default: 0. */
  negativeSlope?: number;
  /** Values up to here count as negative. Default: 0. */
  threshold?: number;
}

const fields = {
  maxValue: optional(nonNegative()),
  negativeSlope: nonNegative(0),
  threshold: nonNegative(0),
} satisfies Fields<ReLUOptions, keyof LayerOptions>;

/**
 * max(x, 0); with options min(x, maxValue) above the threshold, negativeSlope · (x - threshold) below. Keeps the shape
 * and the mask.
 *
 * @example layers.reLU({ maxValue: 6 })
 */
export class ReLU extends FieldLayer<Values<typeof fields>> {
  readonly className = "ReLU";

  constructor(options: ReLUOptions = {}) {
    super("layers.reLU", fields, options);
  }

  call(input: Tensor): Tensor {
    return getActivation({ name: "relu", ...this.options }).apply(input);
  }
}
