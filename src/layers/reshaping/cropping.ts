import { RondoError } from "../../errors.js";
import { slice } from "../../tensor/ops/slicing.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Fields, Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import { type Edges, edges, SpatialLayer, type SpatialOptions, spatialFields } from "../spatial/spatial-layer.js";

/** Options of cropping; Size is a number, [start, end], or in the plane what `Edges` says. */
export interface CroppingOptions<Size = Edges> extends SpatialOptions {
  /** What is taken off at both ends. Default: 1. */
  cropping?: Size;
}

const fieldsFor = (axes: number) =>
  ({ cropping: edges(axes, axes === 1 ? 1 : 0), ...spatialFields }) satisfies Fields<
    CroppingOptions,
    keyof LayerOptions
  >;

/** Takes steps off along every spatial axis. */
export abstract class Cropping extends SpatialLayer<Values<ReturnType<typeof fieldsFor>>> {
  constructor(where: string, options: LayerOptions, axes: number) {
    super(where, fieldsFor(axes), options, axes);
  }

  protected run(input: Tensor): Tensor {
    const sizes = this.outputShape(input.shape) as number[];
    return slice(input, [0, ...this.options.cropping.map(([before]) => before), 0], sizes);
  }

  protected outputShape(inputShape: BatchShape): BatchShape {
    return inputShape.map((n, axis) => {
      const [before, after] = this.options.cropping[axis - 1] ?? [0, 0];
      if (typeof n !== "number" || n > before + after) return n === null ? null : n - before - after;
      throw new RondoError("shape", "the cropping leaves no step", {
        path: this.describe(),
        received: `cropping [${[before, after]}] of ${formatShape(inputShape)}, axis ${axis}`,
        expected: `fewer than ${n} steps in all`,
      });
    });
  }
}
