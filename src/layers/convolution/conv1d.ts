import { Conv, type ConvOptions } from "./conv.js";

/** Options of `layers.conv1d`. */
export type Conv1DOptions = ConvOptions;

/**
 * Convolution over time: [batch, time, features] -> [batch, steps, filters].
 *
 *     y_t = activation(sum over j of x_(t · strides + j · dilationRate) · kernel_j + bias)
 *
 * Weights kernel [kernelSize, features / groups, filters] and bias [filters]. The mask ends here.
 * Throws RondoError "shape" when the input is shorter than one window.
 *
 * @example layers.conv1d({ filters: 32, kernelSize: 3, padding: "causal", dilationRate: 4 })
 */
export class Conv1D extends Conv {
  readonly className = "Conv1D";

  constructor(options: Conv1DOptions) {
    super("layers.conv1d", options, 1);
  }
}
