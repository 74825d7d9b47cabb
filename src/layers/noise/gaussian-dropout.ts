import { mul } from "../../tensor/ops/arithmetic.js";
import { randomNormal } from "../../tensor/ops/random.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type Fields, rate, seed, type Values } from "../fields.js";
import type { LayerOptions } from "../layer.js";
import { RandomLayer } from "./random-layer.js";

/** Options of `layers.gaussianDropout`. */
export interface GaussianDropoutOptions extends LayerOptions {
  /** Strength of the noise, as the rate of the dropout it stands for, from 0 to below 1. */
  rate: number;
  /** Fixes the random numbers. Default: drawn from the global generator. */
  seed?: number | null;
}

const fields = { rate: rate(), seed: seed() } satisfies Fields<GaussianDropoutOptions, keyof LayerOptions>;

/**
 * While training, multiplies by normally distributed numbers of mean 1 and standard deviation sqrt(rate / (1 - rate))
 * (Srivastava et al. 2014, section 10). Keeps the shape and the mask.
 *
 * @example layers.gaussianDropout({ rate: 0.2 })
 */
export class GaussianDropout extends RandomLayer<Values<typeof fields>> {
  readonly className = "GaussianDropout";

  constructor(options: GaussianDropoutOptions) {
    super("layers.gaussianDropout", fields, options);
  }

  protected get strength(): number {
    return this.options.rate;
  }

  protected disturb(input: Tensor): Tensor {
    const { rate } = this.options;
    return mul(input, randomNormal(input.shape, 1, Math.sqrt(rate / (1 - rate)), this.random.generator));
  }
}
