import { checkOptions, RondoError } from "../../errors.js";
import type { Callback, Logs, TrainingContext } from "../callbacks.js";

/** Options of `callbacks.swapEMAWeights`. */
export interface SwapEMAWeightsOptions {
  /** Also from the end of every epoch to the start of the next, for callbacks that follow. False by default. */
  swapOnEpoch?: boolean;
}

/** @internal */
export class SwapEMAWeights implements Callback {
  readonly name = "swapEMAWeights";

  constructor(readonly options: Required<SwapEMAWeightsOptions>) {}

  onTrainBegin({ model }: TrainingContext): void {
    if (model.optimizer.useEma) return;
    throw new RondoError("option", "callbacks.swapEMAWeights needs an optimizer that keeps averages", {
      received: `${model.optimizer.className} without useEma`,
      fix: "optimizers.adam({ useEma: true })",
    });
  }

  onEpochBegin(_epoch: number, context: TrainingContext): void {
    swap(context, false);
  }
  onTestBegin(context: TrainingContext): void {
    swap(context, true);
  }
  onTestEnd(_logs: Logs, context: TrainingContext): void {
    swap(context, false);
  }
  onEpochEnd(_epoch: number, _logs: Logs, context: TrainingContext): void {
    if (this.options.swapOnEpoch) swap(context, true);
  }
}

function swap({ model }: TrainingContext, averaged: boolean): void {
  model.optimizer.swapEma(model.trainableWeights, averaged);
}

/**
 * Validates with the moving averages of the weights, which an optimizer with `useEma` keeps, and goes on training with the
 * weights themselves. With `swapOnEpoch` a `modelCheckpoint` that comes after it in the list saves the averages.
 *
 * @example callbacks: [callbacks.swapEMAWeights({ swapOnEpoch: true }), callbacks.modelCheckpoint("averaged.safetensors")]
 */
export function swapEMAWeights(options: SwapEMAWeightsOptions = {}): SwapEMAWeights {
  checkOptions("callbacks.swapEMAWeights", options, ["swapOnEpoch"]);
  return new SwapEMAWeights({ swapOnEpoch: options.swapOnEpoch ?? false });
}
