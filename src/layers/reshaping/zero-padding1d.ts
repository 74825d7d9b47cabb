import { pad } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import { bothEnds, type Fields, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";

export interface ZeroPadding1DOptions extends LayerOptions {
  /** Steps added before and after: one number for both, or [before, after]. Default: 1. */
  padding?: number | readonly [number, number];
}

const fields = { padding: bothEnds(1) } satisfies Fields<ZeroPadding1DOptions, keyof LayerOptions>;

/**
 * Adds steps of zeros: [batch, time, features] -> [batch, before + time + after, features]. The mask ends here, as in
 * Keras.
 *
 * @example layers.zeroPadding1d({ padding: [2, 0] })
 */
export class ZeroPadding1D extends FieldLayer<Values<typeof fields>> {
  readonly className = "ZeroPadding1D";

  constructor(options: ZeroPadding1DOptions = {}) {
    super("layers.zeroPadding1d", fields, options);
  }

  call(input: Tensor): Tensor {
    this.requireRank(input, 3, "[batch, time, features]");
    const others = input.shape.slice(2).map((): [number, number] => [0, 0]);
    return pad(input, [[0, 0], this.options.padding, ...others]);
  }

  override computeMask(): null {
    return null;
  }

  override computeOutputShape([batch, time, ...rest]: BatchShape): BatchShape {
    const [before, after] = this.options.padding;
    return [batch ?? null, typeof time === "number" ? before + time + after : null, ...rest];
  }
}
