import type { PerAxis } from "../spatial/spatial-layer.js";
import { MaxPooling, type PoolingOptions } from "./pooling.js";

/** Options of `layers.maxPooling2d`. */
export type MaxPooling2DOptions = PoolingOptions<PerAxis>;

/**
 * The largest value of each channel in every window of a plane: [batch, height, width, channels] ->
 * [batch, rows, columns, channels].
 *
 * @example layers.maxPooling2d({ poolSize: 2 })
 */
export class MaxPooling2D extends MaxPooling {
  readonly className = "MaxPooling2D";

  constructor(options: MaxPooling2DOptions = {}) {
    super("layers.maxPooling2d", options, 2);
  }
}
