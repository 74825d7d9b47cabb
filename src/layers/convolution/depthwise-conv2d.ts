import type { PerAxis } from "../spatial/spatial-layer.js";
import { DepthwiseConv, type DepthwiseConvOptions } from "./depthwise-conv.js";

/** Options of `layers.depthwiseConv2d`. */
export type DepthwiseConv2DOptions = DepthwiseConvOptions<PerAxis, "valid" | "same">;

/**
 * Convolution over a plane of every channel on its own:
 * [batch, height, width, channels] -> [batch, rows, columns, channels · depthMultiplier].
 * Weights kernel [kernel height, kernel width, channels, depthMultiplier] and bias [channels · depthMultiplier].
 *
 * @example layers.depthwiseConv2d({ kernelSize: 3, padding: "same" })
 */
export class DepthwiseConv2D extends DepthwiseConv {
  readonly className = "DepthwiseConv2D";

  constructor(options: DepthwiseConv2DOptions) {
    super("layers.depthwiseConv2d", options, 2);
  }
}
