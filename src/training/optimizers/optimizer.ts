import { variableGrads } from "../../autograd/gradients.js";
import { noGrad } from "../../autograd/tape.js";
import { checkOptions, RondoError } from "../../errors.js";
import { mul } from "../../tensor/ops/arithmetic.js";
import { scope } from "../../tensor/scope.js";
import { inSection } from "../../tensor/sections.js";
import { formatShape, type Shape, sameShape } from "../../tensor/shape.js";
import { allocate, type Tensor, tensor } from "../../tensor/tensor.js";
import { Variable } from "../../tensor/variable.js";
import { checkCount, checkNotNegative, checkWithin } from "../checks.js";
import type { SavedState } from "../saved-state.js";
import type { Schedule } from "../schedules.js";
import { type ClippedGradient, type Clipping, clipGradients, squaredNorm, usesNorms } from "./clip.js";

/** A learning rate: constant, a schedule, or any function of the number of updates made so far. */
export type LearningRate = number | Schedule | ((step: number) => number);

/** Options of every optimizer. Of the three kinds of clipping at most one may be given. */
export interface OptimizerOptions {
  /** A number above 0 or a schedule. Each optimizer names its own default. */
  learningRate?: LearningRate;
  /** Every update first shrinks the weights by this fraction times the learning rate (decoupled decay, as in AdamW). */
  weightDecay?: number | null;
  /** Variables with one of these words in their name do not decay: ["bias", "gamma"]. */
  excludeFromWeightDecay?: readonly string[];
  /** Scales each variable's gradient down to this Euclidean norm. */
  clipNorm?: number | null;
  /** Limits every element of the gradients to plus or minus this. */
  clipValue?: number | null;
  /** Scales all gradients together down to this Euclidean norm. */
  globalClipNorm?: number | null;
  /**
   * Keeps a moving average of every variable (Polyak averaging). `fit` ends with the averages as weights; in loops of
   * your own call `finalizeVariables`.
   */
  useEma?: boolean;
  /** average = emaMomentum · average + (1 - emaMomentum) · variable after every step. 0.99 by default. */
  emaMomentum?: number;
  /** Puts the averages in the variables' place every so many updates; null: only at the end. */
  emaOverwriteFrequency?: number | null;
  /**
   * One update per so many calls of `apply` (batches), by the mean of their gradients: large batches in little memory. A
   * learning rate schedule counts updates, not batches. null: every call updates.
   */
  gradientAccumulationSteps?: number | null;
}

export const optimizerOptionNames = [
  "learningRate",
  "weightDecay",
  "excludeFromWeightDecay",
  "clipNorm",
  "clipValue",
  "globalClipNorm",
  "useEma",
  "emaMomentum",
  "emaOverwriteFrequency",
  "gradientAccumulationSteps",
] as const;

/** What an optimizer's tensor for a variable looks like before the first update. */
export interface SlotStart {
  readonly shape: Shape;
  readonly value: number;
}

/** Slots every optimizer may have besides its own. */
const EMA = "ema";
const ACCUMULATED = "accumulated";

/** What an update begins with, done by the kernels of optimizers that have one of their own. */
export interface StepFactors {
  /** Clipping multiplies the gradient by this. */
  readonly scale: number;
  /** Weight decay multiplies the weights by this. */
  readonly keep: number;
}

/** Gradients by variable; variables that are missing are left alone. */
export type Gradients = ReadonlyMap<Variable, Tensor>;

/**
 * Changes variables along their gradients.
 *
 * One update: check that all gradients are finite, accumulate, clip, decay the weights, step, average, count (the order of
 * Keras 3). What an optimizer remembers about a variable is kept with that variable, so that one optimizer may serve
 * changing lists of them.
 *
 * @example const optimizer: Optimizer = optimizers.sgd({ learningRate: 0.1 }); optimizer.minimize(() => mean(square(w)));
 */
export abstract class Optimizer {
  /** Name in saved files, e.g. "Adam". */
  abstract readonly className: string;
  /** Names of the tensors remembered for each variable, e.g. m and v. */
  protected abstract readonly slotNames: readonly string[];
  /** Updates made so far. */
  iterations = 0;
  readonly weightDecay: number | null;
  readonly excludeFromWeightDecay: readonly string[];
  readonly clipping: Clipping;
  readonly useEma: boolean;
  readonly emaMomentum: number;
  readonly emaOverwriteFrequency: number | null;
  readonly gradientAccumulationSteps: number | null;
  /** Gradients accumulated since the last update. */
  private pending = 0;
  private rate: LearningRate;
  private readonly slots = new WeakMap<Variable, Record<string, Variable>>();

  constructor(where: string, options: OptimizerOptions, ownOptions: readonly string[], defaultRate: number) {
    checkOptions(where, options, [...optimizerOptionNames, ...ownOptions]);
    this.rate = options.learningRate ?? defaultRate;
    if (typeof this.rate === "number") checkRate(where, this.rate);
    this.weightDecay = options.weightDecay ?? null;
    if (this.weightDecay !== null) checkNotNegative(where, "weightDecay", this.weightDecay);
    this.excludeFromWeightDecay = checkNames(where, "excludeFromWeightDecay", options.excludeFromWeightDecay);
    this.clipping = checkClipping(where, options);
    this.useEma = options.useEma ?? false;
    this.emaMomentum = options.emaMomentum ?? 0.99;
    this.emaOverwriteFrequency = options.emaOverwriteFrequency ?? null;
    this.gradientAccumulationSteps = options.gradientAccumulationSteps ?? null;
    checkWithin(where, "emaMomentum", this.emaMomentum, 0, 1);
    if (this.emaOverwriteFrequency !== null) {
      checkCount(where, "emaOverwriteFrequency", this.emaOverwriteFrequency);
    }
    if (this.gradientAccumulationSteps !== null) {
      checkCount(where, "gradientAccumulationSteps", this.gradientAccumulationSteps);
    }
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
    return this.weightDecay ?? 0;
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
    const gradients =
      given instanceof Map ? (given as Gradients) : paired(given as readonly (Tensor | null)[], variables);
    inSection(
      "update",
      () => "update",
      () => this.checkAndUpdate(gradients),
    );
  }

  private checkAndUpdate(gradients: Gradients): void {
    for (const [variable, gradient] of gradients) checkFits(variable, gradient);
    // The sum of squares that clipping asks for also tells whether all elements are finite.
    const clipsNow = this.gradientAccumulationSteps === null && usesNorms(this.clipping);
    const squares = clipsNow ? noGrad(() => scope(() => [...gradients.values()].map(squaredNorm))) : null;
    let i = 0;
    for (const [variable, gradient] of gradients) {
      if (!squares || !Number.isFinite(squares[i++])) this.checkFinite(variable, gradient);
    }
    checkRate("the learning rate schedule", this.learningRate);
    noGrad(() =>
      scope(() => {
        const updating = this.pending + 1 >= (this.gradientAccumulationSteps ?? 1);
        if (this.gradientAccumulationSteps !== null) this.accumulate(gradients);
        if (updating) {
          const given = this.gradientAccumulationSteps === null ? gradients : this.takeAccumulated(gradients);
          this.step([...given.keys()], clipGradients([...given.values()], this.clipping, squares));
        }
        if (this.useEma) this.average([...gradients.keys()]);
        this.pending = updating ? 0 : this.pending + 1;
        if (updating) this.iterations++;
      }),
    );
  }

  /** Decays and updates. */
  private step(variables: readonly Variable[], clipped: readonly ClippedGradient[]): void {
    const rate = this.learningRate;
    variables.forEach((variable, i) => {
      const { gradient, scale } = clipped[i]!;
      const keep = this.decays(variable) ? 1 - this.decayOf(variable) * rate : 1;
      scope(() => {
        const ready = this.appliesFactors ? gradient : applyFactors(variable, gradient, { scale, keep });
        this.update(variable, ready, rate, this.slotsOf(variable), { scale, keep });
      });
    });
  }

  /** Whether decay is meant for this variable. */
  protected decays(variable: Variable): boolean {
    return !this.excludeFromWeightDecay.some((word) => variable.name.includes(word));
  }

  private accumulate(gradients: Gradients): void {
    for (const [variable, gradient] of gradients) {
      const sum = this.slotsOf(variable)[ACCUMULATED]!;
      sum.storage.engine.kernels.axpy(1, gradient.offset, sum.offset, sum.size);
    }
  }

  /** The means of the accumulated gradients; the sums start anew. */
  private takeAccumulated(gradients: Gradients): Gradients {
    const means = new Map<Variable, Tensor>();
    for (const variable of gradients.keys()) {
      const sum = this.slotsOf(variable)[ACCUMULATED]!;
      const mean = allocate(variable.shape);
      mean.view().set(sum.view());
      mean.storage.engine.kernels.scaleInPlace(mean.offset, mean.size, 1 / this.gradientAccumulationSteps!);
      sum.view().fill(0);
      means.set(variable, mean);
    }
    return means;
  }

  /** Moves the averages, and puts them in the variables' place when it is time. */
  private average(variables: readonly Variable[]): void {
    // As in Keras the first update's result is the first average, and with accumulation every batch counts.
    const momentum = this.iterations === 0 ? 0 : this.emaMomentum;
    for (const variable of variables) {
      const ema = this.slotsOf(variable)[EMA]!;
      const { kernels } = ema.storage.engine;
      kernels.scaleInPlace(ema.offset, ema.size, momentum);
      kernels.axpy(1 - momentum, variable.offset, ema.offset, ema.size);
    }
    const every = this.emaOverwriteFrequency;
    if (every !== null && (this.iterations + 1) % every === 0) this.finalizeVariables(variables);
  }

  /**
   * With `useEma`, overwrites variables with their moving averages; otherwise, and for variables never updated, does
   * nothing. `fit` calls it at its end unless it was aborted.
   *
   * @example optimizer.finalizeVariables(model.trainableWeights);
   */
  finalizeVariables(variables: readonly Variable[]): void {
    if (this.useEma) this.assignSlot(EMA, variables);
  }

  /** Overwrites variables with what is remembered about them under a name, where there is something. */
  protected assignSlot(slot: string, variables: readonly Variable[]): void {
    for (const variable of variables) {
      const value = this.slots.get(variable)?.[slot];
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
      const { value, grads } = variableGrads(loss, variables);
      this.apply(grads);
      return value;
    });
  }

  /** Throws unless the gradient is finite and fits. @internal */
  protected checkGradient(variable: Variable, gradient: Tensor): void {
    checkFits(variable, gradient);
    this.checkFinite(variable, gradient);
  }

  private checkFinite(variable: Variable, gradient: Tensor): void {
    const at = gradient.storage.engine.kernels.findNonFinite(gradient.offset, gradient.size);
    if (at < 0) return;
    throw new RondoError("nonFinite", `step ${this.iterations + 1}: the gradient of "${variable.name}" is not finite`, {
      received: `${gradient.view()[at]} at element ${at} of ${formatShape(gradient.shape)}`,
      fix: `lower the learning rate (now ${this.learningRate}), clip with globalClipNorm, or scale the data; the weights are as they were before this step`,
    });
  }

  /** Names of all tensors remembered for each variable. */
  private get allSlotNames(): readonly string[] {
    const common = [...(this.useEma ? [EMA] : []), ...(this.gradientAccumulationSteps === null ? [] : [ACCUMULATED])];
    return common.length > 0 ? [...this.slotNames, ...common] : this.slotNames;
  }

  private startOf(slot: string, variable: Variable): SlotStart | null {
    if (slot === EMA || slot === ACCUMULATED) return { shape: variable.shape, value: 0 };
    return this.slotStart(slot, variable);
  }

  private slotsOf(variable: Variable): Record<string, Variable> {
    let slots = this.slots.get(variable);
    if (!slots) {
      slots = {};
      for (const name of this.allSlotNames) {
        const start = this.startOf(name, variable);
        if (!start) continue;
        const initial = allocate(start.shape);
        initial.view().fill(start.value);
        // A variable that joins late averages from what it is.
        if (name === EMA) initial.view().set(variable.view());
        slots[name] = new Variable(initial, { name: `${variable.name}/${name}`, trainable: false });
      }
      this.slots.set(variable, slots);
    }
    return slots;
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
    const { weightDecay, excludeFromWeightDecay, clipping } = this;
    const { useEma, emaMomentum, emaOverwriteFrequency, gradientAccumulationSteps } = this;
    return {
      learningRate,
      weightDecay,
      excludeFromWeightDecay: [...excludeFromWeightDecay],
      ...clipping,
      useEma,
      emaMomentum,
      emaOverwriteFrequency,
      gradientAccumulationSteps,
    };
  }

  /**
   * Everything needed to go on exactly: the number of updates and what is remembered for `variables`, as copies named
   * "<variable>/<slot>".
   */
  getState(variables: readonly Variable[]): SavedState {
    const tensors: Record<string, Tensor> = {};
    const names = uniqueNames(variables);
    variables.forEach((variable, i) => {
      for (const [slot, value] of Object.entries(this.slots.get(variable) ?? {})) {
        tensors[`${names[i]}/${slot}`] = tensor(value.dataSync(), value.shape);
      }
    });
    const values: Record<string, unknown> = { iterations: this.iterations };
    if (this.gradientAccumulationSteps !== null) values.pending = this.pending;
    if (typeof this.rate === "number") values.learningRate = this.rate;
    return { tensors, values };
  }

  /** Takes back what `getState` returned, for variables in the same order. Throws RondoError "shape" before changing anything. */
  setState(state: SavedState, variables: readonly Variable[]): void {
    const names = uniqueNames(variables);
    const slotNames = this.allSlotNames;
    const found = variables.map((variable, i) =>
      slotNames.map((slot) => {
        const saved = state.tensors[`${names[i]}/${slot}`];
        const shape = this.startOf(slot, variable)?.shape;
        if (!saved || !shape) return undefined;
        if (!sameShape(saved.shape, shape)) {
          throw new RondoError("shape", `the saved optimizer state does not fit "${variable.name}"`, {
            received: formatShape(saved.shape),
            expected: formatShape(shape),
          });
        }
        return saved;
      }),
    );
    variables.forEach((variable, i) => {
      for (const old of Object.values(this.slots.get(variable) ?? {})) old.dispose();
      this.slots.delete(variable);
      if (found[i]!.every((saved) => saved === undefined)) return;
      const slots = this.slotsOf(variable);
      slotNames.forEach((slot, k) => {
        const saved = found[i]![k];
        if (saved) slots[slot]!.assign(saved);
      });
    });
    this.iterations = Number(state.values.iterations ?? 0);
    this.pending = Number(state.values.pending ?? 0);
    if (typeof this.rate === "number" && typeof state.values.learningRate === "number") {
      this.rate = state.values.learningRate;
    }
  }
}

/** Gradients by variable, from a map or from two lists. @internal */
export function paired(given: Gradients | readonly (Tensor | null)[], variables?: readonly Variable[]): Gradients {
  if (given instanceof Map) return given;
  const gradients = given as readonly (Tensor | null)[];
  if (!Array.isArray(gradients) || gradients.length !== variables?.length) {
    throw new RondoError("shape", "apply needs a gradient for every variable", {
      received: `${Array.isArray(gradients) ? gradients.length : typeof gradients} for ${variables?.length ?? "no list of"} variables`,
      expected: "apply(tape.gradient(loss, variables), variables), or apply(new Map([[variable, gradient]]))",
    });
  }
  return new Map(variables.flatMap((v, i) => (gradients[i] ? [[v, gradients[i]] as const] : [])));
}

/** The variables' names; repeated ones get a number, in order. */
function uniqueNames(variables: readonly Variable[]): string[] {
  const seen = new Map<string, number>();
  return variables.map(({ name }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}

function checkRate(where: string, rate: number): void {
  if (typeof rate === "number" && rate >= 0 && Number.isFinite(rate)) return;
  throw new RondoError("value", `${where}: a learning rate is a finite number of at least 0`, {
    received: String(rate),
  });
}

/** A list of words, copied; none by default. @internal */
export function checkNames(where: string, name: string, words: readonly string[] | undefined): readonly string[] {
  if (words === undefined) return [];
  if (Array.isArray(words) && words.every((word) => typeof word === "string" && word !== "")) return [...words];
  throw new RondoError("value", `${where}: ${name} is a list of words that occur in variables' names`, {
    received: JSON.stringify(words),
    expected: '["bias", "gamma"], or [] for none',
  });
}

function checkClipping(where: string, options: OptimizerOptions): Clipping {
  const clipping: Clipping = {
    clipNorm: options.clipNorm ?? null,
    clipValue: options.clipValue ?? null,
    globalClipNorm: options.globalClipNorm ?? null,
  };
  const given = Object.entries(clipping).filter(([, limit]) => limit !== null) as [string, number][];
  if (given.length > 1) {
    throw new RondoError("option", `${where}: only one kind of clipping can be used`, {
      received: given.map(([name, limit]) => `${name} = ${limit}`).join(", "),
      expected: "one of clipNorm, clipValue, globalClipNorm",
      fix: "globalClipNorm is the usual choice for recurrent networks",
    });
  }
  for (const [name, limit] of given) {
    if (!(limit > 0) || !Number.isFinite(limit)) {
      throw new RondoError("value", `${where}: ${name} must be a number above 0`, { received: `${name} = ${limit}` });
    }
  }
  return clipping;
}

function checkFits(variable: Variable, gradient: Tensor): void {
  if (sameShape(variable.shape, gradient.shape) && gradient.dtype === "float32") return;
  throw new RondoError("shape", `the gradient does not fit the variable "${variable.name}"`, {
    received: `${gradient.dtype} ${formatShape(gradient.shape)}`,
    expected: `float32 ${formatShape(variable.shape)}`,
  });
}

/** Shrinks the weights in place; returns the gradient scaled. */
function applyFactors(w: Variable, gradient: Tensor, { scale, keep }: StepFactors): Tensor {
  const { kernels } = w.storage.engine;
  if (keep !== 1) kernels.scaleInPlace(w.offset, w.size, keep);
  return scale === 1 ? gradient : mul(gradient, scale);
}
