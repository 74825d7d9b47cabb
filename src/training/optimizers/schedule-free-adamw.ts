import { add, div, mul, sub } from "../../tensor/ops/arithmetic.js";
import { sqrt, square } from "../../tensor/ops/unary.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { checkCount } from "../checks.js";
import { addScaled, blend } from "./in-place.js";
import { Optimizer } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";

/** Options of `optimizers.scheduleFreeAdamW`. */
export interface ScheduleFreeAdamWOptions extends OptimizerOptions {
  /** Where between the fast iterate (0) and the average (1) gradients are taken; above 0. 0.9 by default. */
  beta1?: number;
  /** How slowly the average squared gradient changes. 0.999 by default. */
  beta2?: number;
  /** Added to the root. 1e-8 by default. */
  epsilon?: number;
  /** Updates in which the rate rises linearly. 0 by default. */
  warmupSteps?: number;
}

/**
 * AdamW without a learning rate schedule: v = average of g²; z -= rate · (g / (sqrt(v / (1-beta2^t)) + epsilon) + weightDecay · w);
 * x = mean of all z; weights are beta1 · x + (1-beta1) · z (Defazio et al. 2024). `fit` ends with x as weights, in loops of
 * your own `finalizeVariables` puts it there.
 */
export class ScheduleFreeAdamW extends Optimizer<SettingsOf<ScheduleFreeAdamWOptions>> {
  readonly className = "ScheduleFreeAdamW";
  // The mean x is remembered rather than recovered from the weights, which would be rounded again at every step.
  protected readonly slotNames: readonly string[] = ["momentum", "velocity", "mean"];

  constructor(options: ScheduleFreeAdamWOptions = {}) {
    super("optimizers.scheduleFreeAdamW", options, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, warmupSteps: 0 }, 0.0025);
    checkCount("optimizers.scheduleFreeAdamW", "warmupSteps", this.settings.warmupSteps, 0);
  }

  // Decay moves z, as the gradient does: the weights follow.
  protected override decayOf(): number {
    return 0;
  }

  protected override update(w: Variable, g: Tensor, rate: number, slots: Record<string, Variable>): void {
    const { momentum: z, velocity, mean } = slots as { momentum: Variable; velocity: Variable; mean: Variable };
    const decay = this.common.weightDecay;
    const t = this.iterations + 1;
    if (t === 1) for (const start of [z, mean]) start.assign(w);
    const step = this.settings.warmupSteps > 0 ? rate * Math.min(t / this.settings.warmupSteps, 1) : rate;
    blend(velocity, this.settings.beta2, square(g), 1 - this.settings.beta2);
    addScaled(z, -step, div(g, add(sqrt(div(velocity, 1 - this.settings.beta2 ** t)), this.settings.epsilon)));
    if (decay && this.decays(w)) addScaled(z, -step * decay, w);
    addScaled(mean, 1 / t, sub(z, mean));
    w.assign(add(mul(mean, this.settings.beta1), mul(z, 1 - this.settings.beta1)));
  }

  override finalizeVariables(variables: readonly Variable[]): void {
    super.finalizeVariables(variables);
    if (!this.useEma) this.assignSlot("mean", variables);
  }
}

/** Schedule-free AdamW, learningRate 0.0025. @example optimizers.scheduleFreeAdamW({ weightDecay: 0.01 }) */
export function scheduleFreeAdamW(options?: ScheduleFreeAdamWOptions): ScheduleFreeAdamW {
  return new ScheduleFreeAdamW(options);
}
