import { add } from "../../tensor/ops/arithmetic.js";
import { randomNormal } from "../../tensor/ops/random.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type Fields, nonNegative, seed, type Values } from "../fields.js";
import type { LayerOptions } from "../layer.js";
import { RandomLayer } from "./random-layer.js";

/** Options of `layers.gaussianNoise`. */
export interface GaussianNoiseOptions extends LayerOptions {
  /** Standard deviation of the noise, at least 0. */
  stddev: number;
  /** Fixes the random numbers. Default: drawn from the global generator. */
  seed?: number | null;
}

const fields = { stddev: nonNegative(), seed: seed() } satisfies Fields<GaussianNoiseOptions, keyof LayerOptions>;

/**
 * While training, adds normally distributed numbers of mean 0. Keeps the shape and the mask.
 *
 * @example layers.gaussianNoise({ stddev: 0.1 })
 */
export class GaussianNoise extends RandomLayer<Values<typeof fields>> {
  readonly className = "GaussianNoise";

  constructor(options: GaussianNoiseOptions) {
    super("layers.gaussianNoise", fields, options);
  }

  protected get strength(): number {
    return this.options.stddev;
  }

  protected disturb(input: Tensor): Tensor {
    return add(input, randomNormal(input.shape, 0, this.options.stddev, this.random.generator));
  }
}
