import { add, div, mul, sub } from "../../tensor/ops/arithmetic.js";
import { cast, clip, notEqual, where } from "../../tensor/ops/comparison.js";
import { pick } from "../../tensor/ops/indexing.js";
import { reshape } from "../../tensor/ops/movement.js";
import { mean, sum } from "../../tensor/ops/reduce.js";
import { logSoftmax, sigmoidCrossEntropy, softmaxCrossEntropy } from "../../tensor/ops/softmax.js";
import { log, neg } from "../../tensor/ops/unary.js";
import { sameShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { align, alignSparse, requireClasses, withLast } from "./align.js";
import { checkNumber, defineLoss, EPSILON } from "./loss.js";

/** Options of cross-entropies. */
export interface CrossentropyOptions {
  /** Predictions are logits (before softmax or sigmoid) rather than probabilities. */
  fromLogits?: boolean;
  /** Share of every target spread evenly over all classes, 0 to 1. */
  labelSmoothing?: number;
  /** Axis of the classes, or the one averaged over for yes/no outputs. The last by default. */
  axis?: number;
}

/** Options of `losses.sparseCategoricalCrossentropy`. */
export interface SparseCrossentropyOptions {
  /** Predictions are logits (before softmax) rather than probabilities. */
  fromLogits?: boolean;
  /** Targets of this class count nowhere, neither in the sum nor in the divisor. It need not be a class of the model. */
  ignoreClass?: number | null;
  /** Axis of the classes in the predictions. The last by default. */
  axis?: number;
}

/** Probabilities that sum to 1 over the last axis, kept away from 0 and 1. */
export function normalized(p: Tensor): Tensor {
  return clip(div(p, sum(p, -1, true)), EPSILON, 1 - EPSILON);
}

export function checkSmoothing(where: string, value: number): void {
  checkNumber(where, "labelSmoothing", value, value >= 0 && value <= 1, "a share between 0 and 1");
}

/** Yes/no targets drawn towards 1/2. */
export function smoothBinary(t: Tensor, share: number): Tensor {
  return share === 0 ? t : add(mul(t, 1 - share), 0.5 * share);
}

/** Distributions over the last axis drawn towards the even one. */
export function smoothClasses(t: Tensor, share: number): Tensor {
  return share === 0 ? t : add(mul(t, 1 - share), share / t.shape.at(-1)!);
}

/** -(t log p + (1-t) log(1-p)) of probabilities, element by element. */
export function binaryEntropy(t: Tensor, probabilities: Tensor): Tensor {
  const p = clip(probabilities, EPSILON, 1 - EPSILON);
  return neg(add(mul(t, log(p)), mul(sub(1, t), log(sub(1, p)))));
}

/**
 * -(t log p + (1-t) log(1-p)), averaged over the last axis; for one or several yes/no outputs.
 *
 * @example losses.binaryCrossentropy({ fromLogits: true })
 */
export const binaryCrossentropy = defineLoss<CrossentropyOptions>(
  "binaryCrossentropy",
  { fromLogits: false, labelSmoothing: 0, axis: -1 },
  ({ fromLogits, labelSmoothing, axis }) => {
    checkSmoothing("binaryCrossentropy", labelSmoothing);
    return (yTrue, yPred) => {
      const [target, x] = align("binaryCrossentropy", yTrue, yPred);
      const t = smoothBinary(target, labelSmoothing);
      return mean(fromLogits ? sigmoidCrossEntropy(t, x) : binaryEntropy(t, x), axis);
    };
  },
);

/**
 * -sum(t log p) over the classes; targets are one-hot or other distributions over the classes.
 *
 * @example losses.categoricalCrossentropy({ labelSmoothing: 0.1 })
 */
export const categoricalCrossentropy = defineLoss<CrossentropyOptions>(
  "categoricalCrossentropy",
  { fromLogits: false, labelSmoothing: 0, axis: -1 },
  ({ fromLogits, labelSmoothing, axis }) => {
    const name = "categoricalCrossentropy";
    checkSmoothing(name, labelSmoothing);
    return (yTrue, yPred) => {
      const [target, x] = align(name, yTrue, yPred).map((part) => withLast(part, axis, name)) as [Tensor, Tensor];
      requireClasses(name, x);
      const t = smoothClasses(target, labelSmoothing);
      return neg(sum(mul(t, fromLogits ? logSoftmax(x) : log(normalized(x))), -1));
    };
  },
);

/**
 * -log p[target]; targets are class numbers, [batch] for predictions [batch, classes] or [batch, time] for predictions
 * [batch, time, classes]. With `fromLogits` softmax and logarithm are one kernel: faster, and exact for any logits.
 *
 * @example losses.sparseCategoricalCrossentropy({ fromLogits: true, ignoreClass: -1 })
 */
export const sparseCategoricalCrossentropy = defineLoss<SparseCrossentropyOptions>(
  "sparseCategoricalCrossentropy",
  { fromLogits: false, ignoreClass: null, axis: -1 },
  ({ fromLogits, ignoreClass, axis }) => {
    const name = "sparseCategoricalCrossentropy";
    const each = (targets: Tensor, yPred: Tensor) => {
      const x = withLast(yPred, axis, name);
      requireClasses(name, x);
      const t = alignSparse(name, targets, x);
      if (fromLogits) return softmaxCrossEntropy(t, x);
      const chosen = reshape(pick(x, reshape(t, [...t.shape, 1])), t.shape);
      return neg(log(clip(div(chosen, sum(x, -1)), EPSILON, 1 - EPSILON)));
    };
    if (ignoreClass === null) return each;
    const counts = (yTrue: Tensor) => notEqual(yTrue, ignoreClass);
    const inShape = (t: Tensor, v: Tensor) => (sameShape(t.shape, v.shape) ? t : reshape(t, v.shape));
    return {
      values: (yTrue, yPred) => {
        const counted = counts(yTrue);
        // The class ignored may be outside the range of classes.
        const v = each(where(counted, yTrue, cast(0, yTrue.dtype)), yPred);
        return where(inShape(counted, v), v, 0);
      },
      valid: (yTrue, v) => inShape(counts(yTrue), v),
    };
  },
);
