import { RondoError } from "../../errors.js";
import { div, mul } from "../../tensor/ops/arithmetic.js";
import { cast } from "../../tensor/ops/comparison.js";
import { broadcastTo, reshape } from "../../tensor/ops/movement.js";
import { mean, sum } from "../../tensor/ops/reduce.js";
import { formatShape, sameShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Loss, Reduction } from "./loss.js";

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

function total(t: Tensor): number {
  let all = 0;
  for (const v of t.view()) all += v;
  return all;
}

/**
 * One number from loss values; see `Reduction` for how. By default it is the mean over all of them: sample weights
 * multiply the values (the divisor stays the number of values); with a mask only the valid values count, and the divisor
 * is their number. This is Keras' sum_over_batch_size. Where nothing counts, the loss is 0.
 *
 * @param values [batch, …] from `Loss.call`
 * @param sampleWeight [batch] or the shape of `values`
 * @param mask bool, [batch] or [batch, time]
 */
export function reduceLoss(
  values: Tensor,
  sampleWeight: Tensor | null,
  mask: Tensor | null,
  reduction: Reduction = "sumOverBatchSize",
): Tensor {
  if (values.rank === 0) {
    if (!sampleWeight && !mask) return values;
    throw new RondoError("shape", "a loss that returns a single number cannot be weighted", {
      received: sampleWeight ? "sampleWeight" : "a mask (from masking or maskZero)",
      fix: "let the loss function return one value per example, without the final mean",
    });
  }
  const weight = sampleWeight && spread(sampleWeight, values, "sampleWeight");
  const valid = mask && spread(mask, values, "mask");
  let weighted = values;
  if (weight) weighted = mul(weighted, weight);
  if (valid) weighted = mul(weighted, valid);
  if (reduction === "none") return weighted;
  if (reduction === "sum") return sum(weighted);
  if (reduction === "meanWithSampleWeight" && (weight || valid)) {
    const counted = weight && valid ? mul(weight, valid) : (weight ?? valid)!;
    const divisor = total(broadcastTo(counted, values.shape));
    return div(sum(weighted), divisor === 0 ? 1 : divisor);
  }
  if (!valid) return mean(weighted);
  // Values per mask element: 1 unless the loss has more axes than the mask.
  return div(sum(weighted), Math.max(1, total(valid) * (values.size / valid.size)));
}

/**
 * A loss of targets and predictions, reduced as the loss says: a single number, or with the reduction "none" the weighted
 * values.
 *
 * @param mask of the predictions, bool, [batch] or [batch, time]; null: everything counts
 */
export function lossValue(
  loss: Loss,
  yTrue: Tensor,
  yPred: Tensor,
  sampleWeight: Tensor | null = null,
  mask: Tensor | null = null,
): Tensor {
  const values = loss.readsMask ? loss.call(yTrue, yPred, mask) : loss.call(yTrue, yPred);
  return reduceLoss(values, sampleWeight, lossMask(loss, yTrue, values, mask), loss.reduction);
}

/** The mask of the predictions together with what the loss itself leaves out. */
export function lossMask(loss: Loss, yTrue: Tensor, values: Tensor, mask: Tensor | null): Tensor | null {
  const outer = loss.readsMask ? null : mask;
  const own = loss.valid?.(yTrue, values) ?? null;
  return own && outer ? mul(spread(outer, values, "mask"), cast(own, "float32")) : (own ?? outer);
}
