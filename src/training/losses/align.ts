import { RondoError } from "../../errors.js";
import { cast } from "../../tensor/ops/comparison.js";
import { reshape, transpose } from "../../tensor/ops/movement.js";
import { indices } from "../../tensor/ops/operands.js";
import { split } from "../../tensor/ops/slicing.js";
import { formatShape, normalizeAxis, sameShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";

/** Targets in the shape of the predictions. A missing or superfluous last axis of size 1 is put right. */
export function align(where: string, yTrue: Tensor, yPred: Tensor): [yTrue: Tensor, yPred: Tensor] {
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
export function alignSparse(where: string, yTrue: Tensor, yPred: Tensor): Tensor {
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

/** Throws RondoError "shape" where predictions of classes are a single number: it would always be right. */
export function requireClasses(where: string, { shape }: Tensor): void {
  if (shape.at(-1) !== 1) return;
  throw new RondoError("shape", `${where} needs one output per class, and the model has a single output`, {
    received: `predictions ${formatShape(shape)}`,
    expected: "a last axis of at least 2",
    fix: 'did you mean "binaryCrossentropy"?',
  });
}

/** `t` with `axis` moved to the end. */
export function withLast(t: Tensor, axis: number, where: string): Tensor {
  const from = normalizeAxis(axis, t.rank, where);
  if (from === t.rank - 1) return t;
  const others = t.shape.map((_, i) => i).filter((i) => i !== from);
  return transpose(t, [...others, from]);
}

/**
 * Predictions that hold several numbers for each of d targets, the first number of all targets first: yPred
 * [..., count * d] as `count` tensors [..., d], and the targets, [..., d] or without their last axis where d is 1.
 */
export function parts(where: string, yTrue: Tensor, yPred: Tensor, count: number): { t: Tensor; groups: Tensor[] } {
  const rest = yPred.shape.slice(0, -1);
  const outputs = yPred.shape.at(-1) ?? 0;
  const d = outputs / count;
  const fits = sameShape(yTrue.shape, [...rest, d]) || (d === 1 && sameShape(yTrue.shape, rest));
  if (yPred.rank < 2 || !fits) {
    throw new RondoError("shape", `${where}: the predictions do not fit the targets`, {
      received: `targets ${formatShape(yTrue.shape)}, predictions ${formatShape(yPred.shape)}`,
      expected: `${count} outputs for every target${Number.isInteger(d) ? `: targets ${formatShape([...rest, d])}` : ""}`,
      fix: `give the last layer ${count} units for every number to predict`,
    });
  }
  return { t: reshape(cast(yTrue, "float32"), [...rest, d]), groups: split(yPred, count, -1) };
}
