import { AveragePooling, type PoolingOptions } from "./pooling.js";

/** Options of `layers.averagePooling1d`. */
export type AveragePooling1DOptions = PoolingOptions;

/**
 * The mean of each feature in every window: [batch, time, features] -> [batch, windows, features]. Windows that padding
 * "same" lets stand out average the steps there are. The mask ends here.
 * Throws RondoError "shape" when the input is shorter than one window.
 *
 * @example layers.averagePooling1d({ poolSize: 3, strides: 1, padding: "same" })
 */
export class AveragePooling1D extends AveragePooling {
  readonly className = "AveragePooling1D";

  constructor(options: AveragePooling1DOptions = {}) {
    super("layers.averagePooling1d", options, 1);
  }
}
