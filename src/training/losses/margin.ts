import { add, maximum, mul, sub } from "../../tensor/ops/arithmetic.js";
import { greater, where } from "../../tensor/ops/comparison.js";
import { max, mean, sum } from "../../tensor/ops/reduce.js";
import { square } from "../../tensor/ops/unary.js";
import type { Tensor } from "../../tensor/tensor.js";
import { align, requireClasses } from "./align.js";
import { checkNumber, defineLoss } from "./loss.js";

/** Targets as -1 and 1 when all of them are 0 or 1; others stay as they are, as in Keras. */
function signed(t: Tensor): Tensor {
  return t.view().every((v) => v === 0 || v === 1) ? sub(mul(t, 2), 1) : t;
}

/**
 * Mean of max(1 - target · prediction, 0) over the last axis; targets are -1 and 1, or 0 and 1.
 *
 * @example losses.hinge()
 */
export const hinge = defineLoss<Record<never, never>>("hinge", {}, () => (yTrue, yPred) => {
  const [t, p] = align("hinge", yTrue, yPred);
  return mean(maximum(sub(1, mul(signed(t), p)), 0), -1);
});

/**
 * Mean of max(1 - target · prediction, 0)² over the last axis; targets are -1 and 1, or 0 and 1.
 *
 * @example losses.squaredHinge()
 */
export const squaredHinge = defineLoss<Record<never, never>>("squaredHinge", {}, () => (yTrue, yPred) => {
  const [t, p] = align("squaredHinge", yTrue, yPred);
  return mean(square(maximum(sub(1, mul(signed(t), p)), 0)), -1);
});

/**
 * max(neg - pos + 1, 0): pos the score of the one-hot target's class, neg the largest score of the others (Crammer
 * and Singer 2001).
 *
 * @example losses.categoricalHinge()
 */
export const categoricalHinge = defineLoss<Record<never, never>>("categoricalHinge", {}, () => (yTrue, yPred) => {
  const [t, p] = align("categoricalHinge", yTrue, yPred);
  requireClasses("categoricalHinge", p);
  const pos = sum(mul(t, p), -1);
  const neg = max(mul(sub(1, t), p), -1);
  return maximum(add(sub(neg, pos), 1), 0);
});

/**
 * Contrastive loss of distances (Hadsell, Chopra, LeCun 2006): predictions are distances of pairs, targets 1 for pairs
 * that belong together and 0 for others. Mean of t d² + (1 - t) max(margin - d, 0)² over the last axis.
 *
 * @example losses.contrastive({ margin: 2 })
 */
export const contrastive = defineLoss<{
  /** Distance beyond which pairs that do not belong together cost nothing. 1 by default. */
  margin?: number;
}>("contrastive", { margin: 1 }, ({ margin }) => {
  checkNumber("contrastive", "margin", margin, margin > 0, "above 0");
  return (yTrue, yPred) => {
    const [t, d] = align("contrastive", yTrue, yPred);
    const apart = square(maximum(sub(margin, d), 0));
    return mean(where(greater(t, 0.5), square(d), apart), -1);
  };
});
