import { checkOptions, lookUp, RondoError } from "../errors.js";
import { add, div, mul, sub } from "../tensor/ops/arithmetic.js";
import { cast, clip } from "../tensor/ops/comparison.js";
import { pick } from "../tensor/ops/indexing.js";
import { reshape } from "../tensor/ops/movement.js";
import { indices } from "../tensor/ops/operands.js";
import { mean, sum } from "../tensor/ops/reduce.js";
import { logSoftmax, sigmoidCrossEntropy, softmaxCrossEntropy } from "../tensor/ops/softmax.js";
import { abs, log, neg, square } from "../tensor/ops/unary.js";
import { formatShape, sameShape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";

/** Targets and predictions in, one value per example (and step) out: the last axis is reduced. */
export type LossFunction = (yTrue: Tensor, yPred: Tensor) => Tensor;

/** Probabilities are kept this far from 0 and 1 before the logarithm, as Keras does. */
const EPSILON = 1e-7;

/** A loss with its options. `call` gives values [batch] or [batch, time]; `reduceLoss` makes one number of them. */
export interface Loss {
  /** Name in configurations and logs, e.g. "sparseCategoricalCrossentropy". */
  readonly name: string;
  readonly call: LossFunction;
  /** Options that make an equal loss; null for a loss given as a function, which cannot be saved. */
  readonly config: Readonly<Record<string, unknown>> | null;
}

export interface CrossentropyOptions {
  /** Predictions are logits (before softmax or sigmoid) rather than probabilities. */
  fromLogits?: boolean;
  /** Share of every target spread evenly over all classes, 0 to 1. */
  labelSmoothing?: number;
}

export interface SparseCrossentropyOptions {
  /** Predictions are logits (before softmax) rather than probabilities. */
  fromLogits?: boolean;
}

/** Targets in the shape of the predictions. A missing or superfluous last axis of size 1 is put right. */
function align(where: string, yTrue: Tensor, yPred: Tensor): [yTrue: Tensor, yPred: Tensor] {
  const pred = yPred.rank === 1 ? reshape(yPred, [yPred.size, 1]) : yPred;
  const shorter = pred.shape.at(-1) === 1 && sameShape(yTrue.shape, pred.shape.slice(0, -1));
  const longer = yTrue.shape.at(-1) === 1 && sameShape(yTrue.shape.slice(0, -1), pred.shape);
  if (!shorter && !longer && !sameShape(yTrue.shape, pred.shape)) {
    throw new RondoError("shape", `${where}: targets and predictions have different shapes`, {
      received: `targets ${formatShape(yTrue.shape)}, predictions ${formatShape(yPred.shape)}`,
      expected: `targets ${formatShape(yPred.shape)}`,
      fix:
        where === "categoricalCrossentropy" && yTrue.rank === yPred.rank - 1
          ? "for class numbers as targets use sparseCategoricalCrossentropy"
          : hint(yTrue.rank - yPred.rank),
    });
  }
  return [reshape(cast(yTrue, "float32"), pred.shape), pred];
}

/** @param missing axes the predictions would have to have more for the targets to fit. */
function hint(missing: number): string {
  if (missing > 0) return "for one target per time step, the last recurrent layer needs returnSequences: true";
  if (missing < 0) return "for one target per sequence, the last recurrent layer needs returnSequences: false";
  return "make the sizes of targets and predictions agree";
}

/** Class numbers as int32 in the shape of the predictions without their last axis. */
function alignSparse(where: string, yTrue: Tensor, yPred: Tensor): Tensor {
  const shape = yPred.shape.slice(0, -1);
  const classes = yPred.shape.at(-1) ?? 0;
  const column = sameShape(yTrue.shape, [...shape, 1]);
  if (yPred.rank < 2 || (!column && !sameShape(yTrue.shape, shape))) {
    const oneHot = sameShape(yTrue.shape, yPred.shape);
    throw new RondoError("shape", `${where}: the targets do not fit the predictions`, {
      received: `targets ${formatShape(yTrue.shape)}, predictions ${formatShape(yPred.shape)}`,
      expected:
        yPred.rank < 2 ? "predictions [batch, classes] or [batch, time, classes]" : `targets ${formatShape(shape)}`,
      fix: oneHot ? "for one-hot targets use categoricalCrossentropy" : hint(yTrue.rank + 1 - yPred.rank),
    });
  }
  return reshape(indices(yTrue, classes, `targets of ${where}`), shape);
}

/** Probabilities that sum to 1, kept away from 0 and 1. */
function normalized(p: Tensor): Tensor {
  return clip(div(p, sum(p, -1, true)), EPSILON, 1 - EPSILON);
}

function smoothing(where: string, options: CrossentropyOptions): number {
  const { labelSmoothing = 0 } = options;
  if (labelSmoothing >= 0 && labelSmoothing <= 1) return labelSmoothing;
  throw new RondoError("value", `${where}: labelSmoothing is a share between 0 and 1`, {
    received: String(labelSmoothing),
  });
}

/** Mean of (target - prediction)² over the last axis. */
export function meanSquaredError(): Loss {
  const name = "meanSquaredError";
  return {
    name,
    config: {},
    call: (yTrue, yPred) => {
      const [t, p] = align(name, yTrue, yPred);
      return mean(square(sub(p, t)), -1);
    },
  };
}

/** Mean of |target - prediction| over the last axis. */
export function meanAbsoluteError(): Loss {
  const name = "meanAbsoluteError";
  return {
    name,
    config: {},
    call: (yTrue, yPred) => {
      const [t, p] = align(name, yTrue, yPred);
      return mean(abs(sub(p, t)), -1);
    },
  };
}

/** -(t log p + (1-t) log(1-p)), averaged over the last axis; for one or several yes/no outputs. */
export function binaryCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = "binaryCrossentropy";
  checkOptions(`losses.${name}`, options, ["fromLogits", "labelSmoothing"]);
  const { fromLogits = false } = options;
  const labelSmoothing = smoothing(name, options);
  return {
    name,
    config: { fromLogits, labelSmoothing },
    call: (yTrue, yPred) => {
      const [target, x] = align(name, yTrue, yPred);
      const t = labelSmoothing === 0 ? target : add(mul(target, 1 - labelSmoothing), 0.5 * labelSmoothing);
      if (fromLogits) return mean(sigmoidCrossEntropy(t, x), -1);
      const p = clip(x, EPSILON, 1 - EPSILON);
      return neg(mean(add(mul(t, log(p)), mul(sub(1, t), log(sub(1, p)))), -1));
    },
  };
}

/** -sum(t log p) over the last axis; targets are one-hot or other distributions over the classes. */
export function categoricalCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = "categoricalCrossentropy";
  checkOptions(`losses.${name}`, options, ["fromLogits", "labelSmoothing"]);
  const { fromLogits = false } = options;
  const labelSmoothing = smoothing(name, options);
  return {
    name,
    config: { fromLogits, labelSmoothing },
    call: (yTrue, yPred) => {
      const [target, x] = align(name, yTrue, yPred);
      const t = labelSmoothing === 0 ? target : add(mul(target, 1 - labelSmoothing), labelSmoothing / x.shape.at(-1)!);
      return neg(sum(mul(t, fromLogits ? logSoftmax(x) : log(normalized(x))), -1));
    },
  };
}

/**
 * -log p[target]; targets are class numbers, [batch] for predictions [batch, classes] or [batch, time] for predictions
 * [batch, time, classes]. With `fromLogits` softmax and logarithm are one kernel: faster, and exact for any logits.
 */
export function sparseCategoricalCrossentropy(options: SparseCrossentropyOptions = {}): Loss {
  const name = "sparseCategoricalCrossentropy";
  checkOptions(`losses.${name}`, options, ["fromLogits"]);
  const { fromLogits = false } = options;
  return {
    name,
    config: { fromLogits },
    call: (yTrue, yPred) => {
      const t = alignSparse(name, yTrue, yPred);
      if (fromLogits) return softmaxCrossEntropy(t, yPred);
      const chosen = reshape(pick(yPred, reshape(t, [...t.shape, 1])), t.shape);
      return neg(log(clip(div(chosen, sum(yPred, -1)), EPSILON, 1 - EPSILON)));
    },
  };
}

/** Losses that can be configured, and named in `compile({ loss })`. */
export const losses = {
  meanSquaredError,
  meanAbsoluteError,
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
} as const;

const aliases = { ...losses, mse: meanSquaredError, mae: meanAbsoluteError } as const;

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

/** `weights` with axes of size 1 appended, so that [batch] weighs rows and [batch, time] steps. */
function spread(weights: Tensor, values: Tensor, what: string): Tensor {
  const { shape } = weights;
  const column = shape.length === values.rank + 1 && shape.at(-1) === 1;
  const trimmed = column ? shape.slice(0, -1) : shape;
  if (!sameShape(trimmed, values.shape.slice(0, trimmed.length))) {
    throw new RondoError("shape", `the ${what} does not fit the loss values`, {
      received: formatShape(shape),
      expected: values.rank > 1 ? `[${values.shape[0]}] or ${formatShape(values.shape)}` : formatShape(values.shape),
    });
  }
  return reshape(cast(weights, "float32"), [...trimmed, ...values.shape.slice(trimmed.length).map(() => 1)]);
}

/**
 * One number from loss values: the mean over all of them. Sample weights multiply the values (the divisor stays the
 * number of values); with a mask only the valid values count, and the divisor is their number. This is Keras'
 * sum_over_batch_size.
 *
 * @param values [batch, …] from `Loss.call`
 * @param sampleWeight [batch] or the shape of `values`
 * @param mask bool, [batch] or [batch, time]
 */
export function reduceLoss(values: Tensor, sampleWeight: Tensor | null, mask: Tensor | null): Tensor {
  if (values.rank === 0) {
    if (!sampleWeight && !mask) return values;
    throw new RondoError("shape", "a loss that returns a single number cannot be weighted", {
      received: sampleWeight ? "sampleWeight" : "a mask (from masking or maskZero)",
      fix: "let the loss function return one value per example, without the final mean",
    });
  }
  let weighted = values;
  if (sampleWeight) weighted = mul(weighted, spread(sampleWeight, values, "sampleWeight"));
  if (!mask) return mean(weighted);
  const valid = spread(mask, values, "mask");
  const masked = mul(weighted, valid);
  // Values per mask element: 1 unless the loss has more axes than the mask. A fully masked batch has loss 0.
  const perMask = values.size / valid.size;
  let count = 0;
  for (const v of valid.view()) count += v;
  return div(sum(masked), Math.max(1, count * perMask));
}
