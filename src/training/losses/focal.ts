import { add, div, mul, pow, sub } from "../../tensor/ops/arithmetic.js";
import { clip } from "../../tensor/ops/comparison.js";
import { pick } from "../../tensor/ops/indexing.js";
import { mean, sum } from "../../tensor/ops/reduce.js";
import { softmax } from "../../tensor/ops/softmax.js";
import { log, neg, sigmoid } from "../../tensor/ops/unary.js";
import type { Tensor } from "../../tensor/tensor.js";
import { align, alignSparse, requireClasses, withLast } from "./align.js";
import {
  binaryEntropy,
  type CrossentropyOptions,
  checkSmoothing,
  normalized,
  smoothBinary,
  smoothClasses,
} from "./crossentropy.js";
import { checkNumber, defineLoss, EPSILON } from "./loss.js";

/** Options of focal cross-entropies. */
export interface FocalOptions extends CrossentropyOptions {
  /** Weight of the positive class (binary, with `applyClassBalancing`) or of all classes. 0.25 by default. */
  alpha?: number;
  /** How much examples that are classified well already lose weight; 0 is plain cross-entropy. 2 by default. */
  gamma?: number;
}

/**
 * Cross-entropy of yes/no outputs times (1 - p_t)^gamma, p_t the probability of the right answer: what is easy counts
 * little (Lin et al. 2017, arXiv 1708.02002). Averaged over the last axis.
 *
 * @example losses.binaryFocalCrossentropy({ applyClassBalancing: true, alpha: 0.25 })
 */
export const binaryFocalCrossentropy = defineLoss<
  FocalOptions & {
    /** Weigh yes by alpha and no by 1 - alpha. */
    applyClassBalancing?: boolean;
  }
>(
  "binaryFocalCrossentropy",
  { applyClassBalancing: false, alpha: 0.25, gamma: 2, fromLogits: false, labelSmoothing: 0, axis: -1 },
  ({ applyClassBalancing, alpha, gamma, fromLogits, labelSmoothing, axis }) => {
    const name = "binaryFocalCrossentropy";
    checkSmoothing(name, labelSmoothing);
    checkNumber(name, "gamma", gamma, gamma >= 0, "at least 0");
    return (yTrue, yPred) => {
      const [target, x] = align(name, yTrue, yPred);
      const t = smoothBinary(target, labelSmoothing);
      const p = fromLogits ? sigmoid(x) : x;
      const right = add(mul(t, p), mul(sub(1, t), sub(1, p)));
      const focal = mul(pow(sub(1, right), gamma), binaryEntropy(t, p));
      if (!applyClassBalancing) return mean(focal, axis);
      return mean(mul(add(mul(t, alpha), mul(sub(1, t), 1 - alpha)), focal), axis);
    };
  },
);

/**
 * -sum(alpha (1 - p)^gamma t log p) over the classes (Lin et al. 2017, arXiv 1708.02002); targets are one-hot.
 *
 * @example losses.categoricalFocalCrossentropy({ gamma: 3 })
 */
export const categoricalFocalCrossentropy = defineLoss<FocalOptions>(
  "categoricalFocalCrossentropy",
  { alpha: 0.25, gamma: 2, fromLogits: false, labelSmoothing: 0, axis: -1 },
  ({ alpha, gamma, fromLogits, labelSmoothing, axis }) => {
    const name = "categoricalFocalCrossentropy";
    checkSmoothing(name, labelSmoothing);
    checkNumber(name, "gamma", gamma, gamma >= 0, "at least 0");
    return (yTrue, yPred) => {
      const [target, x] = align(name, yTrue, yPred).map((part) => withLast(part, axis, name)) as [Tensor, Tensor];
      requireClasses(name, x);
      const t = smoothClasses(target, labelSmoothing);
      const p = normalized(fromLogits ? softmax(x) : x);
      return neg(sum(mul(mul(t, log(p)), mul(pow(sub(1, p), gamma), alpha)), -1));
    };
  },
);

/**
 * (1 - p^q) / q, p the probability of the target's class: between cross-entropy (q towards 0) and absolute error (q = 1),
 * for targets some of which are wrong (Zhang and Sabuncu 2018, arXiv 1805.07836). Targets are class numbers.
 *
 * @example losses.categoricalGeneralizedCrossEntropy({ q: 0.7 })
 */
export const categoricalGeneralizedCrossEntropy = defineLoss<{
  /** Above 0 and at most 1. 0.5 by default. */
  q?: number;
}>("categoricalGeneralizedCrossEntropy", { q: 0.5 }, ({ q }) => {
  const name = "categoricalGeneralizedCrossEntropy";
  checkNumber(name, "q", q, q > 0 && q <= 1, "above 0 and at most 1");
  return (yTrue, yPred) => {
    requireClasses(name, yPred);
    const p = pick(yPred, alignSparse(name, yTrue, yPred));
    return div(sub(1, pow(clip(p, EPSILON, 1), q)), q);
  };
});

/**
 * sum(t log(t / p)) over the last axis, both kept between 1e-7 and 1: how far the distribution p is from t (Kullback
 * and Leibler 1951).
 *
 * @example losses.klDivergence()
 */
export const klDivergence = defineLoss<Record<never, never>>("klDivergence", {}, () => (yTrue, yPred) => {
  const [target, prediction] = align("klDivergence", yTrue, yPred);
  const t = clip(target, EPSILON, 1);
  const p = clip(prediction, EPSILON, 1);
  return sum(mul(t, sub(log(t), log(p))), -1);
});
