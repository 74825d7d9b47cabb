import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { Optimizer, type StepFactors } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";

/** Options of `optimizers.rmsprop`. */
export interface RMSPropOptions extends OptimizerOptions {
  /** How slowly the average of squared gradients changes, 0 <= rho < 1. 0.9 by default. */
  rho?: number;
  /** How much of the last step is repeated. 0 by default. */
  momentum?: number;
  /** Added under the root. 1e-7 by default. */
  epsilon?: number;
  /** Divide by the variance of the gradient rather than its mean square. */
  centered?: boolean;
}

/** v = rho·v + (1-rho)·g²; step = rate·g / sqrt(v + epsilon), with v - mean² when centered (Hinton 2012; Graves 2013). */
export class RMSProp extends Optimizer<SettingsOf<RMSPropOptions>> {
  readonly className = "RMSprop";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[] = [
    "velocity",
    ...(this.settings.momentum > 0 ? ["momentum"] : []),
    ...(this.settings.centered ? ["average"] : []),
  ];

  constructor(options: RMSPropOptions = {}) {
    super("optimizers.rmsprop", options, { rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false }, 0.001);
  }

  protected override update(
    w: Variable,
    g: Tensor,
    rate: number,
    slots: Record<string, Variable>,
    { scale, keep }: StepFactors,
  ): void {
    w.storage.engine.kernels.rmspropUpdate(
      w.offset,
      g.offset,
      slots.velocity!.offset,
      slots.momentum?.offset ?? 0,
      slots.average?.offset ?? 0,
      w.size,
      rate,
      this.settings.rho,
      this.settings.momentum,
      this.settings.epsilon,
      scale,
      keep,
    );
  }
}

/** RMSprop, learningRate 0.001. @example optimizers.rmsprop({ learningRate: 0.002, rho: 0.95 }) */
export function rmsprop(options?: RMSPropOptions): RMSProp {
  return new RMSProp(options);
}
