import { minimum, mul } from "../../tensor/ops/arithmetic.js";
import { greater, where } from "../../tensor/ops/comparison.js";
import { sum } from "../../tensor/ops/reduce.js";
import { rsqrt, square } from "../../tensor/ops/unary.js";
import type { Tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import { axes, type Fields, type Values } from "../fields.js";
import type { LayerOptions } from "../layer.js";

/** Options of `layers.unitNormalization`. */
export interface UnitNormalizationOptions extends LayerOptions {
  /** Axes whose elements form one vector. Default: -1. */
  axis?: number | readonly number[];
}

const fields = { axis: axes(-1) } satisfies Fields<UnitNormalizationOptions, keyof LayerOptions>;

/**
 * Divides every vector by its length: y = x / max(|x|, 1e-12). A vector of zeros stays as it is. Keeps the shape and the
 * mask; no weights.
 *
 * @example layers.unitNormalization().apply([[3, 4]]) // [[0.6, 0.8]]
 */
export class UnitNormalization extends FieldLayer<Values<typeof fields>> {
  readonly className = "UnitNormalization";

  constructor(options: UnitNormalizationOptions = {}) {
    super("layers.unitNormalization", fields, options);
  }

  call(input: Tensor): Tensor {
    const squares = sum(square(input), this.options.axis, true);
    // The root of 0 has no slope; there the factor is a constant.
    const safe = where(greater(squares, 0), squares, 1);
    return mul(input, minimum(rsqrt(safe), 1e12));
  }
}
