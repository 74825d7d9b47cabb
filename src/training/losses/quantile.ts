import { RondoError } from "../../errors.js";
import { maximum, mul, sub } from "../../tensor/ops/arithmetic.js";
import { reshape } from "../../tensor/ops/movement.js";
import { mean } from "../../tensor/ops/reduce.js";
import { tensor } from "../../tensor/tensor.js";
import { parts } from "./align.js";
import { defineLoss } from "./loss.js";

/** Throws RondoError "value" unless these are numbers between 0 and 1, at least one. */
export function checkQuantiles(where: string, quantiles: readonly number[]): void {
  if (Array.isArray(quantiles) && quantiles.length > 0 && quantiles.every((q) => q > 0 && q < 1)) return;
  throw new RondoError("value", `${where}: quantiles are numbers above 0 and below 1`, {
    received: JSON.stringify(quantiles),
    expected: "for example [0.1, 0.5, 0.9]",
  });
}

/**
 * Pinball loss: max(q e, (q - 1) e) with e = target - prediction, the mean over quantiles and targets (Koenker and Bassett
 * 1978). The prediction that makes it smallest is the q-quantile. For n quantiles and targets [..., d] (or [...] when d is
 * 1) the predictions are [..., n · d], the first quantile of all targets first.
 *
 * @example losses.quantile({ quantiles: [0.1, 0.5, 0.9] })
 */
export const quantile = defineLoss<{
  /** Above 0 and below 1. [0.5] by default: half the absolute error. */
  quantiles?: readonly number[];
}>("quantile", { quantiles: [0.5] }, ({ quantiles }) => {
  checkQuantiles("losses.quantile", quantiles);
  return (yTrue, yPred) => {
    const { t } = parts("quantile", yTrue, yPred, quantiles.length);
    const rest = t.shape.slice(0, -1);
    const d = t.shape.at(-1)!;
    const e = sub(reshape(t, [...rest, 1, d]), reshape(yPred, [...rest, quantiles.length, d]));
    const q = tensor(Float32Array.from(quantiles), [quantiles.length, 1]);
    return mean(maximum(mul(e, q), mul(e, sub(q, 1))), [-2, -1]);
  };
});
