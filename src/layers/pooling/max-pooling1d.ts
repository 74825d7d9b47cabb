import { maximum } from "../../tensor/ops/arithmetic.js";
import type { Tensor } from "../../tensor/tensor.js";
import { windowTaps } from "../convolution/windows.js";
import { Pooling, type PoolingOptions, poolingFields } from "./pooling.js";

export type MaxPooling1DOptions = PoolingOptions;

/**
 * The largest value of each feature in every window: [batch, time, features] -> [batch, windows, features].
 * The mask ends here. Throws RondoError "shape" when the input is shorter than one window.
 *
 * @example layers.maxPooling1d({ poolSize: 2 })
 */
export class MaxPooling1D extends Pooling {
  readonly className = "MaxPooling1D";

  constructor(options: MaxPooling1DOptions = {}) {
    super("layers.maxPooling1d", poolingFields, options);
  }

  protected pool(input: Tensor): Tensor {
    return windowTaps(this, input, this.windowing, Number.NEGATIVE_INFINITY).reduce((a, b) => maximum(a, b));
  }
}
