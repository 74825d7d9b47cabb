import { add, div } from "../../tensor/ops/arithmetic.js";
import { norm } from "../../tensor/ops/reduce.js";
import { sqrt, square } from "../../tensor/ops/unary.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { addScaled, blend } from "./in-place.js";
import { Optimizer } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";

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
export class Lamb extends Optimizer<SettingsOf<LambOptions>> {
  readonly className = "Lamb";
  protected readonly slotNames: readonly string[] = ["momentum", "velocity"];

  constructor(options: LambOptions = {}) {
    super("optimizers.lamb", options, { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }, 0.001);
  }

  protected override update(w: Variable, g: Tensor, rate: number, slots: Record<string, Variable>): void {
    const { momentum, velocity } = slots as { momentum: Variable; velocity: Variable };
    const t = this.iterations + 1;
    blend(momentum, this.settings.beta1, g, 1 - this.settings.beta1);
    blend(velocity, this.settings.beta2, square(g), 1 - this.settings.beta2);
    const root = add(sqrt(div(velocity, 1 - this.settings.beta2 ** t)), this.settings.epsilon);
    const step = div(div(momentum, 1 - this.settings.beta1 ** t), root);
    const [size, length] = [norm(w).item(), norm(step).item()];
    addScaled(w, -rate * (size > 0 && length > 0 ? size / length : 1), step);
  }
}

/** LAMB, learningRate 0.001. @example optimizers.lamb({ learningRate: 0.01, weightDecay: 0.01 }) */
export function lamb(options?: LambOptions): Lamb {
  return new Lamb(options);
}
