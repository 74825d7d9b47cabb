import { add, mul } from "../../tensor/ops/arithmetic.js";
import { less, where } from "../../tensor/ops/comparison.js";
import { randomUniform } from "../../tensor/ops/random.js";
import type { Tensor } from "../../tensor/tensor.js";
import { noiseShapeFor } from "../core/dropout.js";
import { type Fields, rate, seed, sizes, type Values } from "../fields.js";
import type { LayerOptions } from "../layer.js";
import { RandomLayer } from "./random-layer.js";

/** Options of `layers.alphaDropout`. */
export interface AlphaDropoutOptions extends LayerOptions {
  /** Share of the elements that is dropped, from 0 to below 1. */
  rate: number;
  /** Shape of the mask, batch axis included; null takes the input's size, 1 shares the mask along that axis. */
  noiseShape?: readonly (number | null)[] | null;
  /** Fixes the random numbers. Default: drawn from the global generator. */
  seed?: number | null;
}

const fields = { rate: rate(), noiseShape: sizes(), seed: seed() } satisfies Fields<
  AlphaDropoutOptions,
  keyof LayerOptions
>;

/** What selu tends to far below 0: -alpha · scale. */
const FLOOR = -1.6732632423543772 * 1.0507009873554805;

/**
 * Dropout for networks of selu units (Klambauer et al. 2017, arXiv 1706.02515): while training, a random share of the
 * elements becomes selu's lower limit, and all are scaled and shifted so that mean 0 and variance 1 stay so. Keeps the
 * shape and the mask.
 *
 * @example layers.alphaDropout({ rate: 0.1 })
 */
export class AlphaDropout extends RandomLayer<Values<typeof fields>> {
  readonly className = "AlphaDropout";

  constructor(options: AlphaDropoutOptions) {
    super("layers.alphaDropout", fields, options);
  }

  protected get strength(): number {
    return this.options.rate;
  }

  protected disturb(input: Tensor): Tensor {
    const { rate, noiseShape } = this.options;
    const shape = noiseShapeFor(this, input.shape, noiseShape);
    const dropped = less(randomUniform(shape, 0, 1, this.random.generator), rate);
    const factor = ((1 - rate) * (1 + rate * FLOOR ** 2)) ** -0.5;
    return add(mul(where(dropped, FLOOR, input), factor), -factor * FLOOR * rate);
  }
}
