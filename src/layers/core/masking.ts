import { notEqual, where } from "../../tensor/ops/comparison.js";
import { any } from "../../tensor/ops/reduce.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type Fields, layerOptionNames, readFields, real, type Values, writeFields } from "../fields.js";
import { type BatchShape, Layer, type LayerOptions } from "../layer.js";

/** Options of `layers.masking`. */
export interface MaskingOptions extends LayerOptions {
  /** A step whose features all have this value is masked. Default: 0. */
  maskValue?: number;
}

const fields = { maskValue: real(0) } satisfies Fields<MaskingOptions, keyof LayerOptions>;

/**
 * Masks the steps whose features all equal `maskValue`, and sets them to 0: [batch, time, features] keeps its shape.
 *
 * @example layers.masking({ maskValue: -1 })
 */
export class Masking extends Layer {
  readonly className = "Masking";
  readonly options: Values<typeof fields>;

  constructor(options: MaskingOptions = {}) {
    super(options);
    this.options = readFields("layers.masking", fields, options, layerOptionNames);
  }

  call(input: Tensor): Tensor {
    this.requireRank(input, 2, "[batch, time, features]");
    return where(any(notEqual(input, this.options.maskValue), -1, true), input, 0);
  }

  override computeMask(input: Tensor): Tensor {
    return any(notEqual(input, this.options.maskValue), -1);
  }

  computeOutputShape(inputShape: BatchShape): BatchShape {
    return inputShape;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, fields, this.options) };
  }
}
