import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { checkNotNegative } from "../checks.js";
import { Optimizer, type OptimizerOptions, type SlotStart, type StepFactors } from "./optimizer.js";

/** Options of `optimizers.adagrad`. */
export interface AdagradOptions extends OptimizerOptions {
  /** What the sums of squared gradients start from. 0.1 by default. */
  initialAccumulatorValue?: number;
  /** Added under the root. 1e-7 by default. */
  epsilon?: number;
}

/** s += g²; w -= rate · g / sqrt(s + epsilon) (Duchi et al. 2011). Steps only ever get smaller. */
export class Adagrad extends Optimizer {
  readonly className = "Adagrad";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[] = ["accumulator"];
  readonly initialAccumulatorValue: number;
  readonly epsilon: number;

  constructor(options: AdagradOptions = {}) {
    const where = "optimizers.adagrad";
    super(where, options, ["initialAccumulatorValue", "epsilon"], 0.001);
    this.initialAccumulatorValue = options.initialAccumulatorValue ?? 0.1;
    this.epsilon = options.epsilon ?? 1e-7;
    checkNotNegative(where, "initialAccumulatorValue", this.initialAccumulatorValue);
    checkNotNegative(where, "epsilon", this.epsilon);
  }

  protected override slotStart(_slot: string, variable: Variable): SlotStart {
    return { shape: variable.shape, value: this.initialAccumulatorValue };
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
      this.epsilon,
      scale,
      keep,
    );
  }

  override getConfig(): Record<string, unknown> {
    const { initialAccumulatorValue, epsilon } = this;
    return { ...super.getConfig(), initialAccumulatorValue, epsilon };
  }
}

/** Adagrad, learningRate 0.001. @example optimizers.adagrad({ learningRate: 0.1 }) */
export function adagrad(options?: AdagradOptions): Adagrad {
  return new Adagrad(options);
}
