import { max } from "../../tensor/ops/reduce.js";
import type { Tensor } from "../../tensor/tensor.js";
import { GlobalPooling, type GlobalPoolingOptions } from "./global-pooling.js";

/** Options of `layers.globalMaxPooling2d`. */
export type GlobalMaxPooling2DOptions = GlobalPoolingOptions;

/**
 * The largest value of each channel in the plane: [batch, height, width, channels] -> [batch, channels], or
 * [batch, 1, 1, channels] with keepdims.
 *
 * @example layers.globalMaxPooling2d()
 */
export class GlobalMaxPooling2D extends GlobalPooling {
  readonly className = "GlobalMaxPooling2D";

  constructor(options: GlobalMaxPooling2DOptions = {}) {
    super("layers.globalMaxPooling2d", options, 2);
  }

  protected run(input: Tensor): Tensor {
    return max(input, this.pooled, this.options.keepdims);
  }
}
