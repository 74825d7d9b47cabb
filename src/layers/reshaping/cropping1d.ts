import { Cropping, type CroppingOptions } from "./cropping.js";

/** Options of `layers.cropping1d`. */
export type Cropping1DOptions = CroppingOptions<number | readonly [number, number]>;

/**
 * Takes steps off: [batch, time, features] -> [batch, time - start - end, features]. The mask ends here, as in Keras.
 * `cropping` is one number for both ends (default 1) or [start, end].
 * Throws RondoError "shape" when no step is left.
 *
 * @example layers.cropping1d({ cropping: [1, 0] })
 */
export class Cropping1D extends Cropping {
  readonly className = "Cropping1D";

  constructor(options: Cropping1DOptions = {}) {
    super("layers.cropping1d", options, 1);
  }
}
