import { moments } from "../../tensor/ops/reduce.js";
import { run1 } from "../../tensor/run.js";
import { normalizeAxes } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { axes, type Fields, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import { sizesAlong } from "./axes.js";
import { ScaledNormalization, type ScaledOptions, scaledFields } from "./scaled.js";

/** Options of `layers.layerNormalization`. */
export interface LayerNormalizationOptions extends ScaledOptions {
  /** Axes that are normalized together, and along which gamma and beta lie. Default: -1. */
  axis?: number | readonly number[];
}

const fields = { axis: axes(-1), ...scaledFields } satisfies Fields<LayerNormalizationOptions, keyof LayerOptions>;

/**
 * Gives the features of every step mean 0 and variance 1, then scales and shifts them (Ba et al. 2016, arXiv 1607.06450):
 *
 *     y = (x - mean) / sqrt(variance + epsilon) · gamma + beta
 *
 * Keeps the shape and the mask. Weights gamma and beta, each with the sizes of `axis`.
 *
 * @example layers.layerNormalization()
 */
export class LayerNormalization extends ScaledNormalization<Values<typeof fields>> {
  readonly className = "LayerNormalization";

  constructor(options: LayerNormalizationOptions = {}) {
    super("layers.layerNormalization", fields, options);
  }

  override build(inputShape: BatchShape): void {
    this.addScale(sizesAlong(this, inputShape, this.options.axis));
  }

  call(input: Tensor): Tensor {
    const { gamma, beta, options } = this;
    const last = options.axis === -1 || options.axis === input.rank - 1;
    // The usual kind has a kernel of its own.
    if (gamma && beta && last && input.shape[input.rank - 1] === gamma.size) {
      return run1("layerNorm", [input, gamma, beta], { epsilon: options.epsilon });
    }
    const list = normalizeAxes(this.options.axis, input.rank, this.describe());
    const { mean, variance } = moments(input, list, true);
    return this.rescale(this.standardize(input, mean, variance), list);
  }
}
