import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { Optimizer, type StepFactors } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";

/** Options of `optimizers.adamax`. */
export interface AdamaxOptions extends OptimizerOptions {
  /** How slowly the average gradient changes. 0.9 by default. */
  beta1?: number;
  /** How slowly the largest gradient is forgotten. 0.999 by default. */
  beta2?: number;
  /** Added to the denominator. 1e-7 by default. */
  epsilon?: number;
}

/**
 * m = average of g; u = max(beta2·u, |g|); w -= rate / (1-beta1^t) · m / (u + epsilon)
 * (Kingma & Ba 2014, section 7.1).
 */
export class Adamax extends Optimizer<SettingsOf<AdamaxOptions>> {
  readonly className = "Adamax";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[] = ["momentum", "norm"];

  constructor(options: AdamaxOptions = {}) {
    super("optimizers.adamax", options, { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }, 0.001);
  }

  protected override update(
    w: Variable,
    g: Tensor,
    rate: number,
    slots: Record<string, Variable>,
    { scale, keep }: StepFactors,
  ): void {
    const { momentum, norm } = slots as { momentum: Variable; norm: Variable };
    w.storage.engine.kernels.adamaxUpdate(
      w.offset,
      g.offset,
      momentum.offset,
      norm.offset,
      w.size,
      rate / (1 - this.settings.beta1 ** (this.iterations + 1)),
      this.settings.beta1,
      this.settings.beta2,
      this.settings.epsilon,
      scale,
      keep,
    );
  }
}

/** Adamax, learningRate 0.001. @example optimizers.adamax({ learningRate: 0.002 }) */
export function adamax(options?: AdamaxOptions): Adamax {
  return new Adamax(options);
}
