import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { checkFraction, checkNotNegative } from "../checks.js";
import { Optimizer, type OptimizerOptions, type StepFactors } from "./optimizer.js";

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
export class Adamax extends Optimizer {
  readonly className = "Adamax";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[] = ["momentum", "norm"];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;

  constructor(options: AdamaxOptions = {}) {
    const where = "optimizers.adamax";
    super(where, options, ["beta1", "beta2", "epsilon"], 0.001);
    this.beta1 = options.beta1 ?? 0.9;
    this.beta2 = options.beta2 ?? 0.999;
    this.epsilon = options.epsilon ?? 1e-7;
    checkFraction(where, "beta1", this.beta1);
    checkFraction(where, "beta2", this.beta2);
    checkNotNegative(where, "epsilon", this.epsilon);
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
      rate / (1 - this.beta1 ** (this.iterations + 1)),
      this.beta1,
      this.beta2,
      this.epsilon,
      scale,
      keep,
    );
  }

  override getConfig(): Record<string, unknown> {
    const { beta1, beta2, epsilon } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon };
  }
}

/** Adamax, learningRate 0.001. @example optimizers.adamax({ learningRate: 0.002 }) */
export function adamax(options?: AdamaxOptions): Adamax {
  return new Adamax(options);
}
