import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ConstraintSpec } from "../constraints.js";
import { constraint, type Fields, initializer, positive, regularizer, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";
import type { ConvolutionPadding } from "../spatial/windows.js";
import { Convolution, type ConvolutionOptions, convolutionFields } from "./convolution.js";
import { depthwise } from "./convolve.js";

/** Options of a convolution of every feature on its own. */
export interface DepthwiseConvOptions<Size = number, Padding = ConvolutionPadding>
  extends ConvolutionOptions<Size, Padding> {
  /** Filters of each feature. Default: 1. */
  depthMultiplier?: number;
  /** Default: "glorotUniform". */
  depthwiseInitializer?: InitializerSpec;
  /** Penalty on the depthwise kernel. Default: none. */
  depthwiseRegularizer?: RegularizerSpec;
  /** What the depthwise kernel is moved to after every update. Default: none. */
  depthwiseConstraint?: ConstraintSpec;
}

const fieldsFor = (axes: number) =>
  ({
    depthMultiplier: positive(1),
    ...convolutionFields(axes),
    depthwiseInitializer: initializer("glorotUniform"),
    depthwiseRegularizer: regularizer(),
    depthwiseConstraint: constraint(),
  }) satisfies Fields<DepthwiseConvOptions, keyof LayerOptions>;

/** Over any number of axes: kernel [kernelSize …, features, depthMultiplier] and bias [features · depthMultiplier]. */
export abstract class DepthwiseConv extends Convolution<Values<ReturnType<typeof fieldsFor>>> {
  kernel!: Variable;

  constructor(where: string, options: LayerOptions, axes: number) {
    super(where, fieldsFor(axes), options, axes);
  }

  protected outputFeatures(inputs: number | null): number | null {
    return inputs === null ? null : inputs * this.options.depthMultiplier;
  }

  protected override make(inputShape: BatchShape): void {
    const { kernelSize, depthMultiplier, ...o } = this.options;
    const inputs = this.checkInput(inputShape);
    this.kernel = this.addWeight("kernel", [...kernelSize, inputs, depthMultiplier], o.depthwiseInitializer, {
      regularizer: o.depthwiseRegularizer,
      constraint: o.depthwiseConstraint,
    });
    this.addBias(inputs * depthMultiplier);
  }

  protected run(input: Tensor): Tensor {
    this.requireLastSize(input, this.kernel.shape.at(-2)!);
    return this.finish(depthwise(this, input, this.kernel, this.windows));
  }
}
