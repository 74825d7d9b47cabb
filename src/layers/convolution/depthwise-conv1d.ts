import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ConstraintSpec } from "../constraints.js";
import { constraint, type Fields, initializer, positive, regularizer, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";
import { Convolution, type ConvolutionOptions, convolutionFields } from "./convolution.js";
import { depthwise } from "./depthwise.js";

export interface DepthwiseConv1DOptions extends ConvolutionOptions {
  /** Filters of each feature. Default: 1. */
  depthMultiplier?: number;
  /** Default: "glorotUniform". */
  depthwiseInitializer?: InitializerSpec;
  depthwiseRegularizer?: RegularizerSpec;
  depthwiseConstraint?: ConstraintSpec;
}

const fields = {
  depthMultiplier: positive(1),
  ...convolutionFields,
  depthwiseInitializer: initializer("glorotUniform"),
  depthwiseRegularizer: regularizer(),
  depthwiseConstraint: constraint(),
} satisfies Fields<DepthwiseConv1DOptions, keyof LayerOptions>;

/**
 * Convolution over time of every feature on its own: [batch, time, features] -> [batch, steps, features · depthMultiplier].
 * Weights kernel [kernelSize, features, depthMultiplier] and bias [features · depthMultiplier]. The mask ends here.
 * Padding "causal" is allowed here too, which Keras lacks.
 *
 * @example layers.depthwiseConv1d({ kernelSize: 3, padding: "same" })
 */
export class DepthwiseConv1D extends Convolution<Values<typeof fields>> {
  readonly className = "DepthwiseConv1D";
  kernel!: Variable;

  constructor(options: DepthwiseConv1DOptions) {
    super("layers.depthwiseConv1d", fields, options);
  }

  protected outputFeatures(inputs: number | null): number | null {
    return inputs === null ? null : inputs * this.options.depthMultiplier;
  }

  override build(inputShape: BatchShape): void {
    const { kernelSize, depthMultiplier, ...o } = this.options;
    const inputs = this.checkInput(inputShape);
    this.kernel = this.addWeight("kernel", [kernelSize, inputs, depthMultiplier], o.depthwiseInitializer, {
      regularizer: o.depthwiseRegularizer,
      constraint: o.depthwiseConstraint,
    });
    this.addBias(inputs * depthMultiplier);
  }

  call(input: Tensor): Tensor {
    this.requireRank(input, 3, "[batch, time, features]");
    this.requireLastSize(input, this.kernel.shape[1]!);
    return this.finish(depthwise(this, input, this.kernel, this.windowing));
  }
}
