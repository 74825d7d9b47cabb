import { RondoError } from "../../errors.js";
import { run1 } from "../run.js";
import { formatShape, normalizeAxis, sameShape } from "../shape.js";
import { asTensor, type Tensor, type TensorLike } from "../tensor.js";
import { add, mul, sub } from "./arithmetic.js";
import { reshape, transpose } from "./movement.js";
import { float, indices } from "./operands.js";
import { sum } from "./reduce.js";
import { neg, softplus } from "./unary.js";

/** The recorded operations work on the last axis. */
function alongAxis(op: "softmax" | "logSoftmax", x: TensorLike, axis: number): Tensor {
  const t = float(x);
  const a = normalizeAxis(axis, t.rank, op);
  if (a === t.rank - 1) return run1(op, [t], {});
  const swap = t.shape.map((_, i) => (i === a ? t.rank - 1 : i === t.rank - 1 ? a : i));
  return transpose(run1(op, [transpose(t, swap)], {}), swap);
}

/** exp(x) / sum(exp(x)) along `axis`, without overflow. @example softmax([0, 0]) // [0.5, 0.5] */
export function softmax(x: TensorLike, axis = -1): Tensor {
  return alongAxis("softmax", x, axis);
}

/**
 * log(softmax(x)) along `axis`, accurate where the probability is tiny.
 *
 * @example logSoftmax([0, 0]) // [-0.69315, -0.69315]
 */
export function logSoftmax(x: TensorLike, axis = -1): Tensor {
  return alongAxis("logSoftmax", x, axis);
}

/**
 * Cross-entropy of softmax(logits) [rows…, n] with targets, per row -> [rows…]. Targets are class numbers [rows…] (or
 * [rows…, 1]), or probabilities [rows…, n] that sum to 1.
 * Throws RondoError "shape" when they fit neither way, "value" for a class outside [0, n).
 *
 * @example softmaxCrossEntropy([2], [[0, 0, 10]]) // [0.00009]
 */
export function softmaxCrossEntropy(targets: TensorLike, logits: TensorLike): Tensor {
  const scores = float(logits);
  const given = asTensor(targets);
  const rows = scores.shape.slice(0, -1);
  if (scores.rank > 0) {
    const n = scores.shape.at(-1)!;
    if (sameShape(given.shape, scores.shape) && n > 1) return neg(sum(mul(float(given), logSoftmax(scores)), -1));
    if (sameShape(given.shape, rows) || sameShape(given.shape, [...rows, 1])) {
      const classes = reshape(indices(given, n, "softmaxCrossEntropy (targets)"), rows);
      return run1("sparseCrossEntropy", [scores, classes], {});
    }
  }
  throw new RondoError("shape", "softmaxCrossEntropy: targets do not fit the logits", {
    received: `targets ${formatShape(given.shape)}, logits ${formatShape(scores.shape)}`,
    expected: `class numbers ${formatShape(rows)} or probabilities ${formatShape(scores.shape)}`,
  });
}

/**
 * Cross-entropy of sigmoid(logits) with targets in [0, 1], element by element; shapes agree or broadcast.
 * Computed as z softplus(-x) + (1 - z) softplus(x), which neither overflows nor cancels.
 *
 * @example sigmoidCrossEntropy([1, 0], [3, -3])
 */
export function sigmoidCrossEntropy(targets: TensorLike, logits: TensorLike): Tensor {
  const x = float(logits);
  const z = float(targets);
  return add(mul(z, softplus(neg(x))), mul(sub(1, z), softplus(x)));
}
