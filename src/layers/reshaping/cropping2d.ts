import type { Edges } from "../spatial/spatial-layer.js";
import { Cropping, type CroppingOptions } from "./cropping.js";

/** Options of `layers.cropping2d`. */
export type Cropping2DOptions = CroppingOptions<Edges>;

/**
 * Takes rows and columns off: [batch, height, width, channels] -> [batch, height - top - bottom, width - left - right,
 * channels]. `cropping` is one number (default 0), [rows, columns] for both ends each, or [[top, bottom], [left, right]].
 * Throws RondoError "shape" when nothing is left.
 *
 * @example layers.cropping2d({ cropping: [[1, 0], [2, 2]] })
 */
export class Cropping2D extends Cropping {
  readonly className = "Cropping2D";

  constructor(options: Cropping2DOptions = {}) {
    super("layers.cropping2d", options, 2);
  }
}
