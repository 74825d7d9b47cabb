import { RondoError } from "../../errors.js";
import { transpose } from "../../tensor/ops/movement.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import type { Field, Fields, Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";

/** Options of `layers.permute`. */
export interface PermuteOptions extends LayerOptions {
  /** The input's axis at each place of the output, counted from 1; the batch axis is not mentioned and stays first. */
  dims: readonly number[];
}

const order: Field<readonly number[], readonly number[]> = {
  read: (value, at) => {
    const sorted = Array.isArray(value) ? [...value].sort((a, b) => a - b) : [];
    if (sorted.length > 0 && sorted.every((n, i) => n === i + 1)) return value!;
    throw new RondoError("value", `${at} cannot be this`, {
      received: JSON.stringify(value) ?? String(value),
      expected: "each of the numbers 1 to the number of axes once, in the wanted order, such as [2, 1]",
    });
  },
  write: (value) => [...value],
};

const fields = { dims: order } satisfies Fields<PermuteOptions, keyof LayerOptions>;

/**
 * Puts the axes after the batch in another order. The mask ends here, as in Keras.
 *
 * @example layers.permute({ dims: [2, 1] }) // [batch, time, features] -> [batch, features, time]
 */
export class Permute extends FieldLayer<Values<typeof fields>> {
  readonly className = "Permute";

  constructor(options: PermuteOptions) {
    super("layers.permute", fields, options);
  }

  call(input: Tensor): Tensor {
    this.computeOutputShape(input.shape);
    return transpose(input, [0, ...this.options.dims]);
  }

  override computeMask(): null {
    return null;
  }

  override computeOutputShape(inputShape: BatchShape): BatchShape {
    const { dims } = this.options;
    if (inputShape.length === dims.length + 1) return [0, ...dims].map((axis) => inputShape[axis] ?? null);
    throw new RondoError("shape", "the dims do not fit the input", {
      path: this.describe(),
      received: `dims [${dims}] for ${formatShape(inputShape)}`,
      expected: `an input of ${dims.length + 1} axes, the batch included`,
    });
  }
}
