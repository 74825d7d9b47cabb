import { ConvTranspose, type ConvTransposeOptions } from "./conv-transpose.js";

/** Options of `layers.conv1dTranspose`. */
export type Conv1DTransposeOptions = ConvTransposeOptions;

/**
 * Transposed convolution over time, which makes sequences longer: every step adds kernel · x_t to a window of the
 * output, the windows being `strides` apart. [batch, time, features] -> [batch, steps, filters], steps being
 * time · strides for padding "same" and (time - 1) · strides + max(kernelSize, strides) for "valid".
 * Weights kernel [kernelSize, filters, features] and bias [filters]. The mask ends here.
 *
 * @example layers.conv1dTranspose({ filters: 16, kernelSize: 4, strides: 2, padding: "same" })
 */
export class Conv1DTranspose extends ConvTranspose {
  readonly className = "Conv1DTranspose";

  constructor(options: Conv1DTransposeOptions) {
    super("layers.conv1dTranspose", options, 1);
  }
}
