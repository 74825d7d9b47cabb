import type { PerAxis } from "../spatial/spatial-layer.js";
import { UpSampling, type UpSamplingOptions } from "./up-sampling.js";

/** Options of `layers.upSampling2d`. */
export type UpSampling2DOptions = UpSamplingOptions<PerAxis>;

/**
 * Repeats rows and columns (Keras' interpolation "nearest"):
 * [batch, height, width, channels] -> [batch, height · size, width · size, channels].
 *
 * @example layers.upSampling2d({ size: [2, 3] })
 */
export class UpSampling2D extends UpSampling {
  readonly className = "UpSampling2D";

  constructor(options: UpSampling2DOptions = {}) {
    super("layers.upSampling2d", options, 2);
  }
}
