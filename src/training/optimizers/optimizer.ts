import { variableGrads } from "../../autograd/gradients.js";
import { checkOptions, RondoError } from "../../errors.js";
import { scope } from "../../tensor/scope.js";
import { formatShape, sameShape } from "../../tensor/shape.js";
import { allocate, type Tensor, tensor } from "../../tensor/tensor.js";
import { Variable } from "../../tensor/variable.js";
import type { SavedState } from "../saved-state.js";
import type { Schedule } from "../schedules.js";
import { type Clipping, clipGradients } from "./clip.js";

/** A learning rate: constant, a schedule, or any function of the number of updates made so far. */
export type LearningRate = number | Schedule | ((step: number) => number);

/** Options of every optimizer. Of the three kinds of clipping at most one may be given. */
export interface OptimizerOptions {
  learningRate?: LearningRate;
  /** Every update first shrinks the weights by this fraction times the learning rate (decoupled decay, as in AdamW). */
  weightDecay?: number | null;
  /** Scales each variable's gradient down to this Euclidean norm. */
  clipNorm?: number | null;
  /** Limits every element of the gradients to plus or minus this. */
  clipValue?: number | null;
  /** Scales all gradients together down to this Euclidean norm. */
  globalClipNorm?: number | null;
}

export const optimizerOptionNames = ["learningRate", "weightDecay", "clipNorm", "clipValue", "globalClipNorm"] as const;

/** Gradients by variable; variables that are missing are left alone. */
export type Gradients = ReadonlyMap<Variable, Tensor>;

/**
 * Changes variables along their gradients.
 *
 * One update: check that all gradients are finite, clip, decay the weights, step, count (the order of Keras 3). What an
 * optimizer remembers about a variable is kept with that variable, so that one optimizer may serve changing lists of them.
 */
export abstract class Optimizer {
  /** Name in saved files, e.g. "Adam". */
  abstract readonly className: string;
  /** Names of the tensors remembered for each variable, e.g. m and v. */
  protected abstract readonly slotNames: readonly string[];
  /** Updates made so far. */
  iterations = 0;
  readonly weightDecay: number | null;
  readonly clipping: Clipping;
  private rate: LearningRate;
  private readonly slots = new WeakMap<Variable, Record<string, Variable>>();

  constructor(where: string, options: OptimizerOptions, ownOptions: readonly string[], defaultRate: number) {
    checkOptions(where, options, [...optimizerOptionNames, ...ownOptions]);
    this.rate = options.learningRate ?? defaultRate;
    if (typeof this.rate === "number") checkRate(where, this.rate);
    this.weightDecay = options.weightDecay ?? null;
    if (this.weightDecay !== null) checkNotNegative(where, "weightDecay", this.weightDecay);
    this.clipping = checkClipping(where, options);
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

  /** Steps one variable. `slots` are this optimizer's tensors for it, zero before the first update. */
  protected abstract update(w: Variable, gradient: Tensor, rate: number, slots: Record<string, Variable>): void;

  /**
   * Updates each variable by its gradient. Throws RondoError "nonFinite" and changes nothing when a gradient holds NaN or
   * infinity, "shape" when a gradient does not fit its variable.
   *
   * @example optimizer.apply(new Map([[w, gradient]]));
   */
  apply(gradients: Gradients): void {
    for (const [variable, gradient] of gradients) this.checkGradient(variable, gradient);
    scope(() => {
      const clipped = clipGradients([...gradients.values()], this.clipping);
      const rate = this.learningRate;
      checkRate("the learning rate schedule", rate);
      let i = 0;
      for (const variable of gradients.keys()) {
        if (this.weightDecay) {
          variable.storage.engine.kernels.scaleInPlace(variable.offset, variable.size, 1 - this.weightDecay * rate);
        }
        this.update(variable, clipped[i++]!, rate, this.slotsOf(variable));
      }
    });
    this.iterations++;
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

  private checkGradient(variable: Variable, gradient: Tensor): void {
    if (!sameShape(variable.shape, gradient.shape) || gradient.dtype !== "float32") {
      throw new RondoError("shape", `the gradient does not fit the variable "${variable.name}"`, {
        received: `${gradient.dtype} ${formatShape(gradient.shape)}`,
        expected: `float32 ${formatShape(variable.shape)}`,
      });
    }
    const at = gradient.storage.engine.kernels.findNonFinite(gradient.offset, gradient.size);
    if (at < 0) return;
    throw new RondoError("nonFinite", `step ${this.iterations + 1}: the gradient of "${variable.name}" is not finite`, {
      received: `${gradient.view()[at]} at element ${at} of ${formatShape(gradient.shape)}`,
      fix: `lower the learning rate (now ${this.learningRate}), clip with globalClipNorm, or scale the data; the weights are as they were before this step`,
    });
  }

  private slotsOf(variable: Variable): Record<string, Variable> {
    let slots = this.slots.get(variable);
    if (!slots) {
      slots = {};
      for (const name of this.slotNames) {
        const start = allocate(variable.shape);
        start.view().fill(0);
        slots[name] = new Variable(start, { name: `${variable.name}/${name}`, trainable: false });
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
    return { learningRate, weightDecay: this.weightDecay, ...this.clipping };
  }

  /**
   * Everything needed to go on exactly: the number of updates and what is remembered for `variables`, as copies named
   * "<variable>/<slot>".
   */
  getState(variables: readonly Variable[]): SavedState {
    const tensors: Record<string, Tensor> = {};
    const names = uniqueNames(variables);
    variables.forEach((variable, i) => {
      const slots = this.slots.get(variable);
      for (const slot of slots ? this.slotNames : []) {
        const { shape } = variable;
        tensors[`${names[i]}/${slot}`] = tensor(slots![slot]!.dataSync(), shape);
      }
    });
    const values: Record<string, unknown> = { iterations: this.iterations };
    if (typeof this.rate === "number") values.learningRate = this.rate;
    return { tensors, values };
  }

  /** Takes back what `getState` returned, for variables in the same order. Throws RondoError "shape" before changing anything. */
  setState(state: SavedState, variables: readonly Variable[]): void {
    const names = uniqueNames(variables);
    const found = variables.map((variable, i) =>
      this.slotNames.map((slot) => {
        const saved = state.tensors[`${names[i]}/${slot}`];
        if (saved && !sameShape(saved.shape, variable.shape)) {
          throw new RondoError("shape", `the saved optimizer state does not fit "${variable.name}"`, {
            received: formatShape(saved.shape),
            expected: formatShape(variable.shape),
          });
        }
        return saved;
      }),
    );
    variables.forEach((variable, i) => {
      if (found[i]!.every((saved) => saved === undefined)) {
        this.slots.delete(variable);
        return;
      }
      const slots = this.slotsOf(variable);
      this.slotNames.forEach((slot, k) => {
        const saved = found[i]![k];
        if (saved) slots[slot]!.assign(saved);
      });
    });
    this.iterations = Number(state.values.iterations ?? 0);
    if (typeof this.rate === "number" && typeof state.values.learningRate === "number") {
      this.rate = state.values.learningRate;
    }
  }
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

/** @internal */
export function checkNotNegative(where: string, name: string, value: number): void {
  if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return;
  throw new RondoError("value", `${where}: ${name} must be a number of at least 0`, { received: `${name} = ${value}` });
}

/** @internal */
export function checkFraction(where: string, name: string, value: number): void {
  if (typeof value === "number" && value >= 0 && value < 1) return;
  throw new RondoError("value", `${where}: ${name} must be at least 0 and below 1`, { received: `${name} = ${value}` });
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
