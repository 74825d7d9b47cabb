import { RondoError } from "../errors.js";
import type { GeneratorState } from "../tensor/generator.js";
import { scope } from "../tensor/scope.js";
import { formatShape, type Shape } from "../tensor/shape.js";
import { asTensor, type Tensor, type TensorLike, tensor } from "../tensor/tensor.js";
import { Variable } from "../tensor/variable.js";
import type { Constraint } from "./constraints.js";
import type { Initializer } from "./initializers.js";
import type { Regularizer } from "./regularizers.js";

/** A shape whose unknown sizes (usually the batch, sometimes time) are null. */
export type BatchShape = readonly (number | null)[];

/** Options everything with weights takes. */
export interface ComponentOptions {
  /** Unique in a model; "lstm", "dense_1", … by default. */
  name?: string;
  /** False freezes the weights. */
  trainable?: boolean;
}

/** One weight together with what training does to it. */
export interface Weight {
  /** Name within its owner, as Keras calls it: "kernel", "recurrent_kernel", "bias". */
  readonly name: string;
  readonly variable: Variable;
  readonly regularizer: Regularizer | null;
  readonly constraint: Constraint | null;
}

/**
 * What changes in a layer besides its weights, under readable names such as "lstm/state_0" and "dropout/generator": the
 * recurrent states of stateful layers and the positions of the random generators. Together with the weights it lets
 * training go on exactly where it stopped.
 */
export interface LayerState {
  readonly tensors: Record<string, Tensor>;
  readonly generators: Record<string, GeneratorState>;
}

const counters = new Map<string, number>();

/** "LSTM" -> "lstm", then "lstm_1"; "TimeDistributed" -> "time_distributed": Keras' numbering. @internal */
export function defaultName(className: string): string {
  const base = className
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .replace(/([A-Z0-9])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
  const count = counters.get(base) ?? 0;
  counters.set(base, count + 1);
  return count === 0 ? base : `${base}_${count}`;
}

/** Starts the numbering of unnamed components over. @internal */
export function resetComponentNames(): void {
  counters.clear();
}

/** Joins the parts of a weight's name; empty parts (a layer's only cell) leave no trace. */
const join = (...parts: string[]) => parts.filter((p) => p !== "").join("/");

/** What layers and cells have in common: a name, weights, components inside, a configuration. */
export abstract class Component {
  /** Name in saved files and in the layer table, e.g. "LSTM". */
  abstract readonly className: string;
  private givenName: string | undefined;
  trainable: boolean;
  built = false;
  /** Where the layer sits in its model, for messages: "encoder.lstm". */
  path: string | undefined;
  /** @internal */ readonly ownWeights: Weight[] = [];

  constructor(options: ComponentOptions = {}) {
    this.givenName = options.name;
    this.trainable = options.trainable ?? true;
  }

  get name(): string {
    this.givenName ??= defaultName(this.className);
    return this.givenName;
  }
  set name(value: string) {
    this.givenName = value;
  }

  /** Names the layer in messages. */
  describe(): string {
    return this.path ?? this.name;
  }

  /**
   * Components inside this one (cells, wrapped layers) by their part of a weight's name; "" for an only child that needs
   * none. Their weights count as this one's.
   */
  protected get parts(): readonly (readonly [string, Component])[] {
    return [];
  }

  /** Components inside this one. */
  get children(): readonly Component[] {
    return this.parts.map(([, child]) => child);
  }

  /** Makes the weights for inputs of this shape (batch axis included). Runs once, before the first call. */
  build(_inputShape: BatchShape): void {}

  /** Builds if needed. */
  ensureBuilt(inputShape: BatchShape): void {
    this.buildOnce(() => this.build(inputShape));
  }

  /** Runs what makes the weights, unless they exist. */
  protected buildOnce(make: () => void): void {
    if (this.built) return;
    // Weights outlive the step in which a model happens to be built, the numbers they are made of do not.
    scope(make);
    this.built = true;
    for (const [name, { variable }] of this.weightEntries(this.name)) variable.name = name;
  }

  /** Makes and registers a weight. For use in `build`. */
  protected addWeight(
    name: string,
    shape: Shape,
    initializer: Initializer,
    options: { regularizer?: Regularizer | null; constraint?: Constraint | null; trainable?: boolean } = {},
  ): Variable {
    const initial = initializer.apply(shape);
    if (formatShape(initial.shape) !== formatShape(shape)) {
      throw new RondoError("shape", `the initializer of "${name}" returned the wrong shape`, {
        path: this.describe(),
        received: formatShape(initial.shape),
        expected: formatShape(shape),
      });
    }
    const variable = new Variable(initial, { name: join(this.name, name), trainable: options.trainable ?? true });
    const { regularizer = null, constraint = null } = options;
    this.ownWeights.push({ name, variable, regularizer, constraint });
    return variable;
  }

  /** @internal All weights under their full names, own first, then the children's. */
  *weightEntries(prefix: string): Generator<[string, Weight]> {
    for (const weight of this.ownWeights) yield [join(prefix, weight.name), weight];
    for (const [part, child] of this.parts) yield* child.weightEntries(join(prefix, part));
  }

  /** All weights with their regularizers and constraints, own first, then the children's. */
  get allWeights(): readonly Weight[] {
    return [...this.weightEntries("")].map(([, weight]) => weight);
  }

  /** All weights by full name: "bidirectional/forward/kernel". */
  get namedWeights(): ReadonlyMap<string, Variable> {
    return new Map([...this.weightEntries(this.name)].map(([name, { variable }]) => [name, variable]));
  }

  get weights(): readonly Variable[] {
    return this.allWeights.map((w) => w.variable);
  }

  get trainableWeights(): readonly Variable[] {
    if (!this.trainable) return [];
    const own = this.ownWeights.map((w) => w.variable).filter((v) => v.trainable);
    return [...own, ...this.children.flatMap((child) => child.trainableWeights)];
  }

  get nonTrainableWeights(): readonly Variable[] {
    const trained = new Set(this.trainableWeights);
    return this.weights.filter((v) => !trained.has(v));
  }

  /** Number of elements of all weights, trainable or not. */
  countParams(): number {
    return this.weights.reduce((sum, v) => sum + v.size, 0);
  }

  /** Copies of the weights, in the layer's order. */
  getWeights(): Tensor[] {
    return this.weights.map((v) => tensor(v.dataSync(), v.shape, v.dtype));
  }

  /** Overwrites the weights, in the order of `getWeights`. Throws RondoError "shape" and changes nothing when they do not fit. */
  setWeights(values: readonly TensorLike[]): void {
    const variables = this.weights;
    const tensors = values.map((v) => asTensor(v));
    const mismatch =
      tensors.length !== variables.length ||
      tensors.some((t, i) => formatShape(t.shape) !== formatShape(variables[i]!.shape));
    if (mismatch) {
      throw new RondoError("shape", "these weights do not fit the layer", {
        path: this.describe(),
        received: tensors.map((t) => formatShape(t.shape)).join(", ") || "none",
        expected: variables.map((v) => `${v.name} ${formatShape(v.shape)}`).join(", ") || "none (is the layer built?)",
      });
    }
    for (const [i, v] of variables.entries()) v.assign(tensors[i]!);
  }

  /** Options that make an equal component, as plain JSON values. Throws RondoError "option" when one is a function. */
  getConfig(): Record<string, unknown> {
    return { name: this.name, trainable: this.trainable };
  }

  /** Like `getConfig`, but may hold what JSON cannot: functions, and copies of the components inside. @internal */
  copyOptions(): Record<string, unknown> {
    return this.getConfig();
  }

  /** An equal component with weights of its own, not built yet. @internal */
  clone(changes: Record<string, unknown> = {}): this {
    const Same = this.constructor as new (options: Record<string, unknown>) => this;
    return new Same({ ...this.copyOptions(), ...changes });
  }

  /** Sets recurrent states back to their start; nothing to do for stateless layers. */
  resetStates(): void {
    for (const child of this.children) child.resetStates();
  }

  /** Recurrent states and random generators, this component's and those inside it. The tensors are copies. */
  getState(): LayerState {
    const state: LayerState = { tensors: {}, generators: {} };
    this.collectState(this.name, state);
    return state;
  }

  /** Goes back to a state from `getState`, also of an equal layer elsewhere. What it does not name is reset. */
  setState(state: LayerState): void {
    this.restoreState(this.name, state);
  }

  /** @internal Adds this component's state under names that begin with `prefix`. */
  collectState(prefix: string, into: LayerState): void {
    for (const [part, child] of this.parts) child.collectState(join(prefix, part), into);
  }

  /** @internal Takes from `state` what `collectState` put there. */
  restoreState(prefix: string, state: LayerState): void {
    for (const [part, child] of this.parts) child.restoreState(join(prefix, part), state);
  }
}
