import { broadcastTo, reshape } from "../../tensor/ops/movement.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { AnyField, Fields, Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import { perAxis, SpatialLayer, type SpatialOptions, spatialFields } from "../spatial/spatial-layer.js";

/** Options of upsampling. Size is a number, or in the plane also [height, width]. */
export interface UpSamplingOptions<Size = number> extends SpatialOptions {
  /** How often every step is repeated. Default: 2. */
  size?: Size;
}

const fieldsFor = (axes: number) =>
  ({ size: perAxis(axes, 2), ...spatialFields }) satisfies Fields<UpSamplingOptions, keyof LayerOptions>;

/** Repeats every step along every spatial axis. */
export abstract class UpSampling extends SpatialLayer<Values<ReturnType<typeof fieldsFor>>> {
  constructor(where: string, options: LayerOptions, axes: number, more: Readonly<Record<string, AnyField>> = {}) {
    super(where, { ...fieldsFor(axes), ...more }, options, axes);
  }

  protected run(input: Tensor): Tensor {
    const apart = input.shape.flatMap((n, axis) => (axis === 0 ? [n] : [n, 1]));
    const repeated = input.shape.flatMap((n, axis) => (axis === 0 ? [n] : [n, this.options.size[axis - 1] ?? 1]));
    return reshape(broadcastTo(reshape(input, apart), repeated), this.outputShape(input.shape) as number[]);
  }

  protected outputShape(inputShape: BatchShape): BatchShape {
    return inputShape.map((n, axis) => (n === null ? null : n * (this.options.size[axis - 1] ?? 1)));
  }
}
