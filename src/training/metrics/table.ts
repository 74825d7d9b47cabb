import { lookUp, RondoError } from "../../errors.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type Loss, type LossFunction, losses, lossMask } from "../losses/index.js";
import {
  accuracy,
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  topKCategoricalAccuracy,
} from "./accuracy.js";
import {
  precisionAtRecall,
  recallAtPrecision,
  sensitivityAtSpecificity,
  specificityAtSensitivity,
} from "./at-constraint.js";
import { auc } from "./auc.js";
import {
  f1Score,
  falseNegatives,
  falsePositives,
  fBetaScore,
  precision,
  recall,
  trueNegatives,
  truePositives,
} from "./confusion.js";
import { concordanceCorrelation, pearsonCorrelation } from "./correlation.js";
import { crps } from "./crps.js";
import { editDistance } from "./edit-distance.js";
import { binaryIoU, iou, meanIoU, oneHotIoU, oneHotMeanIoU } from "./iou.js";
import { type Metric, meanMetric } from "./metric.js";
import { bitsPerCharacter, perplexity } from "./perplexity.js";
import {
  cosineSimilarity,
  meanAbsoluteScaledError,
  r2Score,
  rootMeanSquaredError,
  symmetricMeanAbsolutePercentageError,
} from "./regression.js";

/** A loss as a metric, for example a loss other than the one trained. It is averaged whatever its reduction. */
function ofLoss<O extends object>(make: (options?: O) => Loss): (options?: O) => Metric {
  return (options) => {
    const loss = make(options);
    return meanMetric({
      name: loss.name,
      direction: "down",
      values: loss.call,
      maskOf: (yTrue, values, mask) => lossMask(loss, yTrue, values, mask),
      config: loss.config && { name: loss.name, config: { ...loss.config } },
    });
  };
}

/**
 * Metrics that can be configured, and named in `compile({ metrics })`.
 *
 * @example model.compile({ optimizer: "adam", loss: "binaryCrossentropy", metrics: ["accuracy", metrics.auc()] })
 */
export const metrics = {
  accuracy,
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  topKCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  precision,
  recall,
  f1Score,
  fBetaScore,
  truePositives,
  falsePositives,
  trueNegatives,
  falseNegatives,
  precisionAtRecall,
  recallAtPrecision,
  sensitivityAtSpecificity,
  specificityAtSensitivity,
  auc,
  meanIoU,
  iou,
  binaryIoU,
  oneHotIoU,
  oneHotMeanIoU,
  perplexity,
  bitsPerCharacter,
  editDistance,
  rootMeanSquaredError,
  symmetricMeanAbsolutePercentageError,
  meanAbsoluteScaledError,
  r2Score,
  pearsonCorrelation,
  concordanceCorrelation,
  cosineSimilarity,
  crps,
  meanSquaredError: ofLoss(losses.meanSquaredError),
  meanAbsoluteError: ofLoss(losses.meanAbsoluteError),
  meanAbsolutePercentageError: ofLoss(losses.meanAbsolutePercentageError),
  meanSquaredLogarithmicError: ofLoss(losses.meanSquaredLogarithmicError),
  logCosh: ofLoss(losses.logCosh),
  huber: ofLoss(losses.huber),
  poisson: ofLoss(losses.poisson),
  klDivergence: ofLoss(losses.klDivergence),
  hinge: ofLoss(losses.hinge),
  squaredHinge: ofLoss(losses.squaredHinge),
  categoricalHinge: ofLoss(losses.categoricalHinge),
  quantile: ofLoss(losses.quantile),
  binaryCrossentropy: ofLoss(losses.binaryCrossentropy),
  categoricalCrossentropy: ofLoss(losses.categoricalCrossentropy),
  sparseCategoricalCrossentropy: ofLoss(losses.sparseCategoricalCrossentropy),
  binaryFocalCrossentropy: ofLoss(losses.binaryFocalCrossentropy),
  categoricalFocalCrossentropy: ofLoss(losses.categoricalFocalCrossentropy),
} as const;

const shortNames = {
  acc: "accuracy",
  mse: "meanSquaredError",
  mae: "meanAbsoluteError",
  rmse: "rootMeanSquaredError",
  mape: "meanAbsolutePercentageError",
  smape: "symmetricMeanAbsolutePercentageError",
  bce: "binaryCrossentropy",
  bpc: "bitsPerCharacter",
  kld: "klDivergence",
  logCoshError: "logCosh",
  msle: "meanSquaredLogarithmicError",
} as const;

export type MetricName = keyof typeof metrics | keyof typeof shortNames;

/** What `compile({ metrics })` takes: a name, a configured metric, or a function as for losses. */
export type MetricLike = MetricName | Metric | LossFunction;

const makers = metrics as Record<string, (options?: object) => Metric>;
const byAnyName = {
  ...makers,
  ...Object.fromEntries(Object.entries(shortNames).map(([short, name]) => [short, makers[name]!])),
};

/** A metric from its name, itself, or a function. By name, cross-entropies take `fromLogits` over from the loss. */
export function resolveMetric(like: MetricLike, loss: Loss): Metric {
  if (typeof like === "function") {
    const values = (yTrue: Tensor, yPred: Tensor) => like(yTrue, yPred);
    return meanMetric({ name: like.name || "metric", direction: "down", values, config: null });
  }
  if (typeof like === "object" && like !== null && typeof like.update === "function") return like;
  if (typeof like !== "string") {
    throw new RondoError("option", "this is not a metric", {
      received: String(like),
      expected: `${Object.keys(metrics).join(", ")}, metrics.…({ … }), or a function of (yTrue, yPred)`,
    });
  }
  const full = Object.hasOwn(shortNames, like) ? shortNames[like as keyof typeof shortNames] : like;
  const fromLogits = loss.config?.fromLogits === true && /perplexity|bitsPerCharacter|rossentropy/.test(full);
  const made = lookUp("metric", full, byAnyName)(fromLogits ? { fromLogits } : undefined);
  // Logs use the name the user gave, as Keras does.
  return like === full ? made : Object.assign(made, { name: like });
}

/** A metric from what a file says about it. */
export function metricFromConfig(saved: { name: string; config: Record<string, unknown> }): Metric {
  return lookUp("metric", saved.name, makers)(saved.config);
}
