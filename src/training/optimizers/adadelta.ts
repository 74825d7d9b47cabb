import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { checkFraction, checkNotNegative } from "../checks.js";
import { Optimizer, type OptimizerOptions, type StepFactors } from "./optimizer.js";

/** Options of `optimizers.adadelta`. */
export interface AdadeltaOptions extends OptimizerOptions {
  /** How slowly the averages of squares change. 0.95 by default. */
  rho?: number;
  /** Added under both roots. 1e-7 by default. */
  epsilon?: number;
}

/**
 * s = average of g²; d = g · sqrt(a + epsilon) / sqrt(s + epsilon); a = average of d²; w -= rate · d (Zeiler 2012, who has
 * rate 1).
 */
export class Adadelta extends Optimizer {
  readonly className = "Adadelta";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[] = ["gradientSquares", "deltaSquares"];
  readonly rho: number;
  readonly epsilon: number;

  constructor(options: AdadeltaOptions = {}) {
    const where = "optimizers.adadelta";
    super(where, options, ["rho", "epsilon"], 0.001);
    this.rho = options.rho ?? 0.95;
    this.epsilon = options.epsilon ?? 1e-7;
    checkFraction(where, "rho", this.rho);
    checkNotNegative(where, "epsilon", this.epsilon);
  }

  protected override update(
    w: Variable,
    g: Tensor,
    rate: number,
    slots: Record<string, Variable>,
    { scale, keep }: StepFactors,
  ): void {
    const { gradientSquares, deltaSquares } = slots as { gradientSquares: Variable; deltaSquares: Variable };
    w.storage.engine.kernels.adadeltaUpdate(
      w.offset,
      g.offset,
      gradientSquares.offset,
      deltaSquares.offset,
      w.size,
      rate,
      this.rho,
      this.epsilon,
      scale,
      keep,
    );
  }

  override getConfig(): Record<string, unknown> {
    const { rho, epsilon } = this;
    return { ...super.getConfig(), rho, epsilon };
  }
}

/** Adadelta, learningRate 0.001. @example optimizers.adadelta({ learningRate: 1 }) */
export function adadelta(options?: AdadeltaOptions): Adadelta {
  return new Adadelta(options);
}
