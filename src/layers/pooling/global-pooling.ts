import { type Fields, flag, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import { SpatialLayer, type SpatialOptions, spatialFields } from "../spatial/spatial-layer.js";

/** Options of pooling over all of time, or a whole plane. */
export interface GlobalPoolingOptions extends SpatialOptions {
  /** Keeps the spatial axes, with a size of 1. Default: false. */
  keepdims?: boolean;
}

const fields = { keepdims: flag(false), ...spatialFields } satisfies Fields<GlobalPoolingOptions, keyof LayerOptions>;

/** Pooling over all of time or a whole plane. */
export abstract class GlobalPooling extends SpatialLayer<Values<typeof fields>> {
  constructor(where: string, options: LayerOptions, axes: number) {
    super(where, fields, options, axes);
  }

  /** The axes that are reduced. */
  protected get pooled(): number[] {
    return Array.from({ length: this.axes }, (_, i) => i + 1);
  }

  protected outputShape(inputShape: BatchShape): BatchShape {
    const kept = this.options.keepdims ? this.pooled.map(() => 1) : [];
    return [inputShape[0] ?? null, ...kept, inputShape.at(-1) ?? null];
  }
}
