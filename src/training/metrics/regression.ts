import { checkOptions, RondoError } from "../../errors.js";
import { sub } from "../../tensor/ops/arithmetic.js";
import { cast } from "../../tensor/ops/comparison.js";
import { reshape } from "../../tensor/ops/movement.js";
import { mean } from "../../tensor/ops/reduce.js";
import { abs, neg } from "../../tensor/ops/unary.js";
import { tensor } from "../../tensor/tensor.js";
import { checkCount } from "../checks.js";
import { losses } from "../losses/index.js";
import { inShape } from "./accuracy.js";
import { type Metric, meanMetric, ratio, tallyMetric } from "./metric.js";
import { weightsOf } from "./values.js";

/** The root of the mean of (target - prediction)². @example metrics.rootMeanSquaredError() */
export function rootMeanSquaredError(): Metric {
  const name = "rootMeanSquaredError";
  const values = losses.meanSquaredError().call;
  return meanMetric({ name, direction: "down", values, finish: Math.sqrt, config: { name, config: {} } });
}

/**
 * Mean cosine of the angle between target and prediction: 1 for the same direction (the loss has the opposite sign).
 *
 * @example metrics.cosineSimilarity({ axis: -1 })
 */
export function cosineSimilarity(options: { axis?: number } = {}): Metric {
  checkOptions("metrics.cosineSimilarity", options, ["axis"]);
  const { axis = -1 } = options;
  const loss = losses.cosineSimilarity({ axis });
  return meanMetric({
    name: "cosineSimilarity",
    direction: "up",
    values: (yTrue, yPred) => neg(loss.call(yTrue, yPred)),
    config: { name: "cosineSimilarity", config: { axis } },
  });
}

/**
 * Mean of 200 |target - prediction| / (|target| + |prediction|), in percent, 0 to 200; 0 where both are 0 (Makridakis, M4
 * competition).
 *
 * @example metrics.symmetricMeanAbsolutePercentageError()
 */
export function symmetricMeanAbsolutePercentageError(): Metric {
  const name = "symmetricMeanAbsolutePercentageError";
  return meanMetric({
    name,
    direction: "down",
    values: (yTrue, yPred) => {
      const targets = inShape(name, yTrue, yPred.shape, yPred).view();
      const shares = Float32Array.from(yPred.view(), (p, i) => {
        const size = Math.abs(p) + Math.abs(targets[i]!);
        return size === 0 ? 0 : (200 * Math.abs(p - targets[i]!)) / size;
      });
      return mean(tensor(shares, yPred.shape), -1);
    },
    config: { name, config: {} },
  });
}

/** Options of `metrics.meanAbsoluteScaledError`. */
export interface ScaledErrorOptions {
  /** The series trained on, in its order; the scale is the error of repeating its value `seasonality` steps before. */
  series?: readonly number[];
  /** 1 by default: the forecast "as the step before". */
  seasonality?: number;
  /** The scale itself, in place of a series. */
  scale?: number;
}

/**
 * Mean absolute error divided by that of the naive forecast on the training series, mean |y_t - y_(t-m)| (MASE; Hyndman
 * and Koehler 2006). Below 1 is better than naive.
 *
 * @example metrics.meanAbsoluteScaledError({ series: trainingValues, seasonality: 24 })
 */
export function meanAbsoluteScaledError(options: ScaledErrorOptions): Metric {
  const name = "meanAbsoluteScaledError";
  checkOptions(`metrics.${name}`, options ?? {}, ["series", "seasonality", "scale"]);
  const { series, seasonality = 1 } = options ?? {};
  checkCount(`metrics.${name}`, "seasonality", seasonality);
  let { scale } = options ?? {};
  if (scale === undefined && series && series.length > seasonality) {
    const steps = series.slice(seasonality).map((y, i) => Math.abs(y - series[i]!));
    scale = steps.reduce((a, b) => a + b, 0) / steps.length;
  }
  if (!(scale !== undefined && scale > 0 && Number.isFinite(scale))) {
    throw new RondoError("value", `metrics.${name} needs a scale above 0`, {
      received: scale === undefined ? `${series?.length ?? 0} values, seasonality ${seasonality}` : `scale ${scale}`,
      expected: "a series longer than its seasonality that is not constant, or a scale",
    });
  }
  const divisor = scale;
  return meanMetric({
    name,
    direction: "down",
    values: (yTrue, yPred) => mean(abs(sub(inShape(name, cast(yTrue, "float32"), yPred.shape, yPred), yPred)), -1),
    finish: (error) => error / divisor,
    config: { name, config: { scale } },
  });
}

/** Options of `metrics.r2Score`. */
export interface R2ScoreOptions {
  /** Outputs count alike, or by the variance of their targets. "uniformAverage" by default. */
  classAggregation?: "uniformAverage" | "varianceWeightedAverage";
  /** Inputs of a regression: the result is adjusted for what so many explain by chance, given more targets than that. 0. */
  numRegressors?: number;
}

/**
 * Coefficient of determination, 1 - sum (t - p)² / sum (t - mean of t)², the mean over the outputs: 1 is perfect, 0 as good
 * as always predicting the mean. An output whose targets are all equal counts 0.
 *
 * @example metrics.r2Score({ classAggregation: "varianceWeightedAverage" })
 */
export function r2Score(options: R2ScoreOptions = {}): Metric {
  checkOptions("metrics.r2Score", options, ["classAggregation", "numRegressors"]);
  const { classAggregation = "uniformAverage", numRegressors = 0 } = options;
  const byVariance = classAggregation === "varianceWeightedAverage";
  if (!byVariance && classAggregation !== "uniformAverage") {
    throw new RondoError("option", "metrics.r2Score: unknown classAggregation", {
      received: String(classAggregation),
      expected: '"uniformAverage" or "varianceWeightedAverage"',
    });
  }
  checkCount("metrics.r2Score", "numRegressors", numRegressors, 0);
  return tallyMetric({
    name: "r2Score",
    direction: "up",
    config: { classAggregation, numRegressors },
    update: (tally, yTrue, yPred, sampleWeight, mask) => {
      const p = yPred.rank === 1 ? reshape(yPred, [yPred.size, 1]) : yPred;
      const targets = inShape("r2Score", yTrue, p.shape, yPred).view();
      const outputs = p.shape.at(-1)!;
      const weights = weightsOf(p.shape.slice(0, -1), sampleWeight, mask);
      const [count, sum, squares, residual] = ["count", "sum", "squares", "residual"].map((row) =>
        tally.row(row, outputs),
      ) as [Float64Array, Float64Array, Float64Array, Float64Array];
      tally.row("size")[0]! += p.size;
      p.view().forEach((prediction, i) => {
        const c = i % outputs;
        const w = weights ? weights[(i - c) / outputs]! : 1;
        if (w === 0) return;
        const t = targets[i]!;
        count[c]! += w;
        sum[c]! += w * t;
        squares[c]! += w * t * t;
        residual[c]! += w * (t - prediction) ** 2;
      });
    },
    result: (tally) => {
      const [count, sum, squares, residual] = ["count", "sum", "squares", "residual"].map((row) => tally.row(row)) as [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      const totals = Array.from(count, (n, c) => (n === 0 ? 0 : Math.max(0, squares[c]! - (sum[c]! * sum[c]!) / n)));
      const shares = totals.map((total) => (byVariance ? total : 1));
      const scores = totals.map((total, c) => (total === 0 ? 0 : 1 - residual[c]! / total) * shares[c]!);
      const add = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
      const score = ratio(add(scores), add(shares));
      const free = tally.row("size")[0]! - 1 - numRegressors;
      return numRegressors === 0 || free <= 0 ? score : 1 - ((1 - score) * (free + numRegressors)) / free;
    },
  });
}
