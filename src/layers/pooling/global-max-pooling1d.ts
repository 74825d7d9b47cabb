import { max } from "../../tensor/ops/reduce.js";
import type { Tensor } from "../../tensor/tensor.js";
import { GlobalPooling, type GlobalPoolingOptions } from "./global-pooling.js";

/** Options of `layers.globalMaxPooling1d`. */
export type GlobalMaxPooling1DOptions = GlobalPoolingOptions;

/**
 * The largest value of each feature over all of time: [batch, time, features] -> [batch, features], or
 * [batch, 1, features] with keepdims. As in Keras masked steps count too, and the mask ends here.
 *
 * @example layers.globalMaxPooling1d()
 */
export class GlobalMaxPooling1D extends GlobalPooling {
  readonly className = "GlobalMaxPooling1D";

  constructor(options: GlobalMaxPooling1DOptions = {}) {
    super("layers.globalMaxPooling1d", options, 1);
  }

  protected run(input: Tensor): Tensor {
    return max(input, this.pooled, this.options.keepdims);
  }
}
