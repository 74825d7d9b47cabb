import type { Edges } from "../spatial/spatial-layer.js";
import { ZeroPadding, type ZeroPaddingOptions } from "./zero-padding.js";

/** Options of `layers.zeroPadding2d`. */
export type ZeroPadding2DOptions = ZeroPaddingOptions<Edges>;

/**
 * Adds rows and columns of zeros: [batch, height, width, channels] -> [batch, top + height + bottom,
 * left + width + right, channels]. `padding` is one number (default 1), [rows, columns] for both ends each, or
 * [[top, bottom], [left, right]].
 *
 * @example layers.zeroPadding2d({ padding: [[0, 1], [2, 2]] })
 */
export class ZeroPadding2D extends ZeroPadding {
  readonly className = "ZeroPadding2D";

  constructor(options: ZeroPadding2DOptions = {}) {
    super("layers.zeroPadding2d", options, 2);
  }
}
