import { RondoError } from "../errors.js";
import { formatShape, type Shape } from "../tensor/shape.js";
import { scope } from "../tensor/scope.js";
import { asTensor, keep, type Tensor, type TensorLike, tensor } from "../tensor/tensor.js";
import { Variable } from "../tensor/variable.js";
import type { Constraint } from "./constraints.js";
import type { Initializer } from "./initializers.js";
import type { Regularizer } from "./regularizers.js";

/** A shape whose unknown sizes (usually the batch, sometimes time) are null. */
export type BatchShape = readonly (number | null)[];

/** What a layer is told about one call. Made anew for every call: nothing leaks from one layer to the next. */
export interface CallContext {
  /** True while training: dropout drops. */
  readonly training: boolean;
  /** Mask of the input, [batch, time] bool, true = use; null without one. */
  readonly mask: Tensor | null;
  /** Recurrent layers: the states to start from, in the layer's order. */
  readonly initialState?: readonly Tensor[];
}

/** Options every layer takes. */
export interface LayerOptions {
  /** Unique in a model; "lstm_1", "dense_2", … by default. */
  name?: string;
  /** False freezes the weights. */
  trainable?: boolean;
  /** Shape of one example, without the batch axis; null where it varies. For the first layer of a model. */
  inputShape?: BatchShape;
}

export const layerOptionNames = ["name", "trainable", "inputShape"] as const;

/** One weight of a layer together with what training does to it. */
export interface Weight {
  readonly variable: Variable;
  readonly regularizer: Regularizer | null;
  readonly constraint: Constraint | null;
}

const counters = new Map<string, number>();

/** "LSTM" -> "lstm_1", "TimeDistributed" -> "time_distributed_2", as Keras numbers them. */
function defaultName(className: string): string {
  const base = className
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
  const count = (counters.get(base) ?? 0) + 1;
  counters.set(base, count);
  return count === 1 ? base : `${base}_${count - 1}`;
}

/** Forgets the numbers given out so far, so that the next model's layers are named from the start again. */
export function resetLayerNames(): void {
  counters.clear();
}

/**
 * A piece of a model: weights, and a function from tensors to tensors.
 *
 * To write one: extend, make weights in `build` with `addWeight`, compute in `call`, and answer `computeOutputShape`.
 * `className` names it in files; `getConfig` returns the options that make an equal layer.
 */
export abstract class Layer {
  /** Name in saved files and in the layer table, e.g. "LSTM". */
  abstract readonly className: string;
  private givenName: string | undefined;
  trainable: boolean;
  readonly inputShape: BatchShape | undefined;
  built = false;
  /** Where the layer sits in its model, for messages: "encoder.lstm". */
  path: string | undefined;
  /** @internal */ readonly ownWeights: Weight[] = [];

  constructor(options: LayerOptions = {}) {
    this.givenName = options.name;
    this.trainable = options.trainable ?? true;
    this.inputShape = options.inputShape;
  }

  get name(): string {
    this.givenName ??= defaultName(this.className);
    return this.givenName;
  }
  set name(value: string) {
    this.givenName = value;
  }

  /** Layers inside this one (wrappers, cells); their weights count as this layer's. */
  get children(): readonly Layer[] {
    return [];
  }

  /** Makes the weights for inputs of this shape. Runs once, before the first call. */
  build(_inputShape: BatchShape): void {}

  /** The computation. `input` is float32 unless the layer says otherwise. */
  abstract call(input: Tensor, context: CallContext): Tensor | readonly Tensor[];

  abstract computeOutputShape(inputShape: BatchShape): BatchShape;

  /** Mask of the output; by default the input's mask passes through. Layers that end time return null. */
  computeMask(_input: Tensor, mask: Tensor | null): Tensor | null {
    return mask;
  }

  /** Options that make an equal layer, as plain JSON values. */
  getConfig(): Record<string, unknown> {
    const config: Record<string, unknown> = { name: this.name, trainable: this.trainable };
    if (this.inputShape) config.inputShape = [...this.inputShape];
    return config;
  }

  /** Names the layer in messages. */
  describe(): string {
    return this.path ?? this.name;
  }

  /** Builds if needed, with an error that names the layer. */
  ensureBuilt(inputShape: BatchShape): void {
    if (this.built) return;
    // Weights outlive the step in which a model happens to be built.
    scope(() => {
      this.build(inputShape);
    });
    this.built = true;
  }

  /**
   * Calls the layer on a tensor (or on plain numbers), building it first if needed.
   *
   * @example const y = layers.dense({ units: 3 }).apply([[1, 2]]);
   */
  apply(input: TensorLike, context: Partial<CallContext> = {}): Tensor | readonly Tensor[] {
    const x = asTensor(input);
    this.ensureBuilt(x.shape);
    return this.call(x, { ...context, training: context.training ?? false, mask: context.mask ?? null });
  }

  /** Makes and registers a weight. For use in `build`. */
  protected addWeight(
    name: string,
    shape: Shape,
    initializer: Initializer,
    options: { regularizer?: Regularizer | null; constraint?: Constraint | null; trainable?: boolean } = {},
  ): Variable {
    const variable = new Variable(initializer.apply(shape), {
      name: `${this.name}/${name}`,
      trainable: options.trainable ?? true,
    });
    this.ownWeights.push({
      variable,
      regularizer: options.regularizer ?? null,
      constraint: options.constraint ?? null,
    });
    return keep(variable);
  }

  /** All weights with their regularizers and constraints, own first, then the children's. */
  get allWeights(): readonly Weight[] {
    return [...this.ownWeights, ...this.children.flatMap((child) => child.allWeights)];
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

  /** Sets recurrent states back to their start; nothing to do for stateless layers. */
  resetStates(): void {
    for (const child of this.children) child.resetStates();
  }
}
