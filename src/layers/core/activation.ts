import type { Tensor } from "../../tensor/tensor.js";
import { type ActivationSpec, activatedShape } from "../activations.js";
import { activation, type Fields, layerOptionNames, readFields, type Values, writeFields } from "../fields.js";
import { type BatchShape, Layer, type LayerOptions } from "../layer.js";

/** Options of `layers.activation`. */
export interface ActivationOptions extends LayerOptions {
  /** Name, { name, ...options } or function. Default: "linear". */
  activation: ActivationSpec;
}

const fields = { activation: activation("linear") } satisfies Fields<ActivationOptions, keyof LayerOptions>;

/**
 * Applies an activation function; the shape stays.
 *
 * @example layers.activation({ activation: "relu" })
 */
export class ActivationLayer extends Layer {
  readonly className = "Activation";
  readonly options: Values<typeof fields>;

  constructor(options: ActivationOptions) {
    super(options);
    this.options = readFields("layers.activation", fields, options, layerOptionNames);
  }

  call(input: Tensor): Tensor {
    return this.options.activation.apply(input);
  }

  computeOutputShape(inputShape: BatchShape): BatchShape {
    return activatedShape(this.options.activation, inputShape);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, fields, this.options) };
  }
}
