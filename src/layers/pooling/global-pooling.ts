import { FieldLayer } from "../field-layer.js";
import { type Fields, flag, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";

/** Options of pooling over all of time. */
export interface GlobalPoolingOptions extends LayerOptions {
  /** Keeps the time axis, with a size of 1. Default: false. */
  keepdims?: boolean;
}

export const globalPoolingFields = { keepdims: flag(false) } satisfies Fields<GlobalPoolingOptions, keyof LayerOptions>;

/** Pooling over all of time, which ends the mask. */
export abstract class GlobalPooling extends FieldLayer<Values<typeof globalPoolingFields>> {
  override computeMask(): null {
    return null;
  }

  override computeOutputShape([batch, , features]: BatchShape): BatchShape {
    return this.options.keepdims ? [batch ?? null, 1, features ?? null] : [batch ?? null, features ?? null];
  }
}
