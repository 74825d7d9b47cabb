import { checkOptions } from "../../errors.js";
import { add, div, mul, squaredDifference, sub } from "../../tensor/ops/arithmetic.js";
import { cast } from "../../tensor/ops/comparison.js";
import { mean, std, variance } from "../../tensor/ops/reduce.js";
import type { Tensor } from "../../tensor/tensor.js";
import { EPSILON } from "../losses/loss.js";
import { inShape } from "./accuracy.js";
import { type Metric, meanMetric } from "./metric.js";

/** Options of correlations. */
export interface CorrelationOptions {
  /** Axis along which values are compared, e.g. 1 for time in [batch, time]. -1 by default. */
  axis?: number;
}

function correlation(
  name: string,
  options: CorrelationOptions,
  values: (t: Tensor, p: Tensor, axis: number) => Tensor,
): Metric {
  checkOptions(`metrics.${name}`, options, ["axis"]);
  const { axis = -1 } = options;
  return meanMetric({
    name,
    direction: "up",
    values: (yTrue, yPred) => values(inShape(name, cast(yTrue, "float32"), yPred.shape, yPred), yPred, axis),
    config: { name, config: { axis } },
  });
}

const centred = (x: Tensor, axis: number) => sub(x, mean(x, axis, true));

/**
 * Pearson's correlation of targets and predictions along an axis, -1 to 1, the mean over the rest.
 *
 * @example metrics.pearsonCorrelation({ axis: 1 })
 */
export function pearsonCorrelation(options: CorrelationOptions = {}): Metric {
  return correlation("pearsonCorrelation", options, (t, p, axis) => {
    const scaled = (x: Tensor) => div(centred(x, axis), std(x, axis, true));
    return mean(mul(scaled(t), scaled(p)), axis);
  });
}

/**
 * Lin's concordance, 2 cov(t, p) / (var t + var p + (mean t - mean p)²), along an axis, the mean over the rest: unlike the
 * correlation it also falls when scale or level are wrong (Lin 1989).
 *
 * @example metrics.concordanceCorrelation({ axis: 1 })
 */
export function concordanceCorrelation(options: CorrelationOptions = {}): Metric {
  return correlation("concordanceCorrelation", options, (t, p, axis) => {
    const covariance = mean(mul(centred(t, axis), centred(p, axis)), axis);
    const levels = squaredDifference(mean(t, axis), mean(p, axis));
    const spread = add(add(variance(t, axis), variance(p, axis)), levels);
    return div(mul(covariance, 2), add(spread, EPSILON));
  });
}
