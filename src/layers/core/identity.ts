import type { Tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import type { LayerOptions } from "../layer.js";

/** Options of `layers.identity`. */
export type IdentityOptions = LayerOptions;

/**
 * Passes its input on. Keeps the shape and the mask.
 *
 * @example layers.identity({ name: "here" })
 */
export class Identity extends FieldLayer<object> {
  readonly className = "Identity";

  constructor(options: IdentityOptions = {}) {
    super("layers.identity", {}, options);
  }

  call(input: Tensor): Tensor {
    return input;
  }
}
