import { checkOptions } from "../../errors.js";
import { reshape } from "../../tensor/ops/movement.js";
import type { Tensor } from "../../tensor/tensor.js";
import { layerOptionNames } from "../fields.js";
import { type BatchShape, Layer, type LayerOptions } from "../layer.js";

/** Options of `layers.flatten`. */
export type FlattenOptions = LayerOptions;

/**
 * All axes but the batch as one: [batch, a, b, …] -> [batch, a · b · …].
 *
 * @example layers.flatten()
 */
export class Flatten extends Layer {
  readonly className = "Flatten";

  constructor(options: FlattenOptions = {}) {
    super(options);
    checkOptions("layers.flatten", options, layerOptionNames);
  }

  call(input: Tensor): Tensor {
    return reshape(input, this.computeOutputShape(input.shape) as number[]);
  }

  override computeMask(): null {
    return null;
  }

  computeOutputShape([batch, ...rest]: BatchShape): BatchShape {
    return [batch ?? null, rest.reduce<number | null>((n, m) => (n === null || m === null ? null : n * m), 1)];
  }
}
