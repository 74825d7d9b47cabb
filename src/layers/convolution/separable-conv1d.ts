import { matMul } from "../../tensor/ops/linalg.js";
import { squeeze } from "../../tensor/ops/movement.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ConstraintSpec } from "../constraints.js";
import { constraint, type Fields, initializer, positive, regularizer, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";
import { Convolution, type ConvolutionOptions, convolutionFields } from "./convolution.js";
import { depthwise } from "./depthwise.js";

export interface SeparableConv1DOptions extends ConvolutionOptions {
  /** Number of output features. */
  filters: number;
  /** Filters of each feature before the features are mixed. Default: 1. */
  depthMultiplier?: number;
  /** Default: "glorotUniform". */
  depthwiseInitializer?: InitializerSpec;
  /** Default: "glorotUniform". */
  pointwiseInitializer?: InitializerSpec;
  depthwiseRegularizer?: RegularizerSpec;
  pointwiseRegularizer?: RegularizerSpec;
  depthwiseConstraint?: ConstraintSpec;
  pointwiseConstraint?: ConstraintSpec;
}

const fields = {
  filters: positive(),
  depthMultiplier: positive(1),
  ...convolutionFields,
  depthwiseInitializer: initializer("glorotUniform"),
  pointwiseInitializer: initializer("glorotUniform"),
  depthwiseRegularizer: regularizer(),
  pointwiseRegularizer: regularizer(),
  depthwiseConstraint: constraint(),
  pointwiseConstraint: constraint(),
} satisfies Fields<SeparableConv1DOptions, keyof LayerOptions>;

/**
 * Every feature convolved over time on its own, then all features mixed at every step:
 * [batch, time, features] -> [batch, steps, filters]. Weights depthwise_kernel [kernelSize, features, depthMultiplier],
 * pointwise_kernel [1, features · depthMultiplier, filters] and bias [filters]. The mask ends here.
 * Padding "causal" is allowed here too, which Keras lacks.
 *
 * @example layers.separableConv1d({ filters: 32, kernelSize: 5, padding: "same" })
 */
export class SeparableConv1D extends Convolution<Values<typeof fields>> {
  readonly className = "SeparableConv1D";
  depthwiseKernel!: Variable;
  pointwiseKernel!: Variable;

  constructor(options: SeparableConv1DOptions) {
    super("layers.separableConv1d", fields, options);
  }

  protected outputFeatures(): number {
    return this.options.filters;
  }

  override build(inputShape: BatchShape): void {
    const { kernelSize, filters, depthMultiplier, ...o } = this.options;
    const inputs = this.checkInput(inputShape);
    const depthwiseShape = [kernelSize, inputs, depthMultiplier];
    this.depthwiseKernel = this.addWeight("depthwise_kernel", depthwiseShape, o.depthwiseInitializer, {
      regularizer: o.depthwiseRegularizer,
      constraint: o.depthwiseConstraint,
    });
    const pointwiseShape = [1, inputs * depthMultiplier, filters];
    this.pointwiseKernel = this.addWeight("pointwise_kernel", pointwiseShape, o.pointwiseInitializer, {
      regularizer: o.pointwiseRegularizer,
      constraint: o.pointwiseConstraint,
    });
    this.addBias(filters);
  }

  call(input: Tensor): Tensor {
    this.requireRank(input, 3, "[batch, time, features]");
    this.requireLastSize(input, this.depthwiseKernel.shape[1]!);
    const separate = depthwise(this, input, this.depthwiseKernel, this.windowing);
    return this.finish(matMul(separate, squeeze(this.pointwiseKernel, 0)));
  }
}
