import { SeparableConv, type SeparableConvOptions } from "./separable-conv.js";

/** Options of `layers.separableConv1d`. */
export type SeparableConv1DOptions = SeparableConvOptions;

/**
 * Every feature convolved over time on its own, then all features mixed at every step:
 * [batch, time, features] -> [batch, steps, filters]. Weights depthwise_kernel [kernelSize, features, depthMultiplier],
 * pointwise_kernel [1, features · depthMultiplier, filters] and bias [filters]. The mask ends here.
 * Padding "causal" is allowed here too, which Keras lacks.
 *
 * @example layers.separableConv1d({ filters: 32, kernelSize: 5, padding: "same" })
 */
export class SeparableConv1D extends SeparableConv {
  readonly className = "SeparableConv1D";

  constructor(options: SeparableConv1DOptions) {
    super("layers.separableConv1d", options, 1);
  }
}
