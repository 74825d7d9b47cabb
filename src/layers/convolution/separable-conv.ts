import { matMul } from "../../tensor/ops/linalg.js";
import { reshape } from "../../tensor/ops/movement.js";
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

/** Options of a convolution of every feature on its own that is followed by a mixture of all. */
export interface SeparableConvOptions<Size = number, Padding = ConvolutionPadding>
  extends ConvolutionOptions<Size, Padding> {
  /** Number of output features. */
  filters: number;
  /** Filters of each feature before the features are mixed. Default: 1. */
  depthMultiplier?: number;
  /** Default: "glorotUniform". */
  depthwiseInitializer?: InitializerSpec;
  /** Default: "glorotUniform". */
  pointwiseInitializer?: InitializerSpec;
  /** Penalty on the depthwise kernel. Default: none. */
  depthwiseRegularizer?: RegularizerSpec;
  /** Penalty on the pointwise kernel. Default: none. */
  pointwiseRegularizer?: RegularizerSpec;
  /** What the depthwise kernel is moved to after every update. Default: none. */
  depthwiseConstraint?: ConstraintSpec;
  /** What the pointwise kernel is moved to after every update. Default: none. */
  pointwiseConstraint?: ConstraintSpec;
}

const fieldsFor = (axes: number) =>
  ({
    filters: positive(),
    depthMultiplier: positive(1),
    ...convolutionFields(axes),
    depthwiseInitializer: initializer("glorotUniform"),
    pointwiseInitializer: initializer("glorotUniform"),
    depthwiseRegularizer: regularizer(),
    pointwiseRegularizer: regularizer(),
    depthwiseConstraint: constraint(),
    pointwiseConstraint: constraint(),
  }) satisfies Fields<SeparableConvOptions, keyof LayerOptions>;

/** Over any number of axes: depthwise_kernel, pointwise_kernel and bias. */
export abstract class SeparableConv extends Convolution<Values<ReturnType<typeof fieldsFor>>> {
  depthwiseKernel!: Variable;
  pointwiseKernel!: Variable;

  constructor(where: string, options: LayerOptions, axes: number) {
    super(where, fieldsFor(axes), options, axes);
  }

  protected outputFeatures(): number {
    return this.options.filters;
  }

  protected override make(inputShape: BatchShape): void {
    const { kernelSize, filters, depthMultiplier, ...o } = this.options;
    const inputs = this.checkInput(inputShape);
    const depthwiseShape = [...kernelSize, inputs, depthMultiplier];
    this.depthwiseKernel = this.addWeight("depthwise_kernel", depthwiseShape, o.depthwiseInitializer, {
      regularizer: o.depthwiseRegularizer,
      constraint: o.depthwiseConstraint,
    });
    const pointwiseShape = [...kernelSize.map(() => 1), inputs * depthMultiplier, filters];
    this.pointwiseKernel = this.addWeight("pointwise_kernel", pointwiseShape, o.pointwiseInitializer, {
      regularizer: o.pointwiseRegularizer,
      constraint: o.pointwiseConstraint,
    });
    this.addBias(filters);
  }

  protected run(input: Tensor): Tensor {
    this.requireLastSize(input, this.depthwiseKernel.shape.at(-2)!);
    const separate = depthwise(this, input, this.depthwiseKernel, this.windows);
    return this.finish(matMul(separate, reshape(this.pointwiseKernel, this.pointwiseKernel.shape.slice(-2))));
  }
}
