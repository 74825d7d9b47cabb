import { mul } from "../../tensor/ops/arithmetic.js";
import { dropoutMask } from "../../tensor/ops/random.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type Fields, rate, seed, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import { RandomLayer } from "./random-layer.js";

/** Options of `layers.spatialDropout1d`. */
export interface SpatialDropout1DOptions extends LayerOptions {
  /** Share of the features that is set to 0, from 0 to below 1. */
  rate: number;
  /** Fixes the random numbers. Default: drawn from the global generator. */
  seed?: number | null;
}

const fields = { rate: rate(), seed: seed() } satisfies Fields<SpatialDropout1DOptions, keyof LayerOptions>;

/**
 * Dropout of whole features: while training, sets a random share of each example's features to 0 at all its steps and
 * scales the others by 1 / (1 - rate) (Tompson et al. 2014, arXiv 1411.4280). [batch, time, features] keeps its shape
 * and its mask.
 *
 * @example layers.spatialDropout1d({ rate: 0.2 })
 */
export class SpatialDropout1D extends RandomLayer<Values<typeof fields>> {
  readonly className = "SpatialDropout1D";

  constructor(options: SpatialDropout1DOptions) {
    super("layers.spatialDropout1d", fields, options);
  }

  protected get strength(): number {
    return this.options.rate;
  }

  override build(inputShape: BatchShape): void {
    this.requireRank({ shape: inputShape }, 3, "[batch, time, features]");
  }

  protected disturb(input: Tensor): Tensor {
    this.requireRank(input, 3, "[batch, time, features]");
    const [batch, , features] = input.shape as [number, number, number];
    return mul(input, dropoutMask([batch, 1, features], this.options.rate, this.random.generator));
  }
}
