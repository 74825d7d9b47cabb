import { reshape, transpose } from "../../tensor/ops/movement.js";
import type { Tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import type { Values } from "../fields.js";
import type { BatchShape } from "../layer.js";
import { type SpatialOptions, spatialFields } from "../spatial/spatial-layer.js";

/** Options of `layers.flatten`. */
export type FlattenOptions = SpatialOptions;

/**
 * All axes but the batch as one: [batch, a, b, …] -> [batch, a · b · …]. With dataFormat "channelsFirst" in the order of an
 * input that has its features last.
 *
 * @example layers.flatten()
 */
export class Flatten extends FieldLayer<Values<typeof spatialFields>> {
  readonly className = "Flatten";

  constructor(options: FlattenOptions = {}) {
    super("layers.flatten", spatialFields, options);
  }

  call(input: Tensor): Tensor {
    const last =
      this.options.dataFormat === "channelsFirst" && input.rank > 2
        ? transpose(input, [0, ...input.shape.slice(2).map((_, i) => i + 2), 1])
        : input;
    return reshape(last, this.computeOutputShape(input.shape) as number[]);
  }

  override computeMask(): null {
    return null;
  }

  override computeOutputShape([batch, ...rest]: BatchShape): BatchShape {
    return [batch ?? null, rest.reduce<number | null>((n, m) => (n === null || m === null ? null : n * m), 1)];
  }
}
