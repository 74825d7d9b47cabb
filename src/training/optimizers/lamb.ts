import { add, div } from "../../tensor/ops/arithmetic.js";
import { norm } from "../../tensor/ops/reduce.js";
import { sqrt, square } from "../../tensor/ops/unary.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { checkFraction, checkNotNegative } from "../checks.js";
import { addScaled, blend } from "./in-place.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";

/** Options of `optimizers.lamb`. */
export interface LambOptions extends OptimizerOptions {
  /** How slowly the average gradient changes. 0.9 by default. */
  beta1?: number;
  /** How slowly the average squared gradient changes. 0.999 by default. */
  beta2?: number;
  /** Added to the root. 1e-7 by default. */
  epsilon?: number;
}

/**
 * Adam for large batches: each variable moves by a share of its own norm. m, v = averages of g and g²;
 * u = m / (1-beta1^t) / (sqrt(v / (1-beta2^t)) + epsilon); w -= rate · |w| / |u| · u, without the norms where one of them
 * is 0 (You et al. 2019).
 */
export class Lamb extends Optimizer {
  readonly className = "Lamb";
  protected readonly slotNames: readonly string[] = ["momentum", "velocity"];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;

  constructor(options: LambOptions = {}) {
    const where = "optimizers.lamb";
    super(where, options, ["beta1", "beta2", "epsilon"], 0.001);
    this.beta1 = options.beta1 ?? 0.9;
    this.beta2 = options.beta2 ?? 0.999;
    this.epsilon = options.epsilon ?? 1e-7;
    checkFraction(where, "beta1", this.beta1);
    checkFraction(where, "beta2", this.beta2);
    checkNotNegative(where, "epsilon", this.epsilon);
  }

  protected override update(w: Variable, g: Tensor, rate: number, slots: Record<string, Variable>): void {
    const { momentum, velocity } = slots as { momentum: Variable; velocity: Variable };
    const t = this.iterations + 1;
    blend(momentum, this.beta1, g, 1 - this.beta1);
    blend(velocity, this.beta2, square(g), 1 - this.beta2);
    const root = add(sqrt(div(velocity, 1 - this.beta2 ** t)), this.epsilon);
    const step = div(div(momentum, 1 - this.beta1 ** t), root);
    const [size, length] = [norm(w).item(), norm(step).item()];
    addScaled(w, -rate * (size > 0 && length > 0 ? size / length : 1), step);
  }

  override getConfig(): Record<string, unknown> {
    const { beta1, beta2, epsilon } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon };
  }
}

/** LAMB, learningRate 0.001. @example optimizers.lamb({ learningRate: 0.01, weightDecay: 0.01 }) */
export function lamb(options?: LambOptions): Lamb {
  return new Lamb(options);
}
