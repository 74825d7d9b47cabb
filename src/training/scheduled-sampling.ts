import { checkOptions, RondoError } from "../errors.js";
import { where } from "../tensor/ops/comparison.js";
import { reshape } from "../tensor/ops/movement.js";
import { bernoulli, type RandomSource } from "../tensor/ops/random.js";
import { formatShape, sameShape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkNotNegative, checkWithin } from "./checks.js";

/** Options of `scheduledSampling`. */
export interface ScheduledSamplingOptions {
  /**
   * How often the truth is used, by update i: "linear" max(minimum, k - slope · i); "exponential" k^i, k below 1;
   * "inverseSigmoid" k / (k + exp(i / k)), k at least 1.
   */
  decay: "linear" | "exponential" | "inverseSigmoid";
  /** See `decay`. */
  k: number;
  /** For "linear". */
  slope?: number;
  /** The truth is never used less often than this. 0 by default. */
  minimum?: number;
  /** What chooses. Default: the global generator (see `setSeed`). */
  random?: RandomSource;
}

/** Decides whether a decoder in training sees the true previous step or its own. */
export interface ScheduledSampling {
  /** How often the truth is used at update `step`, 0 to 1. */
  probability(step: number): number;
  /** For every example of the batch, drawn anew: a row of the truth or of what the model made itself. */
  pick(truth: Tensor, own: Tensor, step: number): Tensor;
}

/**
 * Teacher forcing that lets go: a decoder first learns from the true previous steps, then more and more from its own
 * (Bengio et al. 2015). With "linear", k 1 and slope 0 it is plain teacher forcing.
 *
 * @example
 * const sampling = scheduledSampling({ decay: "inverseSigmoid", k: 200 });
 * previous = sampling.pick(truthAt(t), predicted, optimizer.iterations);
 */
export function scheduledSampling(options: ScheduledSamplingOptions): ScheduledSampling {
  const name = "scheduledSampling";
  checkOptions(name, options, ["decay", "k", "slope", "minimum", "random"]);
  const { decay, k, slope = 0, minimum = 0, random } = options;
  checkWithin(name, "minimum", minimum, 0, 1);
  checkNotNegative(name, "slope", slope);
  const curves = {
    linear: { fits: k >= 0 && k <= 1, expected: "0 to 1", at: (i: number) => k - slope * i },
    exponential: { fits: k >= 0 && k < 1, expected: "at least 0 and below 1", at: (i: number) => k ** i },
    inverseSigmoid: { fits: k >= 1, expected: "at least 1", at: (i: number) => k / (k + Math.exp(i / k)) },
  };
  const curve = Object.hasOwn(curves, decay) ? curves[decay] : undefined;
  if (!curve?.fits) {
    throw new RondoError("value", `${name}: ${curve ? `k does not fit "${decay}"` : "unknown decay"}`, {
      received: curve ? `k = ${k}` : JSON.stringify(decay),
      expected: curve?.expected ?? Object.keys(curves).join(", "),
    });
  }
  const probability = (step: number) => Math.max(minimum, curve.at(step));
  return {
    probability,
    pick: (truth, own, step) => {
      if (!sameShape(truth.shape, own.shape) || truth.rank === 0) {
        throw new RondoError("shape", `${name}: truth and own steps must be alike`, {
          received: `${formatShape(truth.shape)} and ${formatShape(own.shape)}`,
          expected: "[batch, …] both",
        });
      }
      const chosen = bernoulli([truth.shape[0]!], probability(step), random);
      return where(reshape(chosen, [truth.shape[0]!, ...truth.shape.slice(1).map(() => 1)]), truth, own);
    },
  };
}
