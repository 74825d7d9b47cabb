import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { checkFraction, checkNotNegative } from "../checks.js";
import { Optimizer, type OptimizerOptions, type StepFactors } from "./optimizer.js";

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
export class RMSProp extends Optimizer {
  readonly className = "RMSprop";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[];
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;

  constructor(options: RMSPropOptions = {}) {
    const where = "optimizers.rmsprop";
    super(where, options, ["rho", "momentum", "epsilon", "centered"], 0.001);
    this.rho = options.rho ?? 0.9;
    this.momentum = options.momentum ?? 0;
    this.epsilon = options.epsilon ?? 1e-7;
    this.centered = options.centered ?? false;
    checkFraction(where, "rho", this.rho);
    checkFraction(where, "momentum", this.momentum);
    checkNotNegative(where, "epsilon", this.epsilon);
    this.slotNames = ["velocity", ...(this.momentum > 0 ? ["momentum"] : []), ...(this.centered ? ["average"] : [])];
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
      this.rho,
      this.momentum,
      this.epsilon,
      scale,
      keep,
    );
  }

  override getConfig(): Record<string, unknown> {
    const { rho, momentum, epsilon, centered } = this;
    return { ...super.getConfig(), rho, momentum, epsilon, centered };
  }
}

/** RMSprop, learningRate 0.001. @example optimizers.rmsprop({ learningRate: 0.002, rho: 0.95 }) */
export function rmsprop(options?: RMSPropOptions): RMSProp {
  return new RMSProp(options);
}
