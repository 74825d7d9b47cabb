import { add, mul, pow, sub } from "../../tensor/ops/arithmetic.js";
import { clip } from "../../tensor/ops/comparison.js";
import { square } from "../../tensor/ops/unary.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { checkWithin } from "../checks.js";
import { addScaled } from "./in-place.js";
import { Optimizer } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";
import type { SlotStart } from "./slots.js";

/** Options of `optimizers.ftrl`. */
export interface FtrlOptions extends OptimizerOptions {
  /** How the rate falls with the sums of squared gradients, at most 0; 0: it does not. -0.5 by default. */
  learningRatePower?: number;
  /** What the sums of squared gradients start from. 0.1 by default. */
  initialAccumulatorValue?: number;
  /** Pulls weights to exactly 0. 0 by default. */
  l1RegularizationStrength?: number;
  /** Pulls weights towards 0. 0 by default. */
  l2RegularizationStrength?: number;
  /** Adds 2 · this · w to the gradient. 0 by default. */
  l2ShrinkageRegularizationStrength?: number;
  /** Slows the first steps. 0 by default. */
  beta?: number;
}

/**
 * Follows the regularized leader, for sparse weights (McMahan et al. 2013): n' = n + g²;
 * z += g + 2·shrinkage·w - (n'^-power - n^-power) / rate · w;
 * w = (clip(z, -l1, l1) - z) / (n'^-power / rate + 2·l2 + beta / rate).
 */
export class Ftrl extends Optimizer<SettingsOf<FtrlOptions>> {
  readonly className = "Ftrl";
  protected readonly slotNames: readonly string[] = ["accumulator", "linear"];

  constructor(options: FtrlOptions = {}) {
    const where = "optimizers.ftrl";
    const strengths = {
      l1RegularizationStrength: 0,
      l2RegularizationStrength: 0,
      l2ShrinkageRegularizationStrength: 0,
    };
    super(where, options, { learningRatePower: -0.5, initialAccumulatorValue: 0.1, ...strengths, beta: 0 }, 0.001);
    checkWithin(where, "learningRatePower", this.settings.learningRatePower, Number.NEGATIVE_INFINITY, 0);
  }

  protected override slotStart(slot: string, variable: Variable): SlotStart {
    return { shape: variable.shape, value: slot === "accumulator" ? this.settings.initialAccumulatorValue : 0 };
  }

  protected override update(w: Variable, g: Tensor, rate: number, slots: Record<string, Variable>): void {
    const { learningRatePower, beta, l1RegularizationStrength: l1, l2RegularizationStrength: l2 } = this.settings;
    const { accumulator, linear } = slots as { accumulator: Variable; linear: Variable };
    const before = pow(accumulator, -learningRatePower);
    const gradient = add(g, mul(w, 2 * this.settings.l2ShrinkageRegularizationStrength));
    addScaled(accumulator, 1, square(g));
    const after = pow(accumulator, -learningRatePower);
    addScaled(linear, 1, sub(gradient, mul(mul(sub(after, before), 1 / rate), w)));
    const quadratic = add(mul(after, 1 / rate), 2 * l2 + beta / rate);
    w.assign(sub(clip(linear, -l1, l1), linear).div(quadratic));
  }
}

/** FTRL, learningRate 0.001. @example optimizers.ftrl({ learningRate: 0.1, l1RegularizationStrength: 0.01 }) */
export function ftrl(options?: FtrlOptions): Ftrl {
  return new Ftrl(options);
}
