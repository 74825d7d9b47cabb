import { RondoError } from "../../errors.js";
import { concat, split } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ConstraintSpec } from "../constraints.js";
import { constraint, type Fields, initializer, positive, regularizer, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";
import type { ConvolutionPadding } from "../spatial/windows.js";
import { Convolution, type ConvolutionOptions, convolutionFields } from "./convolution.js";
import { convolve } from "./convolve.js";

/** Options of a convolution that mixes features. */
export interface ConvOptions<Size = number, Padding = ConvolutionPadding> extends ConvolutionOptions<Size, Padding> {
  /** Number of output features. */
  filters: number;
  /** Divides input and output features into groups that do not see each other. Default: 1. */
  groups?: number;
  /** Default: "glorotUniform". */
  kernelInitializer?: InitializerSpec;
  /** Penalty on the kernel. Default: none. */
  kernelRegularizer?: RegularizerSpec;
  /** What the kernel is moved to after every update. Default: none. */
  kernelConstraint?: ConstraintSpec;
}

const fieldsFor = (axes: number) =>
  ({
    filters: positive(),
    groups: positive(1),
    ...convolutionFields(axes),
    kernelInitializer: initializer("glorotUniform"),
    kernelRegularizer: regularizer(),
    kernelConstraint: constraint(),
  }) satisfies Fields<ConvOptions, keyof LayerOptions>;

/** Convolution over any number of axes: kernel [kernelSize …, features / groups, filters] and bias [filters]. */
export abstract class Conv extends Convolution<Values<ReturnType<typeof fieldsFor>>> {
  kernel!: Variable;

  constructor(where: string, options: LayerOptions, axes: number) {
    super(where, fieldsFor(axes), options, axes);
  }

  protected outputFeatures(): number {
    return this.options.filters;
  }

  protected override make(inputShape: BatchShape): void {
    const { kernelSize, filters, groups, ...o } = this.options;
    const inputs = this.checkInput(inputShape);
    if (inputs % groups !== 0 || filters % groups !== 0) {
      throw new RondoError("shape", "the features cannot be divided into these groups", {
        path: this.describe(),
        received: `${inputs} input features, ${filters} filters, ${groups} groups`,
        expected: "a number of groups that divides both",
      });
    }
    this.kernel = this.addWeight("kernel", [...kernelSize, inputs / groups, filters], o.kernelInitializer, {
      regularizer: o.kernelRegularizer,
      constraint: o.kernelConstraint,
    });
    this.addBias(filters);
  }

  protected run(input: Tensor): Tensor {
    const { groups } = this.options;
    this.requireLastSize(input, this.kernel.shape.at(-2)! * groups);
    const inputs = split(input, groups, -1);
    const kernels = split(this.kernel, groups, -1);
    const outputs = inputs.map((x, g) => convolve(this, x, kernels[g]!, this.windows));
    return this.finish(concat(outputs, -1));
  }
}
