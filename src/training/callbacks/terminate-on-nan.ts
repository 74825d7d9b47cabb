import type { RondoError } from "../../errors.js";
import { host } from "../../util/host.js";
import type { Callback, TrainingContext } from "../callbacks.js";

class TerminateOnNaN implements Callback {
  readonly name = "terminateOnNaN";
  /** What ended the training, or null. `error.path` is the first layer whose output was not finite, where known. */
  error: RondoError | null = null;

  onTrainBegin(): void {
    this.error = null;
  }

  onNonFinite(error: RondoError, context: TrainingContext): void {
    this.error = error;
    host().print(error.message);
    context.stop();
  }
}

export type { TerminateOnNaN };

/**
 * Ends training in good order when the loss or a gradient is NaN or infinite: `fit` resolves with the epochs completed,
 * `error` says where it came from (the layer, the variable or the data), the weights are those before the bad step. Without
 * it `fit` rejects with that error.
 *
 * @example const nan = callbacks.terminateOnNaN(); await model.fit(x, y, { callbacks: nan }); nan.error?.path
 */
export function terminateOnNaN(): TerminateOnNaN {
  return new TerminateOnNaN();
}
