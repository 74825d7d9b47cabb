import { RondoError } from "../../errors.js";
import { add } from "../../tensor/ops/arithmetic.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ActivationSpec } from "../activations.js";
import type { ConstraintSpec } from "../constraints.js";
import { FieldLayer } from "../field-layer.js";
import {
  activation,
  constraint,
  type Fields,
  flag,
  initializer,
  positive,
  regularizer,
  type Values,
} from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";
import { type ConvolutionPadding, convolutionPadding, type WindowSpec, windowCount } from "./windows.js";

/** Options that the convolutions share. */
export interface ConvolutionOptions extends LayerOptions {
  /** Steps in a window. */
  kernelSize: number;
  /** Steps from one window to the next. Default: 1. */
  strides?: number;
  /**
   * "valid" (default): whole windows only, fewer steps come out. "same": zeros around the input, ceil(time / strides)
   * steps. "causal": the zeros are all before it, so that no step depends on a later one.
   */
  padding?: ConvolutionPadding;
  /** Distance between the steps of a window. Default: 1. Not together with strides above 1. */
  dilationRate?: number;
  /** Default: "linear". */
  activation?: ActivationSpec;
  /** Default: true. */
  useBias?: boolean;
  /** Default: "zeros". */
  biasInitializer?: InitializerSpec;
  biasRegularizer?: RegularizerSpec;
  biasConstraint?: ConstraintSpec;
}

export const convolutionFields = {
  kernelSize: positive(),
  strides: positive(1),
  padding: convolutionPadding(),
  dilationRate: positive(1),
  activation: activation("linear"),
  useBias: flag(true),
  biasInitializer: initializer("zeros"),
  biasRegularizer: regularizer(),
  biasConstraint: constraint(),
} satisfies Fields<ConvolutionOptions, keyof LayerOptions>;

/** Windows over time, a bias and an activation. A mask ends here, as in Keras: steps no longer correspond. */
export abstract class Convolution<V extends Values<typeof convolutionFields>> extends FieldLayer<V> {
  bias: Variable | null = null;

  /** Features of the output, from those of the input. */
  protected abstract outputFeatures(inputs: number | null): number | null;

  protected get windowing(): WindowSpec {
    const { kernelSize: size, strides, padding, dilationRate } = this.options;
    return { size, strides, padding, dilationRate };
  }

  /** Checks what must fit before the weights are made; returns the number of input features. */
  protected checkInput(inputShape: BatchShape): number {
    const { strides, dilationRate } = this.options;
    this.requireRank({ shape: inputShape }, 3, "[batch, time, features]");
    if (strides > 1 && dilationRate > 1) {
      throw new RondoError("option", "strides and dilationRate cannot both be above 1", {
        path: this.describe(),
        received: `strides: ${strides}, dilationRate: ${dilationRate}`,
      });
    }
    return this.lastSize(inputShape);
  }

  protected addBias(size: number): void {
    const o = this.options;
    if (!o.useBias) return;
    this.bias = this.addWeight("bias", [size], o.biasInitializer, {
      regularizer: o.biasRegularizer,
      constraint: o.biasConstraint,
    });
  }

  protected finish(sum: Tensor): Tensor {
    return this.options.activation.apply(this.bias ? add(sum, this.bias) : sum);
  }

  override computeMask(): null {
    return null;
  }

  override computeOutputShape(inputShape: BatchShape): BatchShape {
    const features = this.outputFeatures(inputShape[2] ?? null);
    return [inputShape[0] ?? null, windowCount(this, inputShape, this.windowing), features];
  }
}
