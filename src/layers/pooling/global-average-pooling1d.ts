import { div, maximum } from "../../tensor/ops/arithmetic.js";
import { cast, where } from "../../tensor/ops/comparison.js";
import { expandDims } from "../../tensor/ops/movement.js";
import { mean, sum } from "../../tensor/ops/reduce.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { CallContext } from "../layer.js";
import { GlobalPooling, type GlobalPoolingOptions } from "./global-pooling.js";

/** Options of `layers.globalAveragePooling1d`. */
export type GlobalAveragePooling1DOptions = GlobalPoolingOptions;

/**
 * The mean of each feature over the steps that are not masked: [batch, time, features] -> [batch, features], or
 * [batch, 1, features] with keepdims. An example whose steps are all masked gives zeros (NaN in Keras). The mask ends
 * here.
 *
 * @example layers.globalAveragePooling1d()
 */
export class GlobalAveragePooling1D extends GlobalPooling {
  readonly className = "GlobalAveragePooling1D";

  constructor(options: GlobalAveragePooling1DOptions = {}) {
    super("layers.globalAveragePooling1d", options, 1);
  }

  protected run(input: Tensor, { mask }: CallContext): Tensor {
    const { keepdims } = this.options;
    if (!mask) return mean(input, 1, keepdims);
    const counts = expandDims(mask, 2);
    const total = maximum(sum(cast(counts, "float32"), 1, keepdims), 1);
    return div(sum(where(counts, input, 0), 1, keepdims), total);
  }
}
