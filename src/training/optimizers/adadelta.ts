import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { Optimizer, type StepFactors } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";

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
export class Adadelta extends Optimizer<SettingsOf<AdadeltaOptions>> {
  readonly className = "Adadelta";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[] = ["gradientSquares", "deltaSquares"];

  constructor(options: AdadeltaOptions = {}) {
    super("optimizers.adadelta", options, { rho: 0.95, epsilon: 1e-7 }, 0.001);
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
      this.settings.rho,
      this.settings.epsilon,
      scale,
      keep,
    );
  }
}

/** Adadelta, learningRate 0.001. @example optimizers.adadelta({ learningRate: 1 }) */
export function adadelta(options?: AdadeltaOptions): Adadelta {
  return new Adadelta(options);
}
