import { DepthwiseConv, type DepthwiseConvOptions } from "./depthwise-conv.js";

/** Options of `layers.depthwiseConv1d`. */
export type DepthwiseConv1DOptions = DepthwiseConvOptions;

/**
 * Convolution over time of every feature on its own: [batch, time, features] -> [batch, steps, features · depthMultiplier].
 * Weights kernel [kernelSize, features, depthMultiplier] and bias [features · depthMultiplier]. The mask ends here.
 * Padding "causal" is allowed here too, which Keras lacks.
 *
 * @example layers.depthwiseConv1d({ kernelSize: 3, padding: "same" })
 */
export class DepthwiseConv1D extends DepthwiseConv {
  readonly className = "DepthwiseConv1D";

  constructor(options: DepthwiseConv1DOptions) {
    super("layers.depthwiseConv1d", options, 1);
  }
}
