import { noGrad } from "../../autograd/tape.js";
import { checkOptions, RondoError } from "../../errors.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { checkCount, checkWithin } from "../checks.js";
import { putState, type SavedState, takeState } from "../saved-state.js";
import { checkFits, firstNonFinite, type Gradients, paired } from "./gradients.js";
import { divided, Optimizer } from "./optimizer.js";

/** Options of `optimizers.lossScale`. */
export interface LossScaleOptions {
  /** Steps the variables. */
  innerOptimizer: Optimizer;
  /** The first scale. 2^15 by default. */
  initialScale?: number;
  /** The scale doubles after so many updates in a row. 2000 by default. */
  dynamicGrowthSteps?: number;
}

/**
 * Another optimizer on gradients of the loss times a scale, which keeps small gradients above what a narrow number format
 * rounds to 0 (Micikevicius et al. 2018). A step whose gradients are not finite is left out and halves the scale; as that can
 * only help against a scale above 1, below it the error "nonFinite" is thrown.
 */
export class LossScale extends Optimizer {
  readonly className = "LossScaleOptimizer";
  protected readonly slotNames: readonly string[] = [];
  readonly innerOptimizer: Optimizer;
  readonly initialScale: number;
  readonly dynamicGrowthSteps: number;
  private scale: number;
  /** Updates since the scale last changed. */
  private steps = 0;

  constructor(options: LossScaleOptions) {
    const where = "optimizers.lossScale";
    super(where, {}, {}, 0);
    checkOptions(where, options ?? {}, ["innerOptimizer", "initialScale", "dynamicGrowthSteps"]);
    const { innerOptimizer, initialScale = 2 ** 15, dynamicGrowthSteps = 2000 } = options ?? {};
    if (!(innerOptimizer instanceof Optimizer) || innerOptimizer.lossScale !== 1) {
      throw new RondoError("option", `${where} needs an optimizer that does not scale the loss itself`, {
        received: innerOptimizer instanceof Optimizer ? innerOptimizer.className : String(innerOptimizer),
        expected: "optimizers.lossScale({ innerOptimizer: optimizers.adam() })",
      });
    }
    checkWithin(where, "initialScale", initialScale, 1, 2 ** 100);
    checkCount(where, "dynamicGrowthSteps", dynamicGrowthSteps);
    this.innerOptimizer = innerOptimizer;
    this.initialScale = this.scale = initialScale;
    this.dynamicGrowthSteps = dynamicGrowthSteps;
  }

  override get lossScale(): number {
    return this.scale;
  }

  override get learningRate(): number {
    // The base class asks before there is one.
    return this.innerOptimizer?.learningRate ?? 0;
  }
  override set learningRate(value: number) {
    this.innerOptimizer.learningRate = value;
  }

  override get scheduled(): boolean {
    return this.innerOptimizer.scheduled;
  }

  override get useEma(): boolean {
    return this.innerOptimizer.useEma;
  }

  override apply(given: Gradients | readonly (Tensor | null)[], variables?: readonly Variable[]): void {
    const gradients = paired(given, variables);
    for (const [variable, gradient] of gradients) checkFits(variable, gradient);
    const finite = [...gradients.values()].every((gradient) => firstNonFinite(gradient) < 0);
    if (!finite && this.scale > 1) {
      this.scale /= 2;
      this.steps = 0;
      return;
    }
    const exact = noGrad(() => divided(gradients, this.scale));
    try {
      this.innerOptimizer.apply(exact);
    } finally {
      if (exact !== gradients) for (const gradient of exact.values()) gradient.dispose();
    }
    this.iterations = this.innerOptimizer.iterations;
    this.steps++;
    if (this.steps < this.dynamicGrowthSteps) return;
    this.steps = 0;
    // A larger one would not be a float32.
    this.scale = Math.min(2 * this.scale, 2 ** 100);
  }

  protected override update(): void {}

  override finalizeVariables(variables: readonly Variable[]): void {
    this.innerOptimizer.finalizeVariables(variables);
  }

  override swapEma(variables: readonly Variable[], averaged: boolean): void {
    this.innerOptimizer.swapEma(variables, averaged);
  }

  override getConfig(): Record<string, unknown> {
    const { className } = this.innerOptimizer;
    const { initialScale, dynamicGrowthSteps } = this;
    const innerOptimizer = { className, config: this.innerOptimizer.getConfig() };
    return { innerOptimizer, initialScale, dynamicGrowthSteps };
  }

  override getState(variables: readonly Variable[]): SavedState {
    const { scale, steps } = this;
    const state: SavedState = { tensors: {}, values: { scale, steps } };
    putState(state, "inner", this.innerOptimizer.getState(variables));
    return state;
  }

  override setState(state: SavedState, variables: readonly Variable[]): void {
    this.innerOptimizer.setState(takeState(state, "inner"), variables);
    this.iterations = this.innerOptimizer.iterations;
    this.scale = Number(state.values.scale ?? this.initialScale);
    this.steps = Number(state.values.steps ?? 0);
  }
}

/**
 * An optimizer with a dynamic loss scale (Keras: LossScaleOptimizer). A `trainStep` of one's own takes the gradients of
 * `optimizer.scaleLoss(loss)`.
 *
 * @example optimizers.lossScale({ innerOptimizer: optimizers.adam(), dynamicGrowthSteps: 1000 })
 */
export function lossScale(options: LossScaleOptions): LossScale {
  return new LossScale(options);
}
