import { variableGrads } from "../../autograd/gradients.js";
import { noGrad } from "../../autograd/tape.js";
import { checkOptions, RondoError } from "../../errors.js";
import { mul } from "../../tensor/ops/arithmetic.js";
import { scope } from "../../tensor/scope.js";
import { inSection } from "../../tensor/sections.js";
import { formatShape } from "../../tensor/shape.js";
import { allocate, type Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { SavedState } from "../saved-state.js";
import { type ClippedGradient, clipGradients, squaredNorm, usesNorms } from "./clip.js";
import { checkFits, firstNonFinite, type Gradients, paired } from "./gradients.js";
import {
  type CommonSettings,
  checkRate,
  type LearningRate,
  type OptimizerOptions,
  optimizerOptionNames,
  readCommon,
  readSettings,
  type Settings,
} from "./options.js";
import { ACCUMULATED, EMA, type SlotStart, Slots } from "./slots.js";

/** What an update begins with, done by the kernels of optimizers that have one of their own. */
export interface StepFactors {
  /** Clipping multiplies the gradient by this. */
  readonly scale: number;
  /** Weight decay multiplies the weights by this. */
  readonly keep: number;
}

/**
 * Changes variables along their gradients.
 *
 * One update: check that all gradients are finite, accumulate, clip, decay the weights, step, average, count (the order of
 * Keras 3). What an optimizer remembers about a variable is kept with that variable, so that one optimizer may serve
 * changing lists of them.
 *
 * @typeParam S its own options with their values.
 *
 * @example const optimizer: Optimizer = optimizers.sgd({ learningRate: 0.1 }); optimizer.minimize(() => mean(square(w)));
 */
export abstract class Optimizer<S extends Settings = Settings> {
  /** Name in saved files, e.g. "Adam". */
  abstract readonly className: string;
  /** Names of the tensors remembered for each variable, e.g. m and v. */
  protected abstract readonly slotNames: readonly string[];
  /** Updates made so far. */
  iterations = 0;
  /** Its own options, such as beta1. */
  readonly settings: S;
  /** The options that every optimizer has, except the learning rate. */
  readonly common: CommonSettings;
  /** Gradients accumulated since the last update. */
  private pending = 0;
  /** Whether the averages are where the variables were, and the other way round. */
  private swapped = false;
  private rate: LearningRate;
  private readonly slots = new Slots(
    () => this.allSlotNames,
    (slot, variable) => this.startOf(slot, variable),
  );

  /** @param defaults of its own options: their names and kinds. */
  constructor(where: string, options: OptimizerOptions, defaults: S, defaultRate: number) {
    checkOptions(where, options, [...optimizerOptionNames, ...Object.keys(defaults)]);
    this.rate = options.learningRate ?? defaultRate;
    if (typeof this.rate === "number") checkRate(where, this.rate);
    this.common = readCommon(where, options);
    this.settings = readSettings(where, defaults, options);
  }

  /** The learning rate of the next update. Settable unless it comes from a schedule. */
  get learningRate(): number {
    if (typeof this.rate === "number") return this.rate;
    return typeof this.rate === "function" ? this.rate(this.iterations) : this.rate.at(this.iterations);
  }
  set learningRate(value: number) {
    if (typeof this.rate !== "number") {
      throw new RondoError("state", "the learning rate comes from a schedule and cannot be set", {
        fix: "make the optimizer with a number as learningRate",
      });
    }
    checkRate("learningRate", value);
    this.rate = value;
  }

  /** Whether the learning rate comes from a schedule and cannot be set. */
  get scheduled(): boolean {
    return typeof this.rate !== "number";
  }

  /** Whether it keeps moving averages of variables. */
  get useEma(): boolean {
    return this.common.useEma;
  }

  /** Whether `update` applies the factors it is given; otherwise they have been applied when it is called. */
  protected readonly appliesFactors: boolean = false;

  /** Steps one variable. `slots` are this optimizer's tensors for it. Temporaries are freed afterwards. */
  protected abstract update(
    w: Variable,
    gradient: Tensor,
    rate: number,
    slots: Record<string, Variable>,
    factors: StepFactors,
  ): void;

  /** What a slot of a variable starts as; null when this variable needs none. Zeros of the variable's shape by default. */
  protected slotStart(_slot: string, variable: Variable): SlotStart | null {
    return { shape: variable.shape, value: 0 };
  }

  /** How much a variable decays, before the learning rate multiplies it. */
  protected decayOf(_variable: Variable): number {
    return this.common.weightDecay ?? 0;
  }

  /** What gradients for `apply` are multiplied by. */
  get lossScale(): number {
    return this.common.lossScaleFactor ?? 1;
  }

  /** The loss that gradients for `apply` are to be of: times `lossScale`. `fit` and `minimize` call it. */
  scaleLoss(loss: Tensor): Tensor {
    return this.lossScale === 1 ? loss : mul(loss, this.lossScale);
  }

  /**
   * Updates each variable by its gradient: a map, or a list of gradients and one of their variables, as a gradient tape
   * gives them (null: left alone). Throws RondoError "nonFinite" and changes nothing when a gradient holds NaN or infinity,
   * "shape" when a gradient does not fit its variable.
   *
   * @example optimizer.apply(tape.gradient(loss, variables), variables);
   */
  apply(gradients: Gradients): void;
  apply(gradients: readonly (Tensor | null)[], variables: readonly Variable[]): void;
  apply(given: Gradients | readonly (Tensor | null)[], variables?: readonly Variable[]): void {
    const gradients = paired(given, variables);
    inSection(
      "update",
      () => "update",
      () => noGrad(() => scope(() => this.checkAndUpdate(gradients))),
    );
  }

  private checkAndUpdate(scaled: Gradients): void {
    for (const [variable, gradient] of scaled) checkFits(variable, gradient);
    const { gradientAccumulationSteps } = this.common;
    const gradients = divided(scaled, this.lossScale);
    // The sum of squares that clipping asks for also tells whether all elements are finite.
    const clipsNow = gradientAccumulationSteps === null && usesNorms(this.common);
    const squares = clipsNow ? [...gradients.values()].map(squaredNorm) : null;
    let i = 0;
    for (const [variable, gradient] of gradients) {
      if (!squares || !Number.isFinite(squares[i++])) this.checkFinite(variable, gradient);
    }
    checkRate("the learning rate schedule", this.learningRate);
    const updating = this.pending + 1 >= (gradientAccumulationSteps ?? 1);
    if (gradientAccumulationSteps !== null) this.accumulate(gradients);
    if (updating) {
      const given = gradientAccumulationSteps === null ? gradients : this.takeAccumulated(gradients);
      this.step([...given.keys()], clipGradients([...given.values()], this.common, squares));
    }
    if (this.useEma) this.average([...gradients.keys()]);
    this.pending = updating ? 0 : this.pending + 1;
    if (updating) this.iterations++;
  }

  /** Decays and updates. */
  private step(variables: readonly Variable[], clipped: readonly ClippedGradient[]): void {
    const rate = this.learningRate;
    variables.forEach((variable, i) => {
      const { gradient, scale } = clipped[i]!;
      const keep = this.decays(variable) ? 1 - this.decayOf(variable) * rate : 1;
      scope(() => {
        const ready = this.appliesFactors ? gradient : applyFactors(variable, gradient, { scale, keep });
        this.update(variable, ready, rate, this.slots.of(variable), { scale, keep });
      });
    });
  }

  /** Whether decay is meant for this variable. */
  protected decays(variable: Variable): boolean {
    return !this.common.excludeFromWeightDecay.some((word) => variable.name.includes(word));
  }

  private accumulate(gradients: Gradients): void {
    for (const [variable, gradient] of gradients) {
      const sum = this.slots.of(variable)[ACCUMULATED]!;
      sum.storage.engine.kernels.axpy(1, gradient.offset, sum.offset, sum.size);
    }
  }

  /** The means of the accumulated gradients; the sums start anew. */
  private takeAccumulated(gradients: Gradients): Gradients {
    const means = new Map<Variable, Tensor>();
    for (const variable of gradients.keys()) {
      const sum = this.slots.of(variable)[ACCUMULATED]!;
      const mean = allocate(variable.shape);
      mean.view().set(sum.view());
      mean.storage.engine.kernels.scaleInPlace(mean.offset, mean.size, 1 / this.common.gradientAccumulationSteps!);
      sum.view().fill(0);
      means.set(variable, mean);
    }
    return means;
  }

  /** Moves the averages, and puts them in the variables' place when it is time. */
  private average(variables: readonly Variable[]): void {
    const { emaMomentum, emaOverwriteFrequency: every } = this.common;
    // As in Keras the first update's result is the first average, and with accumulation every batch counts.
    const momentum = this.iterations === 0 ? 0 : emaMomentum;
    for (const variable of variables) {
      const ema = this.slots.of(variable)[EMA]!;
      const { kernels } = ema.storage.engine;
      kernels.scaleInPlace(ema.offset, ema.size, momentum);
      kernels.axpy(1 - momentum, variable.offset, ema.offset, ema.size);
    }
    if (every !== null && (this.iterations + 1) % every === 0) this.assignSlot(EMA, variables);
  }

  /**
   * With `useEma`, overwrites variables with their moving averages; otherwise, and for variables never updated, does
   * nothing. `fit` calls it at its end unless it was aborted.
   *
   * @example optimizer.finalizeVariables(model.trainableWeights);
   */
  finalizeVariables(variables: readonly Variable[]): void {
    this.swapEma(variables, false);
    if (this.useEma) this.assignSlot(EMA, variables);
  }

  /** With `useEma`, exchanges variables and their moving averages, or changes them back. @internal */
  swapEma(variables: readonly Variable[], averaged: boolean): void {
    if (!this.useEma || this.swapped === averaged) return;
    for (const variable of variables) {
      const ema = this.slots.find(EMA, variable);
      if (!ema) continue;
      const value = variable.dataSync().slice();
      variable.assign(ema);
      ema.view().set(value);
    }
    this.swapped = averaged;
  }

  /** Overwrites variables with what is remembered about them under a name, where there is something. */
  protected assignSlot(slot: string, variables: readonly Variable[]): void {
    for (const variable of variables) {
      const value = this.slots.find(slot, variable);
      if (value) variable.assign(value);
    }
  }

  /**
   * One update towards a smaller loss. Returns the loss before it. Without `variables`, all trainable ones the loss uses
   * are updated. Throws RondoError "nonFinite" and changes nothing when the loss or a gradient is not finite.
   *
   * @example const loss = optimizer.minimize(() => mean(square(sub(model.apply(x), y))));
   */
  minimize(loss: () => Tensor, variables?: readonly Variable[]): Tensor {
    return scope(() => {
      const { lossScale } = this;
      const scaled = lossScale !== 1;
      // What is only too large because of the scale is for the optimizer to see.
      const { value, grads } = variableGrads(() => this.scaleLoss(loss()), variables, { allowNonFinite: scaled });
      this.apply(grads);
      return scaled ? mul(value, 1 / lossScale) : value;
    });
  }

  /** Throws unless the gradient is finite and fits. @internal */
  protected checkGradient(variable: Variable, gradient: Tensor): void {
    checkFits(variable, gradient);
    this.checkFinite(variable, gradient);
  }

  private checkFinite(variable: Variable, gradient: Tensor): void {
    const at = firstNonFinite(gradient);
    if (at < 0) return;
    throw new RondoError("nonFinite", `step ${this.iterations + 1}: the gradient of "${variable.name}" is not finite`, {
      received: `${gradient.view()[at]} at element ${at} of ${formatShape(gradient.shape)}`,
      fix: `lower the learning rate (now ${this.learningRate}), clip with globalClipNorm, or scale the data; the weights are as they were before this step`,
    });
  }

  /** Names of all tensors remembered for each variable. */
  private get allSlotNames(): readonly string[] {
    const { useEma, gradientAccumulationSteps } = this.common;
    return [...this.slotNames, ...(useEma ? [EMA] : []), ...(gradientAccumulationSteps === null ? [] : [ACCUMULATED])];
  }

  private startOf(slot: string, variable: Variable): SlotStart | null {
    if (slot === EMA || slot === ACCUMULATED) return { shape: variable.shape, value: 0 };
    return this.slotStart(slot, variable);
  }

  /** Options that make an equal optimizer, as plain JSON values. Throws when the learning rate is a function. */
  getConfig(): Record<string, unknown> {
    if (typeof this.rate === "function") {
      throw new RondoError("value", "a learning rate given as a function cannot be saved", {
        fix: "use one of schedules.* instead",
      });
    }
    const learningRate =
      typeof this.rate === "number" ? this.rate : { className: this.rate.className, config: this.rate.getConfig() };
    return structuredClone({ learningRate, ...this.common, ...this.settings });
  }

  /**
   * Everything needed to go on exactly: the number of updates and what is remembered for `variables`, as copies named
   * "<variable>/<slot>".
   */
  getState(variables: readonly Variable[]): SavedState {
    const values: Record<string, unknown> = { iterations: this.iterations };
    if (this.common.gradientAccumulationSteps !== null) values.pending = this.pending;
    if (this.swapped) values.swapped = true;
    if (typeof this.rate === "number") values.learningRate = this.rate;
    return { tensors: this.slots.collect(variables), values };
  }

  /** Takes back what `getState` returned, for variables in the same order. Throws RondoError "shape" before changing anything. */
  setState({ tensors, values }: SavedState, variables: readonly Variable[]): void {
    this.slots.restore(tensors, variables);
    this.iterations = Number(values.iterations ?? 0);
    this.pending = Number(values.pending ?? 0);
    this.swapped = values.swapped === true;
    if (typeof this.rate === "number" && typeof values.learningRate === "number") this.rate = values.learningRate;
  }
}

/** @internal */
export function divided(gradients: Gradients, factor: number): Gradients {
  if (factor === 1) return gradients;
  return new Map([...gradients].map(([variable, gradient]) => [variable, mul(gradient, 1 / factor)]));
}

/** Shrinks the weights in place; returns the gradient scaled. */
function applyFactors(w: Variable, gradient: Tensor, { scale, keep }: StepFactors): Tensor {
  const { kernels } = w.storage.engine;
  if (keep !== 1) kernels.scaleInPlace(w.offset, w.size, keep);
  return scale === 1 ? gradient : mul(gradient, scale);
}
