import type { Tensor } from "../../tensor/tensor.js";
import { getActivation } from "../activations.js";
import { FieldLayer } from "../field-layer.js";
import { type Fields, real, type Values } from "../fields.js";
import type { LayerOptions } from "../layer.js";

/** Options of `layers.elu`. */
export interface ELUOptions extends LayerOptions {
  /** What the output tends to far below 0, negated. Default: 1. */
  alpha?: number;
}

const fields = { alpha: real(1) } satisfies Fields<ELUOptions, keyof LayerOptions>;

/**
 * x above 0, alpha · (exp(x) - 1) below (Clevert et al. 2015, arXiv 1511.07289). Keeps the shape and the mask.
 *
 * @example layers.elu()
 */
export class ELU extends FieldLayer<Values<typeof fields>> {
  readonly className = "ELU";

  constructor(options: ELUOptions = {}) {
    super("layers.elu", fields, options);
  }

  call(input: Tensor): Tensor {
    return getActivation({ name: "elu", ...this.options }).apply(input);
  }
}
