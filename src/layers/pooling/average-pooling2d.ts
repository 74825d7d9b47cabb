import type { PerAxis } from "../spatial/spatial-layer.js";
import { AveragePooling, type PoolingOptions } from "./pooling.js";

/** Options of `layers.averagePooling2d`. */
export type AveragePooling2DOptions = PoolingOptions<PerAxis>;

/**
 * The mean of each channel in every window of a plane: [batch, height, width, channels] ->
 * [batch, rows, columns, channels]. Windows that padding "same" lets stand out average what there is.
 *
 * @example layers.averagePooling2d({ poolSize: [2, 3] })
 */
export class AveragePooling2D extends AveragePooling {
  readonly className = "AveragePooling2D";

  constructor(options: AveragePooling2DOptions = {}) {
    super("layers.averagePooling2d", options, 2);
  }
}
