import { mean } from "../../tensor/ops/reduce.js";
import type { Tensor } from "../../tensor/tensor.js";
import { GlobalPooling, type GlobalPoolingOptions } from "./global-pooling.js";

/** Options of `layers.globalAveragePooling2d`. */
export type GlobalAveragePooling2DOptions = GlobalPoolingOptions;

/**
 * The mean of each channel over the plane: [batch, height, width, channels] -> [batch, channels], or
 * [batch, 1, 1, channels] with keepdims.
 *
 * @example layers.globalAveragePooling2d()
 */
export class GlobalAveragePooling2D extends GlobalPooling {
  readonly className = "GlobalAveragePooling2D";

  constructor(options: GlobalAveragePooling2DOptions = {}) {
    super("layers.globalAveragePooling2d", options, 2);
  }

  protected run(input: Tensor): Tensor {
    return mean(input, this.pooled, this.options.keepdims);
  }
}
