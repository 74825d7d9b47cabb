import type { Tensor } from "../../tensor/tensor.js";
import { type WindowSpec, windowCount } from "../convolution/windows.js";
import { FieldLayer } from "../field-layer.js";
import { type Fields, oneOf, optional, positive, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";

/** Options that maximum and average pooling share. */
export interface PoolingOptions extends LayerOptions {
  /** Steps in a window. Default: 2. */
  poolSize?: number;
  /** Steps from one window to the next. Default: poolSize. */
  strides?: number | null;
  /** "valid" (default): whole windows only. "same": ceil(time / strides) windows, those at the ends being cut off. */
  padding?: "valid" | "same";
}

export const poolingFields = {
  poolSize: positive(2),
  strides: optional(positive()),
  padding: oneOf(["valid", "same"], "valid"),
} satisfies Fields<PoolingOptions, keyof LayerOptions>;

/** Windows over time. A mask ends here, as in Keras: steps no longer correspond. */
export abstract class Pooling extends FieldLayer<Values<typeof poolingFields>> {
  protected get windowing(): WindowSpec {
    const { poolSize: size, strides, padding } = this.options;
    return { size, strides: strides ?? size, padding, dilationRate: 1 };
  }

  call(input: Tensor): Tensor {
    this.requireRank(input, 3, "[batch, time, features]");
    return this.pool(input);
  }

  protected abstract pool(input: Tensor): Tensor;

  override computeMask(): null {
    return null;
  }

  override computeOutputShape(inputShape: BatchShape): BatchShape {
    return [inputShape[0] ?? null, windowCount(this, inputShape, this.windowing), inputShape[2] ?? null];
  }
}
