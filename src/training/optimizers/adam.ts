import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { Optimizer, type StepFactors } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";

/** Options of `optimizers.adam` and `optimizers.adamw`. */
export interface AdamOptions extends OptimizerOptions {
  /** How slowly the average gradient changes. 0.9 by default. */
  beta1?: number;
  /** How slowly the average squared gradient changes. 0.999 by default. */
  beta2?: number;
  /** Added to the root. 1e-7 by default. */
  epsilon?: number;
  /** Divide by the largest average squared gradient so far (Reddi et al. 2018). */
  amsgrad?: boolean;
}

/**
 * m, v = averages of g and g²; w -= rate·sqrt(1-beta2^t)/(1-beta1^t) · m / (sqrt(v) + epsilon)
 * (Kingma & Ba 2014, the form before their section 2.1 that Keras uses).
 */
export class Adam extends Optimizer<SettingsOf<AdamOptions>> {
  readonly className: string = "Adam";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[] = this.settings.amsgrad ? ["m", "v", "vMax"] : ["m", "v"];

  constructor(options: AdamOptions = {}, where = "optimizers.adam") {
    super(where, options, { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: false }, 0.001);
  }

  protected override update(
    w: Variable,
    g: Tensor,
    rate: number,
    slots: Record<string, Variable>,
    { scale, keep }: StepFactors,
  ): void {
    const t = this.iterations + 1;
    const alpha = (rate * Math.sqrt(1 - this.settings.beta2 ** t)) / (1 - this.settings.beta1 ** t);
    w.storage.engine.kernels.adamUpdate(
      w.offset,
      g.offset,
      slots.m!.offset,
      slots.v!.offset,
      slots.vMax?.offset ?? 0,
      w.size,
      alpha,
      this.settings.beta1,
      this.settings.beta2,
      this.settings.epsilon,
      scale,
      keep,
    );
  }
}

/** Adam, learningRate 0.001. @example optimizers.adam({ learningRate: 3e-3, globalClipNorm: 1 }) */
export function adam(options?: AdamOptions): Adam {
  return new Adam(options);
}
