import { add, div, maximum, mul, squaredDifference, sub } from "../../tensor/ops/arithmetic.js";
import { lessEqual, where } from "../../tensor/ops/comparison.js";
import { mean, sum } from "../../tensor/ops/reduce.js";
import { abs, log, log1p, neg, softplus, sqrt, square } from "../../tensor/ops/unary.js";
import type { Tensor } from "../../tensor/tensor.js";
import { align } from "./align.js";
import { checkNumber, defineLoss, EPSILON, type LossFunction } from "./loss.js";

/** The mean over the last axis of what `each` makes of targets and predictions of one shape. */
function averaged(name: string, each: (t: Tensor, p: Tensor) => Tensor): LossFunction {
  return (yTrue, yPred) => mean(each(...align(name, yTrue, yPred)), -1);
}

function plain(name: string, each: (t: Tensor, p: Tensor) => Tensor) {
  return defineLoss<Record<never, never>>(name, {}, () => averaged(name, each));
}

/** Mean of (target - prediction)² over the last axis. @example losses.meanSquaredError() */
export const meanSquaredError = plain("meanSquaredError", (t, p) => square(sub(p, t)));

/** Mean of |target - prediction| over the last axis. @example losses.meanAbsoluteError() */
export const meanAbsoluteError = plain("meanAbsoluteError", (t, p) => abs(sub(p, t)));

/**
 * 100 times the mean of |target - prediction| / max(|target|, 1e-7) over the last axis.
 *
 * @example losses.meanAbsolutePercentageError()
 */
export const meanAbsolutePercentageError = plain("meanAbsolutePercentageError", (t, p) =>
  mul(abs(div(sub(t, p), maximum(abs(t), EPSILON))), 100),
);

/**
 * Mean of (log(1 + target) - log(1 + prediction))² over the last axis, for numbers above 0; others count as 1e-7.
 *
 * @example losses.meanSquaredLogarithmicError()
 */
export const meanSquaredLogarithmicError = plain("meanSquaredLogarithmicError", (t, p) =>
  squaredDifference(log1p(maximum(p, EPSILON)), log1p(maximum(t, EPSILON))),
);

/**
 * Mean of log(cosh(prediction - target)) over the last axis: x²/2 for small, |x| - log 2 for large errors.
 *
 * @example losses.logCosh()
 */
export const logCosh = plain("logCosh", (t, p) => {
  const x = sub(p, t);
  // Keras' x + softplus(-2x) - log 2, with |x| (cosh is even) so that a large error does not cancel.
  return where(lessEqual(abs(x), 0.05), evenSeries(x), sub(add(abs(x), softplus(mul(abs(x), -2))), Math.LN2));
});

/** log cosh x = x²/2 - x⁴/12 + …, exact to float32 where the closed form loses all its digits. */
function evenSeries(x: Tensor): Tensor {
  const s = square(x);
  return mul(s, sub(0.5, mul(s, sub(1 / 12, mul(s, 1 / 45)))));
}

/**
 * Mean over the last axis of e²/2 where |e| <= delta, else delta |e| - delta²/2; e = prediction - target (Huber 1964).
 *
 * @example losses.huber({ delta: 0.5 })
 */
export const huber = defineLoss<{
  /** Where the square ends and the line begins, above 0. 1 by default. */
  delta?: number;
}>("huber", { delta: 1 }, ({ delta }) => {
  checkNumber("huber", "delta", delta, delta > 0, "above 0");
  return averaged("huber", (t, p) => {
    const e = sub(p, t);
    const size = abs(e);
    return where(lessEqual(size, delta), mul(square(e), 0.5), sub(mul(size, delta), 0.5 * delta * delta));
  });
});

/** x divided by its length along `axis`; 0 stays 0. */
export function unit(x: Tensor, axis: number): Tensor {
  return div(x, sqrt(maximum(sum(square(x), axis, true), EPSILON * EPSILON)));
}

/**
 * Minus the cosine of the angle between target and prediction along `axis`: -1 for the same direction, 0 for right
 * angles (or vectors of zeros), 1 for opposite directions.
 *
 * @example losses.cosineSimilarity({ axis: -1 })
 */
export const cosineSimilarity = defineLoss<{
  /** Axis of the vectors. The last by default. */
  axis?: number;
}>("cosineSimilarity", { axis: -1 }, ({ axis }) => (yTrue, yPred) => {
  const [t, p] = align("cosineSimilarity", yTrue, yPred);
  return neg(sum(mul(unit(t, axis), unit(p, axis)), axis));
});

/**
 * Mean of prediction - target · log(prediction + 1e-7) over the last axis; predictions are rates above 0.
 *
 * @example losses.poisson()
 */
export const poisson = plain("poisson", (t, p) => sub(p, mul(t, log(add(p, EPSILON)))));
