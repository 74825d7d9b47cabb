import { checkOptions, RondoError } from "../../errors.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { putState, type SavedState, takeState } from "../saved-state.js";
import { type Gradients, paired } from "./gradients.js";
import { Optimizer } from "./optimizer.js";
import { checkNames } from "./options.js";

/** Variables that an optimizer of their own steps. */
export interface OptimizerGroup {
  /** Words of which one occurs in the variable's name: ["embedding"]. */
  match: readonly string[];
  optimizer: Optimizer;
}

/** Options of `optimizers.groups`. */
export interface GroupsOptions {
  /** The first group that matches a variable has it. */
  groups: readonly OptimizerGroup[];
  /** Steps all other variables. */
  rest: Optimizer;
}

/**
 * Several optimizers as one, each for its own variables: other learning rates, decay or methods for parts of a model
 * (Keras: MultiOptimizer; PyTorch: parameter groups). `learningRate` is that of `rest`; clipping is by group.
 */
export class Groups extends Optimizer {
  readonly className = "Groups";
  protected readonly slotNames: readonly string[] = [];
  private readonly groups: readonly OptimizerGroup[];
  private readonly rest: Optimizer;

  constructor(options: GroupsOptions) {
    super("optimizers.groups", {}, {}, 0);
    checkOptions("optimizers.groups", options ?? {}, ["groups", "rest"]);
    const { groups, rest } = options ?? {};
    const all = [rest, ...(Array.isArray(groups) ? groups.map(({ optimizer }) => optimizer) : [undefined])];
    if (all.some((each) => !(each instanceof Optimizer)) || new Set(all).size < all.length) {
      throw new RondoError("option", "optimizers.groups needs an optimizer for every group, and one for the rest", {
        expected: '{ groups: [{ match: ["embedding"], optimizer: optimizers.sgd() }], rest: optimizers.adam() }',
      });
    }
    if (all.some((each) => each?.lossScale !== 1)) {
      throw new RondoError("option", "optimizers.groups cannot have parts that scale the loss: there is one loss", {
        fix: "scale it for all: optimizers.lossScale({ innerOptimizer: optimizers.groups({ … }) })",
      });
    }
    this.groups = groups.map(({ match, optimizer }) => {
      return { match: checkNames("optimizers.groups", "match", match), optimizer };
    });
    this.rest = rest;
  }

  private get all(): readonly Optimizer[] {
    return [this.rest, ...this.groups.map(({ optimizer }) => optimizer)];
  }

  override get learningRate(): number {
    // The base class asks before there is one.
    return this.rest?.learningRate ?? 0;
  }
  override set learningRate(value: number) {
    this.rest.learningRate = value;
  }

  private ownerOf({ name }: Variable): Optimizer {
    return this.groups.find(({ match }) => match.some((word) => name.includes(word)))?.optimizer ?? this.rest;
  }

  private split<T>(variables: Iterable<T>, variableOf: (each: T) => Variable): Map<Optimizer, T[]> {
    const parts = new Map<Optimizer, T[]>();
    for (const each of variables) {
      const owner = this.ownerOf(variableOf(each));
      parts.set(owner, [...(parts.get(owner) ?? []), each]);
    }
    return parts;
  }

  override apply(given: Gradients | readonly (Tensor | null)[], variables?: readonly Variable[]): void {
    const gradients = paired(given, variables);
    for (const [variable, gradient] of gradients) this.checkGradient(variable, gradient);
    for (const [owner, part] of this.split(gradients, ([variable]) => variable)) owner.apply(new Map(part));
    this.iterations++;
  }

  protected override update(): void {}

  override finalizeVariables(variables: readonly Variable[]): void {
    for (const [owner, part] of this.split(variables, (variable) => variable)) owner.finalizeVariables(part);
  }

  override get scheduled(): boolean {
    return this.rest.scheduled;
  }

  override get useEma(): boolean {
    return this.all.some(({ useEma }) => useEma);
  }

  override swapEma(variables: readonly Variable[], averaged: boolean): void {
    for (const [owner, part] of this.split(variables, (variable) => variable)) owner.swapEma(part, averaged);
  }

  override getConfig(): Record<string, unknown> {
    const spec = (optimizer: Optimizer) => ({ className: optimizer.className, config: optimizer.getConfig() });
    const groups = this.groups.map(({ match, optimizer }) => ({ match: [...match], optimizer: spec(optimizer) }));
    return { groups, rest: spec(this.rest) };
  }

  override getState(variables: readonly Variable[]): SavedState {
    const state: SavedState = { tensors: {}, values: { iterations: this.iterations } };
    const parts = this.split(variables, (variable) => variable);
    for (const [i, optimizer] of this.all.entries())
      putState(state, `${i}`, optimizer.getState(parts.get(optimizer) ?? []));
    return state;
  }

  override setState(state: SavedState, variables: readonly Variable[]): void {
    const parts = this.split(variables, (variable) => variable);
    for (const [i, optimizer] of this.all.entries()) {
      optimizer.setState(takeState(state, `${i}`), parts.get(optimizer) ?? []);
    }
    this.iterations = Number(state.values.iterations ?? 0);
  }
}

/**
 * Several optimizers as one.
 *
 * @example
 * optimizers.groups({ groups: [{ match: ["embedding"], optimizer: optimizers.sgd() }], rest: optimizers.adam() })
 */
export function groups(options: GroupsOptions): Groups {
  return new Groups(options);
}
