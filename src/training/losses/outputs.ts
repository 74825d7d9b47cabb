import type { LossName } from "./table.js";

// What losses ask of the outputs they judge, for the compiler: see LossCheck in model/shape-types.ts.

/**
 * - "alike": nothing; targets have the outputs' shape, or lack a last axis of 1.
 * - "classes": one number for each of several classes along the last axis; the targets too.
 * - "classNumbers": the same, but the targets lack that axis.
 * - "steps": [batch, time, classes]; targets are [batch, labels].
 * - "vectors": [batch, size]; targets are [batch].
 * - 2, 3: so many numbers along the last axis for every number to predict.
 */
export type LossRule = "alike" | "classes" | "classNumbers" | "steps" | "vectors" | 2 | 3;

type Complete<T extends { readonly [N in LossName]: LossRule }> = T;

/** The rule of every loss. A new loss without one does not compile. */
export type LossRules = Complete<{
  meanSquaredError: "alike";
  mse: "alike";
  meanAbsoluteError: "alike";
  mae: "alike";
  meanAbsolutePercentageError: "alike";
  mape: "alike";
  meanSquaredLogarithmicError: "alike";
  msle: "alike";
  logCosh: "alike";
  huber: "alike";
  cosineSimilarity: "alike";
  poisson: "alike";
  bce: "alike";
  binaryCrossentropy: "alike";
  categoricalCrossentropy: "classes";
  sparseCategoricalCrossentropy: "classNumbers";
  binaryFocalCrossentropy: "alike";
  categoricalFocalCrossentropy: "classes";
  categoricalGeneralizedCrossEntropy: "classNumbers";
  klDivergence: "alike";
  kld: "alike";
  hinge: "alike";
  squaredHinge: "alike";
  categoricalHinge: "classes";
  contrastive: "alike";
  circle: "vectors";
  dice: "alike";
  tversky: "alike";
  ctc: "steps";
  quantile: "alike";
  gaussianNll: 2;
  studentTNll: 3;
  negativeBinomialNll: 2;
}>;
