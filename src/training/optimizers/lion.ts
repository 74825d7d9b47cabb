import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { Optimizer, type StepFactors } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";

/** Options of `optimizers.lion`. */
export interface LionOptions extends OptimizerOptions {
  /** How much of the direction is the average gradient rather than the new one. 0.9 by default. */
  beta1?: number;
  /** How slowly the average gradient changes. 0.99 by default. */
  beta2?: number;
}

/**
 * w -= rate · sign(beta1·m + (1-beta1)·g); m = beta2·m + (1-beta2)·g (Chen et al. 2023). Every step has the full size of
 * the rate, which is best three to ten times smaller than Adam's.
 */
export class Lion extends Optimizer<SettingsOf<LionOptions>> {
  readonly className = "Lion";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[] = ["momentum"];

  constructor(options: LionOptions = {}) {
    super("optimizers.lion", options, { beta1: 0.9, beta2: 0.99 }, 0.001);
  }

  protected override update(
    w: Variable,
    g: Tensor,
    rate: number,
    slots: Record<string, Variable>,
    { scale, keep }: StepFactors,
  ): void {
    w.storage.engine.kernels.lionUpdate(
      w.offset,
      g.offset,
      slots.momentum!.offset,
      w.size,
      rate,
      this.settings.beta1,
      this.settings.beta2,
      scale,
      keep,
    );
  }
}

/** Lion, learningRate 0.001. @example optimizers.lion({ learningRate: 1e-4, weightDecay: 0.01 }) */
export function lion(options?: LionOptions): Lion {
  return new Lion(options);
}
