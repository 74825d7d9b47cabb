import { ZeroPadding, type ZeroPaddingOptions } from "./zero-padding.js";

/** Options of `layers.zeroPadding1d`. */
export type ZeroPadding1DOptions = ZeroPaddingOptions<number | readonly [number, number]>;

/**
 * Adds steps of zeros: [batch, time, features] -> [batch, before + time + after, features]. `padding` is one number for
 * both ends (default 1) or [before, after]. The mask ends here, as in Keras.
 *
 * @example layers.zeroPadding1d({ padding: [2, 0] })
 */
export class ZeroPadding1D extends ZeroPadding {
  readonly className = "ZeroPadding1D";

  constructor(options: ZeroPadding1DOptions = {}) {
    super("layers.zeroPadding1d", options, 1);
  }
}
