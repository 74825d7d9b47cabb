import { RondoError } from "../errors.js";
import type { OperationRecord } from "../tensor/run.js";
import { formatShape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { Variable } from "../tensor/variable.js";

function nonFinite(t: Tensor): boolean {
  if (t.dtype !== "float32" || t.size === 0 || t.disposed) return false;
  return t.storage.engine.kernels.findNonFinite(t.offset, t.size) >= 0;
}

const named = (t: Tensor) => `${t instanceof Variable ? `variable "${t.name}" ` : ""}${formatShape(t.shape)}`;

/** The error for a loss that is not finite: says which operation, or which input, it came from. */
export function describeNonFinite(loss: number, records: readonly OperationRecord[]): RondoError {
  const culprit = records.find(({ outputs }) => outputs.some(nonFinite));
  const input = culprit?.inputs.find(nonFinite);
  const operation = culprit && ((culprit.attributes as { op?: string }).op ?? culprit.name);
  const origin = !culprit
    ? "no recorded operation made it"
    : input
      ? `it was already in an input of ${operation}: ${named(input)}`
      : `it first came out of ${operation}(${culprit.inputs.map(named).join(", ")})`;
  return new RondoError("nonFinite", `the loss is ${loss}`, {
    received: origin,
    expected: "a finite loss",
    fix: input
      ? "look for NaN or infinity in the data and the weights"
      : "lower the learning rate, clip the gradients, or keep arguments of log, sqrt and div away from 0",
  });
}
