import type { Batch } from "../data/batches.js";
import type { Examples } from "../data/examples.js";
import { checkOptions, RondoError } from "../errors.js";
import { RecurrentLayer } from "../layers/recurrent/recurrent-layer.js";
import type { Model } from "../model/model.js";
import { formatShape } from "../tensor/shape.js";
import { checkCount } from "./checks.js";
import { runStep } from "./step.js";

/** Truncated backpropagation through time. */
export interface Truncation {
  /** Length of a window: gradients reach back this far, states further. */
  steps: number;
}

/** Throws RondoError unless the model can be trained window by window. @internal */
export function checkTruncation(model: Model, truncate: Truncation, examples: Examples | null): void {
  checkOptions("fit, truncate", truncate, ["steps"]);
  checkCount("fit", "truncate.steps", truncate.steps);
  for (const layer of model.layers) {
    const recurrent = layer instanceof RecurrentLayer;
    const backwards = recurrent ? layer.settings.goBackwards : layer.className === "Bidirectional";
    if (backwards) {
      throw new RondoError("option", "truncate needs layers that read from the first step to the last", {
        path: layer.describe(),
        received: layer.className === "Bidirectional" ? "a bidirectional layer" : "goBackwards: true",
        fix: "train without truncate: what comes later in time is not known yet at the end of a window",
      });
    }
    if (recurrent && !layer.settings.returnSequences) {
      throw new RondoError("option", "truncate needs an output at every time step", {
        path: layer.describe(),
        received: "returnSequences: false",
        fix: "set returnSequences: true",
      });
    }
  }
  if (!examples) return;
  const x = examples.x[0]!;
  const y = examples.y?.[0];
  if (x.shape.length >= 2 && y && x.shape[1] === y.shape[1]) return;
  throw new RondoError("shape", "truncate needs a target for every time step", {
    received: `x ${formatShape(x.shape)}, y ${y ? formatShape(y.shape) : "none"}`,
    expected: "x [examples, time, …] and y [examples, time, …]",
  });
}

/**
 * Trains on one batch window by window, one update each; the states at the end of a window are where the next begins.
 * Returns the mean loss over the batch.
 */
export function trainTruncated(model: Model, batch: Batch, { steps }: Truncation): number {
  const carrying = model.layers.filter(
    (layer): layer is RecurrentLayer => layer instanceof RecurrentLayer && !layer.stateful,
  );
  for (const layer of carrying) layer.carriesStates = true;
  try {
    let total = 0;
    for (let from = 0; from < batch.steps; from += steps) {
      const to = Math.min(from + steps, batch.steps);
      total += runStep(model, batch, () => model.trainStep(batch, [from, to])) * (to - from);
    }
    return total / batch.steps;
  } finally {
    for (const layer of carrying) {
      layer.carriesStates = false;
      layer.resetStates();
    }
  }
}
