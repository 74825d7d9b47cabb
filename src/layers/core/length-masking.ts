import { checkOptions, RondoError } from "../../errors.js";
import { where } from "../../tensor/ops/comparison.js";
import { reshape } from "../../tensor/ops/movement.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { layerOptionNames } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import { MultiInputLayer } from "../multi-input-layer.js";
import { sequenceMask } from "./sequence-mask.js";

/** Options of `layers.lengthMasking`. */
export type LengthMaskingOptions = LayerOptions;

/**
 * Masks what lies beyond the length of each sequence and sets it to 0: from x [batch, time, …] and lengths [batch] or
 * [batch, 1], whole numbers up to time, to x with a mask, as if its padding had been found by `layers.masking`. With it
 * lengths can be an input of a model.
 *
 * @example
 * const x = input({ shape: [null, 4] });
 * const lengths = input({ shape: [1], dtype: "int32" });
 * const y = layers.lstm({ units: 8 }).apply(layers.lengthMasking().apply([x, lengths]));
 */
export class LengthMasking extends MultiInputLayer {
  readonly className = "LengthMasking";

  constructor(options: LengthMaskingOptions = {}) {
    super(options);
    checkOptions("layers.lengthMasking", options, layerOptionNames);
  }

  private maskOf([x, lengths]: readonly Tensor[]): Tensor {
    return sequenceMask(reshape(lengths!, [lengths!.size]), x!.shape[1]!);
  }

  override callMany(inputs: readonly Tensor[]): Tensor {
    const shape = this.computeOutputShapeMany(inputs.map((each) => each.shape)) as number[];
    const mask = reshape(this.maskOf(inputs), [...shape.slice(0, 2), ...shape.slice(2).map(() => 1)]);
    return where(mask, inputs[0]!, 0);
  }

  override computeMaskMany(inputs: readonly Tensor[]): Tensor {
    return this.maskOf(inputs);
  }

  override computeOutputShapeMany(shapes: readonly BatchShape[]): BatchShape {
    const [x, lengths] = shapes;
    const one = lengths && (lengths.length === 1 || (lengths.length === 2 && lengths[1] === 1));
    const batches = new Set([x?.[0], lengths?.[0]].filter((n) => typeof n === "number"));
    if (shapes.length === 2 && x!.length >= 2 && one && batches.size <= 1) return x!;
    throw new RondoError("shape", "layers.lengthMasking needs sequences and their lengths", {
      path: this.describe(),
      received: shapes.map((shape) => formatShape(shape)).join(", "),
      expected: "[batch, time, ...] and [batch] or [batch, 1]",
    });
  }
}
