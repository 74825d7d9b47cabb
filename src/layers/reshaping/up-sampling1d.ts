import { broadcastTo, reshape } from "../../tensor/ops/movement.js";
import type { Tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import { type Fields, positive, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";

export interface UpSampling1DOptions extends LayerOptions {
  /** How often every step is repeated. Default: 2. */
  size?: number;
}

const fields = { size: positive(2) } satisfies Fields<UpSampling1DOptions, keyof LayerOptions>;

/**
 * Repeats every step: [batch, time, features] -> [batch, time · size, features]. The mask ends here, as in Keras.
 *
 * @example layers.upSampling1d({ size: 2 }).apply([[[1], [2]]]) // [[[1], [1], [2], [2]]]
 */
export class UpSampling1D extends FieldLayer<Values<typeof fields>> {
  readonly className = "UpSampling1D";

  constructor(options: UpSampling1DOptions = {}) {
    super("layers.upSampling1d", fields, options);
  }

  call(input: Tensor): Tensor {
    this.requireRank(input, 3, "[batch, time, features]");
    const [batch, time, features] = input.shape as [number, number, number];
    const { size } = this.options;
    const repeated = broadcastTo(reshape(input, [batch, time, 1, features]), [batch, time, size, features]);
    return reshape(repeated, [batch, time * size, features]);
  }

  override computeMask(): null {
    return null;
  }

  override computeOutputShape([batch, time, features]: BatchShape): BatchShape {
    const steps = typeof time === "number" ? time * this.options.size : null;
    return [batch ?? null, steps, features ?? null];
  }
}
