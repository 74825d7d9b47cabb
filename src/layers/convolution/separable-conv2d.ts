import type { PerAxis } from "../spatial/spatial-layer.js";
import { SeparableConv, type SeparableConvOptions } from "./separable-conv.js";

/** Options of `layers.separableConv2d`. */
export type SeparableConv2DOptions = SeparableConvOptions<PerAxis, "valid" | "same">;

/**
 * Every channel convolved over a plane on its own, then all channels mixed at every place:
 * [batch, height, width, channels] -> [batch, rows, columns, filters]. Weights depthwise_kernel
 * [kernel height, kernel width, channels, depthMultiplier], pointwise_kernel [1, 1, channels · depthMultiplier, filters]
 * and bias [filters] (Chollet 2017, arXiv 1610.02357).
 *
 * @example layers.separableConv2d({ filters: 32, kernelSize: 3, padding: "same" })
 */
export class SeparableConv2D extends SeparableConv {
  readonly className = "SeparableConv2D";

  constructor(options: SeparableConv2DOptions) {
    super("layers.separableConv2d", options, 2);
  }
}
