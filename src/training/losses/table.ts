import { lookUp, RondoError } from "../../errors.js";
import { circle } from "./circle.js";
import { binaryCrossentropy, categoricalCrossentropy, sparseCategoricalCrossentropy } from "./crossentropy.js";
import { ctc } from "./ctc.js";
import {
  binaryFocalCrossentropy,
  categoricalFocalCrossentropy,
  categoricalGeneralizedCrossEntropy,
  klDivergence,
} from "./focal.js";
import { gaussianNll, negativeBinomialNll, studentTNll } from "./likelihoods.js";
import type { Loss, LossFunction } from "./loss.js";
import { categoricalHinge, contrastive, hinge, squaredHinge } from "./margin.js";
import { dice, tversky } from "./overlap.js";
import { quantile } from "./quantile.js";
import {
  cosineSimilarity,
  huber,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
} from "./regression.js";

/**
 * Losses that can be configured, and named in `compile({ loss })`.
 *
 * @example model.compile({ optimizer: "adam", loss: losses.huber({ delta: 0.5 }) })
 */
export const losses = {
  meanSquaredError,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredLogarithmicError,
  logCosh,
  huber,
  cosineSimilarity,
  poisson,
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  binaryFocalCrossentropy,
  categoricalFocalCrossentropy,
  categoricalGeneralizedCrossEntropy,
  klDivergence,
  hinge,
  squaredHinge,
  categoricalHinge,
  contrastive,
  circle,
  dice,
  tversky,
  ctc,
  quantile,
  gaussianNll,
  studentTNll,
  negativeBinomialNll,
} as const;

const aliases = {
  ...losses,
  bce: binaryCrossentropy,
  mse: meanSquaredError,
  mae: meanAbsoluteError,
  mape: meanAbsolutePercentageError,
  msle: meanSquaredLogarithmicError,
  kld: klDivergence,
} as const;

export type LossName = keyof typeof aliases;

/** What `compile({ loss })` takes: a name, a configured loss, or a function. */
export type LossLike = LossName | Loss | LossFunction;

/** A loss from its name, itself, or a function of (yTrue, yPred). */
export function resolveLoss(loss: LossLike): Loss {
  if (typeof loss === "function") return { name: loss.name || "loss", call: loss, config: null };
  if (typeof loss === "string") return lookUp("loss", loss, aliases)();
  if (typeof loss === "object" && loss !== null && typeof loss.call === "function") return loss;
  throw new RondoError("option", "compile() needs a loss", {
    received: String(loss),
    expected: `${Object.keys(losses).join(", ")}, losses.…({ … }), or a function of (yTrue, yPred)`,
  });
}

/** A loss from what a file says about it. */
export function lossFromConfig(saved: { name: string; config: Record<string, unknown> }): Loss {
  return (lookUp("loss", saved.name, losses) as (options: object) => Loss)(saved.config);
}
