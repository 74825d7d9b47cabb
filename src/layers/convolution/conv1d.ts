import { RondoError } from "../../errors.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { reshape } from "../../tensor/ops/movement.js";
import { concat, split } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ConstraintSpec } from "../constraints.js";
import { constraint, type Fields, initializer, positive, regularizer, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";
import { Convolution, type ConvolutionOptions, convolutionFields } from "./convolution.js";
import { windowTaps } from "./windows.js";

export interface Conv1DOptions extends ConvolutionOptions {
  /** Number of output features. */
  filters: number;
  /** Divides input and output features into groups that do not see each other. Default: 1. */
  groups?: number;
  /** Default: "glorotUniform". */
  kernelInitializer?: InitializerSpec;
  kernelRegularizer?: RegularizerSpec;
  kernelConstraint?: ConstraintSpec;
}

const fields = {
  filters: positive(),
  groups: positive(1),
  ...convolutionFields,
  kernelInitializer: initializer("glorotUniform"),
  kernelRegularizer: regularizer(),
  kernelConstraint: constraint(),
} satisfies Fields<Conv1DOptions, keyof LayerOptions>;

/**
 * Convolution over time: [batch, time, features] -> [batch, steps, filters].
 *
 *     y_t = activation(sum over j of x_(t · strides + j · dilationRate) · kernel_j + bias)
 *
 * Weights kernel [kernelSize, features / groups, filters] and bias [filters]. The mask ends here.
 * Throws RondoError "shape" when the input is shorter than one window.
 *
 * @example layers.conv1d({ filters: 32, kernelSize: 3, padding: "causal", dilationRate: 4 })
 */
export class Conv1D extends Convolution<Values<typeof fields>> {
  readonly className = "Conv1D";
  kernel!: Variable;

  constructor(options: Conv1DOptions) {
    super("layers.conv1d", fields, options);
  }

  protected outputFeatures(): number {
    return this.options.filters;
  }

  override build(inputShape: BatchShape): void {
    const { kernelSize, filters, groups, ...o } = this.options;
    const inputs = this.checkInput(inputShape);
    if (inputs % groups !== 0 || filters % groups !== 0) {
      throw new RondoError("shape", "the features cannot be divided into these groups", {
        path: this.describe(),
        received: `${inputs} input features, ${filters} filters, ${groups} groups`,
        expected: "a number of groups that divides both",
      });
    }
    this.kernel = this.addWeight("kernel", [kernelSize, inputs / groups, filters], o.kernelInitializer, {
      regularizer: o.kernelRegularizer,
      constraint: o.kernelConstraint,
    });
    this.addBias(filters);
  }

  call(input: Tensor): Tensor {
    const { groups } = this.options;
    this.requireRank(input, 3, "[batch, time, features]");
    this.requireLastSize(input, this.kernel.shape[1]! * groups);
    const inputs = split(input, groups, 2);
    const kernels = split(this.kernel, groups, 2);
    return this.finish(
      concat(
        inputs.map((x, g) => this.convolve(x, kernels[g]!)),
        2,
      ),
    );
  }

  /** One matrix product of all windows [batch, steps, size · features] and the kernel as a matrix. */
  private convolve(x: Tensor, kernel: Tensor): Tensor {
    const [size, features, filters] = kernel.shape as [number, number, number];
    return matMul(concat(windowTaps(this, x, this.windowing), 2), reshape(kernel, [size * features, filters]));
  }
}
