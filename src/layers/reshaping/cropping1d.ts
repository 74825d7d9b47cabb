import { RondoError } from "../../errors.js";
import { slice } from "../../tensor/ops/slicing.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import { bothEnds, type Fields, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";

export interface Cropping1DOptions extends LayerOptions {
  /** Steps taken off at the start and at the end: one number for both, or [start, end]. Default: 1. */
  cropping?: number | readonly [number, number];
}

const fields = { cropping: bothEnds(1) } satisfies Fields<Cropping1DOptions, keyof LayerOptions>;

/**
 * Takes steps off: [batch, time, features] -> [batch, time - start - end, features]. The mask ends here, as in Keras.
 * Throws RondoError "shape" when no step is left.
 *
 * @example layers.cropping1d({ cropping: [1, 0] })
 */
export class Cropping1D extends FieldLayer<Values<typeof fields>> {
  readonly className = "Cropping1D";

  constructor(options: Cropping1DOptions = {}) {
    super("layers.cropping1d", fields, options);
  }

  call(input: Tensor): Tensor {
    this.requireRank(input, 3, "[batch, time, features]");
    const [, time] = this.computeOutputShape(input.shape) as [number, number];
    return slice(input, [0, this.options.cropping[0]], [-1, time]);
  }

  override computeMask(): null {
    return null;
  }

  override computeOutputShape(inputShape: BatchShape): BatchShape {
    const [batch, time, ...rest] = inputShape;
    if (typeof time !== "number") return [batch ?? null, null, ...rest];
    const left = time - this.options.cropping[0] - this.options.cropping[1];
    if (left >= 1) return [batch ?? null, left, ...rest];
    throw new RondoError("shape", "the cropping leaves no step", {
      path: this.describe(),
      received: `cropping [${this.options.cropping}] of ${formatShape(inputShape)}`,
      expected: `fewer than ${time} steps in all`,
    });
  }
}
