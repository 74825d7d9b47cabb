import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { Optimizer, type StepFactors } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";

/** Options of `optimizers.nadam`. */
export interface NadamOptions extends OptimizerOptions {
  /** How slowly the average gradient changes. 0.9 by default. */
  beta1?: number;
  /** How slowly the average squared gradient changes. 0.999 by default. */
  beta2?: number;
  /** Added to the root. 1e-7 by default. */
  epsilon?: number;
}

/**
 * Adam with Nesterov momentum: m, v = averages of g and g²; u(t) = beta1·(1 - 0.96^t / 2);
 * w -= rate · (u(t+1)·m / (1 - U(t+1)) + (1-u(t))·g / (1 - U(t))) / (sqrt(v / (1-beta2^t)) + epsilon),
 * U(t) being the product of u(1) to u(t) (Dozat 2016).
 */
export class Nadam extends Optimizer<SettingsOf<NadamOptions>> {
  readonly className = "Nadam";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[] = ["momentum", "velocity"];
  /** U(t), and its t: a product that only depends on t, remembered because it is long. */
  private product = { t: 0, value: 1 };

  constructor(options: NadamOptions = {}) {
    super("optimizers.nadam", options, { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }, 0.001);
  }

  private factor(t: number): number {
    return this.settings.beta1 * (1 - 0.5 * 0.96 ** t);
  }

  private productUpTo(t: number): number {
    let { t: known, value } = this.product.t <= t ? this.product : { t: 0, value: 1 };
    while (known < t && value > 0) value *= this.factor(++known);
    this.product = { t, value };
    return value;
  }

  protected override update(
    w: Variable,
    g: Tensor,
    rate: number,
    slots: Record<string, Variable>,
    { scale, keep }: StepFactors,
  ): void {
    const { momentum, velocity } = slots as { momentum: Variable; velocity: Variable };
    const t = this.iterations + 1;
    const [now, next] = [this.factor(t), this.factor(t + 1)];
    const product = this.productUpTo(t);
    w.storage.engine.kernels.nadamUpdate(
      w.offset,
      g.offset,
      momentum.offset,
      velocity.offset,
      w.size,
      (rate * next) / (1 - product * next),
      (rate * (1 - now)) / (1 - product),
      1 / (1 - this.settings.beta2 ** t),
      this.settings.beta1,
      this.settings.beta2,
      this.settings.epsilon,
      scale,
      keep,
    );
  }
}

/** Nadam, learningRate 0.001. @example optimizers.nadam({ learningRate: 0.002 }) */
export function nadam(options?: NadamOptions): Nadam {
  return new Nadam(options);
}
