import { addN, div } from "../../tensor/ops/arithmetic.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { paddingOf, windowTaps } from "../convolution/windows.js";
import { Pooling, type PoolingOptions, poolingFields } from "./pooling.js";

export type AveragePooling1DOptions = PoolingOptions;

/**
 * The mean of each feature in every window: [batch, time, features] -> [batch, windows, features]. Windows that padding
 * "same" lets stand out average the steps there are. The mask ends here.
 * Throws RondoError "shape" when the input is shorter than one window.
 *
 * @example layers.averagePooling1d({ poolSize: 3, strides: 1, padding: "same" })
 */
export class AveragePooling1D extends Pooling {
  readonly className = "AveragePooling1D";

  constructor(options: AveragePooling1DOptions = {}) {
    super("layers.averagePooling1d", poolingFields, options);
  }

  protected pool(input: Tensor): Tensor {
    const sum = addN(windowTaps(this, input, this.windowing));
    return div(sum, this.counts(input.shape[1]!, sum.shape[1]!));
  }

  /** How many steps of the input each window holds, [1, windows, 1]. */
  private counts(time: number, windows: number): Tensor {
    const { size, strides } = this.windowing;
    const [before] = paddingOf(time, this.windowing);
    const inside = (window: number) => {
      const from = window * strides - before;
      return Math.min(time, from + size) - Math.max(0, from);
    };
    return tensor(
      Float32Array.from({ length: windows }, (_, window) => inside(window)),
      [1, windows, 1],
    );
  }
}
