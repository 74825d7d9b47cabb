import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { Optimizer, type StepFactors } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";
import type { SlotStart } from "./slots.js";

/** Options of `optimizers.adagrad`. */
export interface AdagradOptions extends OptimizerOptions {
  /** What the sums of squared gradients start from. 0.1 by default. */
  initialAccumulatorValue?: number;
  /** Added under the root. 1e-7 by default. */
  epsilon?: number;
}

/** s += g²; w -= rate · g / sqrt(s + epsilon) (Duchi et al. 2011). Steps only ever get smaller. */
export class Adagrad extends Optimizer<SettingsOf<AdagradOptions>> {
  readonly className = "Adagrad";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[] = ["accumulator"];

  constructor(options: AdagradOptions = {}) {
    super("optimizers.adagrad", options, { initialAccumulatorValue: 0.1, epsilon: 1e-7 }, 0.001);
  }

  protected override slotStart(_slot: string, variable: Variable): SlotStart {
    return { shape: variable.shape, value: this.settings.initialAccumulatorValue };
  }

  protected override update(
    w: Variable,
    g: Tensor,
    rate: number,
    slots: Record<string, Variable>,
    { scale, keep }: StepFactors,
  ): void {
    w.storage.engine.kernels.adagradUpdate(
      w.offset,
      g.offset,
      slots.accumulator!.offset,
      w.size,
      rate,
      this.settings.epsilon,
      scale,
      keep,
    );
  }
}

/** Adagrad, learningRate 0.001. @example optimizers.adagrad({ learningRate: 0.1 }) */
export function adagrad(options?: AdagradOptions): Adagrad {
  return new Adagrad(options);
}
