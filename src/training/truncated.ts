import type { Batch, Examples } from "../data/batches.js";
import { checkOptions, RondoError } from "../errors.js";
import type { Model } from "../model/model.js";
import { formatShape } from "../tensor/shape.js";
import { checkCount } from "./checks.js";
import { trainStep } from "./step.js";

/** Truncated backpropagation through time. */
export interface Truncation {
  /** Length of a window: gradients reach back this far, states further. */
  steps: number;
}

/** @internal */
export function checkTruncation(_model: Model, truncate: Truncation, examples: Examples | null): void {
  checkOptions("fit, truncate", truncate, ["steps"]);
  checkCount("fit", "truncate.steps", truncate.steps);
  if (!examples) return;
  const { x, y } = examples;
  if (x.shape.length >= 2 && y && x.shape[1] === y.shape[1]) return;
  throw new RondoError("shape", "truncate needs a target for every time step", {
    received: `x ${formatShape(x.shape)}, y ${y ? formatShape(y.shape) : "none"}`,
    expected: "x [examples, time, …] and y [examples, time, …], with returnSequences in every recurrent layer",
  });
}

/** Trains on one batch window by window. Returns the loss of the last window. */
export function trainTruncated(model: Model, batch: Batch, { steps }: Truncation): number {
  let loss = 0;
  for (let from = 0; from < batch.steps; from += steps) {
    loss = trainStep(model, batch, [from, Math.min(from + steps, batch.steps)]);
  }
  return loss;
}
