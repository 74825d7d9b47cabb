import type { Tensor } from "../../tensor/tensor.js";
import type { Fields, Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import { type Edges, edges, SpatialLayer, type SpatialOptions, spatialFields } from "../spatial/spatial-layer.js";
import { padAxis } from "../spatial/windows.js";

/** Options of padding; Size is a number, [before, after], or in the plane what `Edges` says. */
export interface ZeroPaddingOptions<Size = Edges> extends SpatialOptions {
  /** How many zeros are added at both ends. Default: 1. */
  padding?: Size;
}

const fieldsFor = (axes: number) =>
  ({ padding: edges(axes, 1), ...spatialFields }) satisfies Fields<ZeroPaddingOptions, keyof LayerOptions>;

/** Adds steps of zeros along every spatial axis. */
export abstract class ZeroPadding extends SpatialLayer<Values<ReturnType<typeof fieldsFor>>> {
  constructor(where: string, options: LayerOptions, axes: number) {
    super(where, fieldsFor(axes), options, axes);
  }

  protected run(input: Tensor): Tensor {
    return this.options.padding.reduce((x, ends, i) => padAxis(x, i + 1, ends), input);
  }

  protected outputShape(inputShape: BatchShape): BatchShape {
    return inputShape.map((n, axis) => {
      const [before, after] = this.options.padding[axis - 1] ?? [0, 0];
      return n === null ? null : n + before + after;
    });
  }
}
