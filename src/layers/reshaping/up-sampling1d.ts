import { UpSampling, type UpSamplingOptions } from "./up-sampling.js";

/** Options of `layers.upSampling1d`. */
export type UpSampling1DOptions = UpSamplingOptions;

/**
 * Repeats every step: [batch, time, features] -> [batch, time · size, features]. The mask ends here, as in Keras.
 *
 * @example layers.upSampling1d({ size: 2 }).apply([[[1], [2]]]) // [[[1], [1], [2], [2]]]
 */
export class UpSampling1D extends UpSampling {
  readonly className = "UpSampling1D";

  constructor(options: UpSampling1DOptions = {}) {
    super("layers.upSampling1d", options, 1);
  }
}
