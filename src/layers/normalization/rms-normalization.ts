import { add, mul } from "../../tensor/ops/arithmetic.js";
import { mean } from "../../tensor/ops/reduce.js";
import { rsqrt, square } from "../../tensor/ops/unary.js";
import { normalizeAxes } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { FieldLayer } from "../field-layer.js";
import { axes, type Fields, nonNegative, type Values } from "../fields.js";
import { getInitializer } from "../initializers.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import { sizesAlong } from "./axes.js";
import { along } from "./scaled.js";

/** Options of `layers.rmsNormalization`. */
export interface RMSNormalizationOptions extends LayerOptions {
  /** Axes that are normalized together, and along which the scale lies. Default: -1. */
  axis?: number | readonly number[];
  /** Added to the mean square. Default: 1e-6. */
  epsilon?: number;
}

const fields = { axis: axes(-1), epsilon: nonNegative(1e-6) } satisfies Fields<
  RMSNormalizationOptions,
  keyof LayerOptions
>;

/**
 * Divides the features of every step by their root mean square (Zhang and Sennrich 2019, arXiv 1910.07467):
 *
 *     y = x / sqrt(mean(x²) + epsilon) · scale
 *
 * Keeps the shape and (other than in Keras, which loses it here) the mask. One weight, scale, with the sizes of `axis`.
 *
 * @example layers.rmsNormalization()
 */
export class RMSNormalization extends FieldLayer<Values<typeof fields>> {
  readonly className = "RMSNormalization";
  scale!: Variable;

  constructor(options: RMSNormalizationOptions = {}) {
    super("layers.rmsNormalization", fields, options);
  }

  override build(inputShape: BatchShape): void {
    this.scale = this.addWeight("scale", sizesAlong(this, inputShape, this.options.axis), getInitializer("ones"));
  }

  call(input: Tensor): Tensor {
    const { axis, epsilon } = this.options;
    const list = normalizeAxes(axis, input.rank, this.describe());
    const factor = rsqrt(add(mean(square(input), list, true), epsilon));
    return mul(mul(input, factor), along(this.scale, input.shape, list));
  }
}
