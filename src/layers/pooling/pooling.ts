import { addN, div, maximum } from "../../tensor/ops/arithmetic.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { type Fields, oneOf, optional, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import { perAxis, SpatialLayer, type SpatialOptions, spatialFields } from "../spatial/spatial-layer.js";
import { paddingOf, type WindowSpec, windowCount, windowTaps } from "../spatial/windows.js";

/** Options that maximum and average pooling share. Size is a number, or in the plane also [height, width]. */
export interface PoolingOptions<Size = number> extends SpatialOptions {
  /** Steps in a window. Default: 2. */
  poolSize?: Size;
  /** Steps from one window to the next. Default: poolSize. */
  strides?: Size | null;
  /** "valid" (default): whole windows only. "same": ceil(steps / strides) windows, those at the ends being cut off. */
  padding?: "valid" | "same";
}

function fieldsFor(axes: number) {
  return {
    poolSize: perAxis(axes, 2),
    strides: optional(perAxis(axes)),
    padding: oneOf(["valid", "same"], "valid"),
    ...spatialFields,
  } satisfies Fields<PoolingOptions, keyof LayerOptions>;
}

/** Windows that are reduced to one value per feature, one axis after the other. */
export abstract class Pooling extends SpatialLayer<Values<ReturnType<typeof fieldsFor>>> {
  constructor(where: string, options: LayerOptions, axes: number) {
    super(where, fieldsFor(axes), options, axes);
  }

  private get windows(): readonly WindowSpec[] {
    const { poolSize, strides, padding } = this.options;
    return poolSize.map((size, i) => ({ size, strides: strides?.[i] ?? size, padding, dilationRate: 1 }));
  }

  /** Pools along one axis. */
  protected abstract pool(x: Tensor, axis: number, spec: WindowSpec): Tensor;

  protected run(input: Tensor): Tensor {
    return this.windows.reduce((x, spec, i) => this.pool(x, i + 1, spec), input);
  }

  protected outputShape(inputShape: BatchShape): BatchShape {
    const counts = this.windows.map((spec, i) => windowCount(this, inputShape, i + 1, spec));
    return [inputShape[0] ?? null, ...counts, inputShape.at(-1) ?? null];
  }
}

/** The largest value of each feature in every window. */
export abstract class MaxPooling extends Pooling {
  protected pool(x: Tensor, axis: number, spec: WindowSpec): Tensor {
    return windowTaps(this, x, axis, spec, Number.NEGATIVE_INFINITY).reduce((a, b) => maximum(a, b));
  }
}

/** The mean of each feature in every window; windows that stand out count the steps there are. */
export abstract class AveragePooling extends Pooling {
  protected pool(x: Tensor, axis: number, spec: WindowSpec): Tensor {
    const sum = addN(windowTaps(this, x, axis, spec));
    const steps = x.shape[axis]!;
    const [before] = paddingOf(steps, spec);
    const inside = (_: unknown, i: number) => {
      const from = i * spec.strides - before;
      return Math.min(steps, from + spec.size) - Math.max(0, from);
    };
    const counts = Float32Array.from({ length: sum.shape[axis]! }, inside);
    return div(
      sum,
      tensor(
        counts,
        sum.shape.map((n, i) => (i === axis ? n : 1)),
      ),
    );
  }
}
