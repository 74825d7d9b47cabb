import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { Optimizer, type StepFactors } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";

/** Options of `optimizers.sgd`. */
export interface SGDOptions extends OptimizerOptions {
  /** How much of the last step is repeated, 0 <= momentum < 1. 0 by default. */
  momentum?: number;
  /** Look ahead along the momentum. */
  nesterov?: boolean;
}

/** Gradient descent: v = momentum·v - rate·g; w += v (Nesterov: w += momentum·v - rate·g). */
export class SGD extends Optimizer<SettingsOf<SGDOptions>> {
  readonly className = "SGD";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[] = this.settings.momentum === 0 ? [] : ["momentum"];

  constructor(options: SGDOptions = {}) {
    super("optimizers.sgd", options, { momentum: 0, nesterov: false }, 0.01);
  }

  protected override update(
    w: Variable,
    g: Tensor,
    rate: number,
    slots: Record<string, Variable>,
    { scale, keep }: StepFactors,
  ): void {
    w.storage.engine.kernels.sgdUpdate(
      w.offset,
      g.offset,
      slots.momentum?.offset ?? 0,
      w.size,
      rate,
      this.settings.momentum,
      this.settings.nesterov ? 1 : 0,
      scale,
      keep,
    );
  }
}

/** Stochastic gradient descent, learningRate 0.01. @example optimizers.sgd({ learningRate: 0.1, momentum: 0.9 }) */
export function sgd(options?: SGDOptions): SGD {
  return new SGD(options);
}
