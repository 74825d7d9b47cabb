import { where } from "../../tensor/ops/comparison.js";
import { reshape } from "../../tensor/ops/movement.js";
import { softmax } from "../../tensor/ops/softmax.js";
import { normalizeAxis } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import { axis, type Fields, type Values } from "../fields.js";
import type { CallContext, LayerOptions } from "../layer.js";

/** Options of `layers.softmax`. */
export interface SoftmaxOptions extends LayerOptions {
  /** The axis along which the outputs add up to 1. Default: -1. */
  axis?: number;
}

const fields = { axis: axis(-1) } satisfies Fields<SoftmaxOptions, keyof LayerOptions>;

/**
 * exp(x) / sum(exp(x)) along an axis. Keeps the shape and the mask. Where the softmax runs over time (the axis is one of
 * the mask's), masked steps get 0 and the others share the 1; if all are masked, all get 0.
 *
 * @example layers.softmax().apply([[0, 0]]) // [[0.5, 0.5]]
 */
export class Softmax extends FieldLayer<Values<typeof fields>> {
  readonly className = "Softmax";

  constructor(options: SoftmaxOptions = {}) {
    super("layers.softmax", fields, options);
  }

  call(input: Tensor, { mask }: CallContext): Tensor {
    const along = normalizeAxis(this.options.axis, input.rank, this.describe());
    if (!mask || along >= mask.rank) return softmax(input, along);
    const counts = reshape(mask, [...mask.shape, ...input.shape.slice(mask.rank).map(() => 1)]);
    return where(counts, softmax(where(counts, input, -1e9), along), 0);
  }
}
