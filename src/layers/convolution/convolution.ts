import { RondoError } from "../../errors.js";
import { add } from "../../tensor/ops/arithmetic.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { type ActivationSpec, activatedShape } from "../activations.js";
import type { ConstraintSpec } from "../constraints.js";
import { activation, constraint, type Fields, flag, initializer, oneOf, regularizer, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";
import { perAxis, SpatialLayer, type SpatialOptions, spatialFields } from "../spatial/spatial-layer.js";
import { type ConvolutionPadding, type WindowSpec, windowCount } from "../spatial/windows.js";

/** Options that the convolutions share. Size is a number, or in the plane also [height, width]. */
export interface ConvolutionOptions<Size = number, Padding = ConvolutionPadding> extends SpatialOptions {
  /** Steps in a window. */
  kernelSize: Size;
  /** Steps from one window to the next. Default: 1. */
  strides?: Size;
  /**
   * "valid" (default): whole windows only, fewer steps come out. "same": zeros around the input, ceil(steps / strides)
   * steps. "causal" (over time): the zeros are all before it, so that no step depends on a later one.
   */
  padding?: Padding;
  /** Distance between the steps of a window. Default: 1. Not together with strides above 1. */
  dilationRate?: Size;
  /** Default: "linear". */
  activation?: ActivationSpec;
  /** Default: true. */
  useBias?: boolean;
  /** Default: "zeros". */
  biasInitializer?: InitializerSpec;
  /** Penalty on the bias. Default: none. */
  biasRegularizer?: RegularizerSpec;
  /** What the bias is moved to after every update. Default: none. */
  biasConstraint?: ConstraintSpec;
}

const paddings = (axes: number): readonly ConvolutionPadding[] =>
  axes === 1 ? ["valid", "same", "causal"] : ["valid", "same"];

/** Fields of a convolution over so many axes. */
export function convolutionFields(axes: number) {
  return {
    kernelSize: perAxis(axes),
    strides: perAxis(axes, 1),
    padding: oneOf<ConvolutionPadding>(paddings(axes), "valid"),
    dilationRate: perAxis(axes, 1),
    ...spatialFields,
    activation: activation("linear"),
    useBias: flag(true),
    biasInitializer: initializer("zeros"),
    biasRegularizer: regularizer(),
    biasConstraint: constraint(),
  } satisfies Fields<ConvolutionOptions, keyof LayerOptions>;
}

/** Windows that move over the input, a bias and an activation. */
export abstract class Convolution<V extends Values<ReturnType<typeof convolutionFields>>> extends SpatialLayer<V> {
  bias: Variable | null = null;

  /** Features of the output, from those of the input. */
  protected abstract outputFeatures(inputs: number | null): number | null;

  /** How the windows move along each spatial axis. */
  protected get windows(): readonly WindowSpec[] {
    const { kernelSize, strides, padding, dilationRate } = this.options;
    return kernelSize.map((size, i) => ({ size, strides: strides[i]!, padding, dilationRate: dilationRate[i]! }));
  }

  /** Checks what must fit before the weights are made; returns the number of input features. */
  protected checkInput(inputShape: BatchShape): number {
    checkWindows(this.describe(), this.options);
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

  protected outputShape(inputShape: BatchShape): BatchShape {
    const counts = this.windows.map((window, i) => windowCount(this, inputShape, i + 1, window));
    const features = this.outputFeatures(inputShape.at(-1) ?? null);
    return activatedShape(this.options.activation, [inputShape[0] ?? null, ...counts, features]);
  }
}

/** Throws RondoError "option" for what no convolution does. */
export function checkWindows(
  path: string,
  { strides, dilationRate }: { readonly strides: readonly number[]; readonly dilationRate: readonly number[] },
): void {
  if (Math.max(...strides) === 1 || Math.max(...dilationRate) === 1) return;
  throw new RondoError("option", "strides and dilationRate cannot both be above 1", {
    path,
    received: `strides: ${strides.join(", ")}, dilationRate: ${dilationRate.join(", ")}`,
  });
}
