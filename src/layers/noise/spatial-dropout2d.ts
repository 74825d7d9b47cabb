import { mul } from "../../tensor/ops/arithmetic.js";
import { dropoutMask } from "../../tensor/ops/random.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type Fields, rate, seed, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import { type SpatialOptions, spatialFields } from "../spatial/spatial-layer.js";
import { RandomLayer } from "./random-layer.js";

/** Options of `layers.spatialDropout2d`. */
export interface SpatialDropout2DOptions extends SpatialOptions {
  /** Share of the channels that is set to 0, from 0 to below 1. */
  rate: number;
  /** Fixes the random numbers. Default: drawn from the global generator. */
  seed?: number | null;
}

const fields = { rate: rate(), seed: seed(), ...spatialFields } satisfies Fields<
  SpatialDropout2DOptions,
  keyof LayerOptions
>;

/**
 * Dropout of whole channels: while training, sets a random share of each image's channels to 0 and scales the others by
 * 1 / (1 - rate) (Tompson et al. 2014, arXiv 1411.4280). [batch, height, width, channels] keeps its shape.
 *
 * @example layers.spatialDropout2d({ rate: 0.2 })
 */
export class SpatialDropout2D extends RandomLayer<Values<typeof fields>> {
  readonly className = "SpatialDropout2D";

  constructor(options: SpatialDropout2DOptions) {
    super("layers.spatialDropout2d", fields, options);
  }

  protected get strength(): number {
    return this.options.rate;
  }

  override build(inputShape: BatchShape): void {
    this.requireRank({ shape: inputShape }, 4, "[batch, height, width, channels]");
  }

  protected disturb(input: Tensor): Tensor {
    this.requireRank(input, 4, "[batch, height, width, channels]");
    const channels = this.options.dataFormat === "channelsLast" ? 3 : 1;
    const shape = input.shape.map((n, axis) => (axis === 0 || axis === channels ? n : 1));
    return mul(input, dropoutMask(shape, this.options.rate, this.random.generator));
  }
}
