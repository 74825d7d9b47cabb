import { checkOptions, RondoError } from "../../errors.js";
import { mul } from "../../tensor/ops/arithmetic.js";
import { formatShape, sameShape, sizeOf } from "../../tensor/shape.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { losses } from "../losses/index.js";
import { type Metric, meanMetric } from "./metric.js";

/** mean |x - y| - mean |x - x'| / 2 over samples x, x' of each row; sorted, the second is a weighted sum. */
function ofSamples(yTrue: Tensor, yPred: Tensor): Tensor {
  const rows = yPred.shape.slice(0, -1);
  const n = yPred.shape.at(-1)!;
  if (!sameShape(yTrue.shape, rows) && !sameShape(yTrue.shape, [...rows, 1])) {
    throw new RondoError("shape", "metric crps: the targets do not fit the predictions", {
      received: `targets ${formatShape(yTrue.shape)}, predictions ${formatShape(yPred.shape)}`,
      expected: `targets ${formatShape(rows)} for ${n} samples each`,
    });
  }
  const samples = yPred.view();
  const scores = Float32Array.from(yTrue.view(), (y, row) => {
    const sorted = samples.slice(row * n, (row + 1) * n).sort();
    let distance = 0;
    let between = 0;
    sorted.forEach((x, i) => {
      distance += Math.abs(x - y);
      between += x * (2 * i - n + 1);
    });
    return distance / n - between / (n * n);
  });
  return tensor(scores, sizeOf(rows) === 0 ? [0] : rows);
}

/**
 * Continuous ranked probability score: how far a predicted distribution is from what happened, in units of the target; for
 * a single predicted value it is the absolute error (Gneiting and Raftery 2007).
 *
 * Without options the last axis holds samples of the distribution: mean |x - y| - mean |x - x'| / 2. With `quantiles` it
 * holds these (laid out as for `losses.quantile`): twice the mean pinball loss.
 *
 * @example metrics.crps({ quantiles: [0.1, 0.5, 0.9] })
 */
export function crps(options: { quantiles?: readonly number[] | null } = {}): Metric {
  checkOptions("metrics.crps", options, ["quantiles"]);
  const { quantiles = null } = options;
  const pinball = quantiles && losses.quantile({ quantiles });
  return meanMetric({
    name: "crps",
    direction: "down",
    values: pinball ? (yTrue, yPred) => mul(pinball.call(yTrue, yPred), 2) : ofSamples,
    config: { name: "crps", config: { quantiles } },
  });
}
