import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { checkFraction } from "../checks.js";
import { Optimizer, type OptimizerOptions, type StepFactors } from "./optimizer.js";

/** Options of `optimizers.sgd`. */
export interface SGDOptions extends OptimizerOptions {
  /** How much of the last step is repeated, 0 <= momentum < 1. 0 by default. */
  momentum?: number;
  /** Look ahead along the momentum. */
  nesterov?: boolean;
}

/** Gradient descent: v = momentum·v - rate·g; w += v (Nesterov: w += momentum·v - rate·g). */
export class SGD extends Optimizer {
  readonly className = "SGD";
  protected override readonly appliesFactors = true;
  protected readonly slotNames: readonly string[];
  readonly momentum: number;
  readonly nesterov: boolean;

  constructor(options: SGDOptions = {}) {
    super("optimizers.sgd", options, ["momentum", "nesterov"], 0.01);
    this.momentum = options.momentum ?? 0;
    this.nesterov = options.nesterov ?? false;
    checkFraction("optimizers.sgd", "momentum", this.momentum);
    this.slotNames = this.momentum === 0 ? [] : ["momentum"];
  }

  protected override update(
    w: Variable,
    g: Tensor,
    rate: number,
    slots: Record<string, Variable>,
    { scale, keep }: StepFactors,
  ): void {
    w.storage.engine.kernels.sgdUpdate(
      w.offset,
      g.offset,
      slots.momentum?.offset ?? 0,
      w.size,
      rate,
      this.momentum,
      this.nesterov ? 1 : 0,
      scale,
      keep,
    );
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), momentum: this.momentum, nesterov: this.nesterov };
  }
}

/** Stochastic gradient descent, learningRate 0.01. @example optimizers.sgd({ learningRate: 0.1, momentum: 0.9 }) */
export function sgd(options?: SGDOptions): SGD {
  return new SGD(options);
}
