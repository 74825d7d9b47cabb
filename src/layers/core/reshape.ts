import { RondoError } from "../../errors.js";
import { reshape } from "../../tensor/ops/movement.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type Field, type Fields, layerOptionNames, readFields, type Values, writeFields } from "../fields.js";
import { type BatchShape, Layer, type LayerOptions } from "../layer.js";

/** Options of `layers.reshape`. */
export interface ReshapeOptions extends LayerOptions {
  /** Sizes without the batch axis; one of them may be -1, which takes what is left. */
  targetShape: readonly number[];
}

const target: Field<readonly number[], readonly number[]> = {
  read: (value, at) => {
    const fits = Array.isArray(value) && value.every((n) => Number.isInteger(n) && (n >= 1 || n === -1));
    if (fits && value.filter((n) => n === -1).length <= 1) return value;
    throw new RondoError("value", `${at} cannot be this`, {
      received: JSON.stringify(value),
      expected: "whole numbers of at least 1, one of which may be -1",
    });
  },
  write: (value) => [...value],
};

const fields = { targetShape: target } satisfies Fields<ReshapeOptions, keyof LayerOptions>;

/**
 * The same elements under another shape; the batch axis stays.
 *
 * @example layers.reshape({ targetShape: [-1, 2] }) // [batch, 6] -> [batch, 3, 2]
 */
export class Reshape extends Layer {
  readonly className = "Reshape";
  readonly options: Values<typeof fields>;

  constructor(options: ReshapeOptions) {
    super(options);
    this.options = readFields("layers.reshape", fields, options, layerOptionNames);
  }

  call(input: Tensor): Tensor {
    return reshape(input, this.computeOutputShape(input.shape) as number[]);
  }

  override computeMask(): null {
    return null;
  }

  computeOutputShape([batch, ...rest]: BatchShape): BatchShape {
    const wanted = this.options.targetShape;
    const known = wanted.reduce((n, m) => (m === -1 ? n : n * m), 1);
    if (rest.includes(null)) return [batch ?? null, ...wanted.map((n) => (n === -1 ? null : n))];
    const size = (rest as number[]).reduce((n, m) => n * m, 1);
    if (wanted.includes(-1) ? size % known !== 0 : size !== known) {
      throw new RondoError("shape", "the input does not fit the target shape", {
        path: this.describe(),
        received: formatShape([batch ?? null, ...rest]),
        expected: `a number of elements per example that fits ${formatShape(wanted)}`,
      });
    }
    return [batch ?? null, ...wanted.map((n) => (n === -1 ? size / known : n))];
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, fields, this.options) };
  }
}
