import type { PerAxis } from "../spatial/spatial-layer.js";
import { ConvTranspose, type ConvTransposeOptions } from "./conv-transpose.js";

/** Options of `layers.conv2dTranspose`. */
export type Conv2DTransposeOptions = ConvTransposeOptions<PerAxis>;

/**
 * Transposed convolution over a plane, which makes images larger (the generator of a GAN):
 * [batch, height, width, channels] -> [batch, rows, columns, filters], rows being height · strides for padding "same"
 * and (height - 1) · strides + max(kernelSize, strides) for "valid".
 * Weights kernel [kernel height, kernel width, filters, channels] and bias [filters].
 *
 * @example layers.conv2dTranspose({ filters: 16, kernelSize: 4, strides: 2, padding: "same" })
 */
export class Conv2DTranspose extends ConvTranspose {
  readonly className = "Conv2DTranspose";

  constructor(options: Conv2DTransposeOptions) {
    super("layers.conv2dTranspose", options, 2);
  }
}
