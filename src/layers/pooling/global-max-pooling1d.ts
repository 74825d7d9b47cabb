import { max } from "../../tensor/ops/reduce.js";
import type { Tensor } from "../../tensor/tensor.js";
import { GlobalPooling, type GlobalPoolingOptions, globalPoolingFields } from "./global-pooling.js";

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
    super("layers.globalMaxPooling1d", globalPoolingFields, options);
  }

  call(input: Tensor): Tensor {
    this.requireRank(input, 3, "[batch, time, features]");
    return max(input, 1, this.options.keepdims);
  }
}
