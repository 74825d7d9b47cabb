import type { PerAxis } from "../spatial/spatial-layer.js";
import { Conv, type ConvOptions } from "./conv.js";

/** Options of `layers.conv2d`. */
export type Conv2DOptions = ConvOptions<PerAxis, "valid" | "same">;

/**
 * Convolution over a plane: [batch, height, width, channels] -> [batch, rows, columns, filters].
 * Weights kernel [kernel height, kernel width, channels / groups, filters] and bias [filters].
 * Throws RondoError "shape" when the input is smaller than one window.
 *
 * @example layers.conv2d({ filters: 32, kernelSize: [3, 5], strides: 2, padding: "same", activation: "relu" })
 */
export class Conv2D extends Conv {
  readonly className = "Conv2D";

  constructor(options: Conv2DOptions) {
    super("layers.conv2d", options, 2);
  }
}
