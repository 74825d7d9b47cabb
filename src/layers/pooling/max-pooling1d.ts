import { MaxPooling, type PoolingOptions } from "./pooling.js";

/** Options of `layers.maxPooling1d`. */
export type MaxPooling1DOptions = PoolingOptions;

/**
 * The largest value of each feature in every window: [batch, time, features] -> [batch, windows, features].
 * The mask ends here. Throws RondoError "shape" when the input is shorter than one window.
 *
 * @example layers.maxPooling1d({ poolSize: 2 })
 */
export class MaxPooling1D extends MaxPooling {
  readonly className = "MaxPooling1D";

  constructor(options: MaxPooling1DOptions = {}) {
    super("layers.maxPooling1d", options, 1);
  }
}
