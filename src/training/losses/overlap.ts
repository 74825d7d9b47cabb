import { add, div, mul, sub } from "../../tensor/ops/arithmetic.js";
import { type Axis, sum } from "../../tensor/ops/reduce.js";
import { align } from "./align.js";
import { checkNumber, defineLoss, EPSILON } from "./loss.js";

/** Options of `losses.dice`. */
export interface OverlapOptions {
  /**
   * Axes summed over. All by default: one number for the whole batch, which can be neither weighted nor masked. For one
   * value per example name all axes but the first.
   */
  axis?: Axis;
}

/**
 * 1 - 2 sum(t p) / (sum(t) + sum(p)): how little the regions t and p overlap (Dice; Milletari et al. 2016).
 *
 * @example losses.dice({ axis: [1, 2] })
 */
export const dice = defineLoss<OverlapOptions>("dice", { axis: null }, ({ axis }) => (yTrue, yPred) => {
  const [t, p] = align("dice", yTrue, yPred);
  return sub(1, div(mul(sum(mul(t, p), axis), 2), add(add(sum(t, axis), sum(p, axis)), EPSILON)));
});

/**
 * 1 - tp / (tp + alpha sum((1 - p) t) + beta sum(p (1 - t))), tp = sum(t p): Dice with a weight for what is missed and one
 * for what is too much (Salehi et al. 2017, arXiv 1706.05721; alpha and beta as Keras computes them).
 *
 * @example losses.tversky({ alpha: 0.3, beta: 0.7 })
 */
export const tversky = defineLoss<OverlapOptions & { alpha?: number; beta?: number }>(
  "tversky",
  { alpha: 0.5, beta: 0.5, axis: null },
  ({ alpha, beta, axis }) => {
    checkNumber("tversky", "alpha", alpha, alpha >= 0, "at least 0");
    checkNumber("tversky", "beta", beta, beta >= 0, "at least 0");
    return (yTrue, yPred) => {
      const [t, p] = align("tversky", yTrue, yPred);
      const tp = sum(mul(t, p), axis);
      const missed = sum(mul(sub(1, p), t), axis);
      const extra = sum(mul(p, sub(1, t)), axis);
      return sub(1, div(tp, add(add(tp, add(mul(missed, alpha), mul(extra, beta))), EPSILON)));
    };
  },
);
