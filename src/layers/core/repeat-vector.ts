import { RondoError } from "../../errors.js";
import { broadcastTo, reshape } from "../../tensor/ops/movement.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type Fields, layerOptionNames, positive, readFields, type Values, writeFields } from "../fields.js";
import { type BatchShape, Layer, type LayerOptions } from "../layer.js";

/** Options of `layers.repeatVector`. */
export interface RepeatVectorOptions extends LayerOptions {
  /** Number of steps. */
  n: number;
}

const fields = { n: positive() } satisfies Fields<RepeatVectorOptions, keyof LayerOptions>;

/**
 * Repeats a vector over time: [batch, features] -> [batch, n, features].
 *
 * @example layers.repeatVector({ n: 10 })
 */
export class RepeatVector extends Layer {
  readonly className = "RepeatVector";
  readonly options: Values<typeof fields>;

  constructor(options: RepeatVectorOptions) {
    super(options);
    this.options = readFields("layers.repeatVector", fields, options, layerOptionNames);
  }

  override build(inputShape: BatchShape): void {
    if (inputShape.length === 2) return;
    throw new RondoError("shape", "RepeatVector cannot take an input of this rank", {
      path: this.describe(),
      received: formatShape(inputShape),
      expected: "[batch, features]",
    });
  }

  call(input: Tensor): Tensor {
    const [batch, features] = input.shape as [number, number];
    return broadcastTo(reshape(input, [batch, 1, features]), [batch, this.options.n, features]);
  }

  override computeMask(): null {
    return null;
  }

  computeOutputShape([batch, features]: BatchShape): BatchShape {
    return [batch ?? null, this.options.n, features ?? null];
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, fields, this.options) };
  }
}
