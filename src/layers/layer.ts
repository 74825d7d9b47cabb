import { checkOptions, RondoError } from "../errors.js";
import { mul } from "../tensor/ops/arithmetic.js";
import { inSection } from "../tensor/sections.js";
import { formatShape } from "../tensor/shape.js";
import { asTensor, Tensor, type TensorLike } from "../tensor/tensor.js";
import { attachMask, callFromOutside, maskOf, type PenaltySink, penaltiesWanted, reportCall } from "./call-watch.js";
import { type BatchShape, Component, type ComponentOptions, resetComponentNames } from "./component.js";
import { sequenceMask } from "./core/sequence-mask.js";
import { regularizer, writeFields } from "./fields.js";
import type { Lookup } from "./lookup.js";
import { getRegularizer, type Regularizer, type RegularizerSpec } from "./regularizers.js";
import type { AppliedShape, InputCheck } from "./shape-types.js";
import { recordCall, resetInputNames, SymbolicTensor } from "./symbolic.js";

export type { BatchShape, LayerState, Weight } from "./component.js";

/** Forgets the numbers given out so far, so that the next model's layers are named from the start again. */
export function resetLayerNames(): void {
  resetComponentNames();
  resetInputNames();
}

/** What changes a call beyond its tensors, for layers that know it: attention, reversible embeddings. */
export interface CallFlags {
  /** Every query sees the keys up to its own position only. */
  readonly useCausalMask?: boolean;
  /** Returns [output, scores]. */
  readonly returnAttentionScores?: boolean;
  /** Reversible embeddings: from vectors to scores of tokens. */
  readonly reverse?: boolean;
}

/** What a layer is told about a call on any number of inputs. Made anew for every call. */
export interface RunContext extends CallFlags {
  /** True while training. */
  readonly training: boolean;
  /** One per input, [batch, time] bool, true = use; null where every value counts. */
  readonly masks: readonly (Tensor | null)[];
  /** Recurrent layers: the states to start from. */
  readonly initialState?: readonly Tensor[];
  /** Multi-head attention: [batch, queries, keys], true = may look. */
  readonly attentionMask?: Tensor;
  /** Where layers put what activity regularizers make of their outputs, to be added to the loss. @internal */
  readonly penalties?: PenaltySink;
  /** The only input is the indices of these rows; only layers that said so in `takesLookup` are given one. @internal */
  readonly lookup?: Lookup;
}

/** What a layer makes of its inputs: the outputs, and a mask (or null) for each. */
export interface RunResult {
  readonly outputs: readonly Tensor[];
  readonly masks: readonly (Tensor | null)[];
}

/** What a layer is told about one call. Made anew for every call: nothing leaks from one layer to the next. */
export interface CallContext {
  /** True while training: dropout drops. */
  readonly training: boolean;
  /** Mask of the input, [batch, time] bool, true = use; null without one. */
  readonly mask: Tensor | null;
  /** Recurrent layers: the states to start from, in the layer's order. */
  readonly initialState?: readonly Tensor[];
  /** Layers that call layers hand it on to `penalize`. @internal */
  readonly penalties?: PenaltySink;
  /** Instead of `input`, which is its indices. @internal */
  readonly lookup?: Lookup;
}

/** What may be said about a call of `apply`; plain numbers are welcome. */
export interface ApplyOptions {
  /** Whether dropout and its like are at work. Default: false. */
  training?: boolean;
  /** [batch, time], true (or 1) = use. By default the mask that came with the input, if any; null: none. */
  mask?: TensorLike | null;
  /** How many steps of each sequence count, [batch], instead of a mask. See `sequenceMask`. */
  lengths?: TensorLike;
  /** Layers with several inputs: a mask, or null, for each. */
  masks?: readonly (TensorLike | null)[];
  /** Recurrent layers: the states to start from, in the layer's order. */
  initialState?: readonly TensorLike[];
  /** Attention layers: every query sees the keys up to its own position only. Default: false. */
  useCausalMask?: boolean;
  /** Attention layers: returns [output, scores]. Default: false. */
  returnAttentionScores?: boolean;
  /** Multi-head attention: [batch, queries, keys], true (or 1) = may look. */
  attentionMask?: TensorLike;
  /** Reversible embeddings: from vectors to scores of tokens. Default: false. */
  reverse?: boolean;
}

/** What may be said about a call on symbolic tensors. */
export interface SymbolicApplyOptions extends CallFlags {
  /** Recurrent layers: the states to start from, in the layer's order. */
  initialState?: readonly SymbolicTensor[];
  /** Multi-head attention: [batch, queries, keys], true (or 1) = may look. */
  attentionMask?: SymbolicTensor;
}

const activityField = { activityRegularizer: regularizer() };

const applyOptions = [
  "training",
  "mask",
  "lengths",
  "masks",
  "initialState",
  "useCausalMask",
  "returnAttentionScores",
  "attentionMask",
  "reverse",
];
const symbolicOptions = ["initialState", "useCausalMask", "returnAttentionScores", "attentionMask", "reverse"];

const flagsOf = ({ useCausalMask, returnAttentionScores, reverse }: CallFlags): CallFlags => ({
  ...(useCausalMask ? { useCausalMask } : {}),
  ...(returnAttentionScores ? { returnAttentionScores } : {}),
  ...(reverse ? { reverse } : {}),
});

const isSymbolic = (input: unknown): input is SymbolicTensor | readonly SymbolicTensor[] =>
  input instanceof SymbolicTensor || (Array.isArray(input) && input.some((each) => each instanceof SymbolicTensor));

/** Options every layer takes. */
export interface LayerOptions extends ComponentOptions {
  /** Shape of one example, without the batch axis; null where it varies. For the first layer of a model. */
  inputShape?: BatchShape;
  /**
   * Penalty on what the layer puts out, divided by the batch size and added to the loss. Regularizers add up all
   * elements, at masked steps too.
   */
  activityRegularizer?: RegularizerSpec;
}

/**
 * A piece of a model: weights, and a function from tensors to tensors.
 *
 * To write one: extend, make weights in `build` with `addWeight`, compute in `call`, and answer `computeOutputShape`.
 * `className` names it in files; `getConfig` returns the options that make an equal layer; `registerLayer` makes files
 * that hold it loadable.
 *
 * @example
 * class Scale extends Layer {
 *   readonly className = "Scale";
 *   factor!: Variable;
 *   override build(shape: BatchShape) { this.factor = this.addWeight("factor", [shape.at(-1)!], initializers.ones()); }
 *   call(x: Tensor) { return mul(x, this.factor); }
 *   computeOutputShape(shape: BatchShape) { return shape; }
 * }
 */
export abstract class Layer extends Component {
  readonly inputShape: BatchShape | undefined;
  /** What `activityRegularizer` was given; null for none. */
  readonly activityRegularizer: Regularizer | null;

  constructor(options: LayerOptions = {}) {
    super(options);
    this.inputShape = options.inputShape;
    this.activityRegularizer = getRegularizer(options.activityRegularizer ?? null, "activityRegularizer");
  }

  /** The computation. `input` is float32 unless the layer says otherwise. Several outputs: the main one first. */
  abstract call(input: Tensor, context: CallContext): Tensor | readonly Tensor[];

  /** @internal What the layer puts out, if that is rows of a table and there are fewer rows than would be written out. */
  lookUp?(input: Tensor): Lookup | null;

  /** @internal Whether `call` can do with the rows' indices. */
  takesLookup?(training: boolean): boolean;

  /** Shape of the (main) output. */
  abstract computeOutputShape(inputShape: BatchShape): BatchShape;

  /** Shapes of all outputs, for layers that may return several. */
  computeOutputShapes(inputShape: BatchShape): readonly BatchShape[] {
    return [this.computeOutputShape(inputShape)];
  }

  /** Mask of the (main) output; by default the input's mask passes through. Layers that end time return null. */
  computeMask(_input: Tensor, mask: Tensor | null): Tensor | null {
    return mask;
  }

  override getConfig(): Record<string, unknown> {
    const config = super.getConfig();
    if (this.inputShape) config["inputShape"] = [...this.inputShape];
    if (this.activityRegularizer) {
      Object.assign(config, writeFields(this, activityField, { activityRegularizer: this.activityRegularizer }));
    }
    return config;
  }

  /** The options of every layer, for `copyOptions`. */
  protected get sharedOptions(): Record<string, unknown> {
    const { trainable, inputShape, activityRegularizer } = this;
    return {
      trainable,
      ...(inputShape ? { inputShape } : {}),
      ...(activityRegularizer ? { activityRegularizer } : {}),
    };
  }

  /**
   * Calls the layer, building it first if needed: on a tensor or plain numbers (a list of them for layers with several
   * inputs), or on symbolic tensors, to make a model of the result.
   *
   * @example const y = layers.dense({ units: 3 }).apply([[1, 2]]);
   * @example const y = layers.dense({ units: 3 }).apply(input({ shape: [2] }));
   */
  apply(input: TensorLike | readonly TensorLike[], options?: ApplyOptions): Tensor | readonly Tensor[];
  apply<L extends Layer, const X extends SymbolicTensor | readonly SymbolicTensor[]>(
    this: L,
    input: X & InputCheck<L, X>,
    options?: SymbolicApplyOptions,
  ): SymbolicTensor<AppliedShape<L, X>>;
  apply(
    input: SymbolicTensor | readonly SymbolicTensor[] | TensorLike | readonly TensorLike[],
    options: SymbolicApplyOptions | ApplyOptions = {},
  ): SymbolicTensor | Tensor | readonly Tensor[] {
    if (isSymbolic(input)) return this.applySymbolic(input, options as SymbolicApplyOptions);
    checkOptions(`${this.describe()}.apply`, options, applyOptions);
    const inputs = this.inputsOf(input);
    this.ensureBuiltMany(inputs.map((x) => x.shape));
    const { training = false, masks, initialState, attentionMask, ...rest } = options as ApplyOptions;
    const { lengths, mask, ...flags } = rest;
    if (lengths !== undefined && (mask ?? masks)) {
      throw new RondoError("option", `${this.describe()}.apply takes lengths or masks, not both`);
    }
    const first = lengths === undefined ? mask : sequenceMask(lengths, inputs[0]!.shape[1]!);
    // As in Keras, a mask that came with its tensor is used unless another is given.
    const given = masks ?? inputs.map((x, i) => (i === 0 && first !== undefined ? first : maskOf(x)));
    const context = {
      training,
      masks: inputs.map((_, i) => (given[i] === null || given[i] === undefined ? null : asTensor(given[i], "bool"))),
      ...(initialState ? { initialState: initialState.map((s) => asTensor(s)) } : {}),
      ...(attentionMask ? { attentionMask: asTensor(attentionMask, "bool") } : {}),
      ...flagsOf(flags),
    };
    return callFromOutside(
      () => [this],
      () => this.callNow(inputs, { ...context, ...penaltiesWanted() }),
    );
  }

  private callNow(inputs: readonly Tensor[], context: RunContext): Tensor | readonly Tensor[] {
    const { outputs, masks: made } = this.callWithMasks(inputs, context);
    for (const [i, output] of outputs.entries()) attachMask(output, made[i] ?? null);
    reportCall(this, outputs[0]!, inputs);
    return outputs.length === 1 ? outputs[0]! : outputs;
  }

  private applySymbolic(
    input: SymbolicTensor | readonly SymbolicTensor[],
    options: SymbolicApplyOptions,
  ): SymbolicTensor {
    const where = `${this.describe()}.apply`;
    checkOptions(where, options, symbolicOptions);
    const inputs = input instanceof SymbolicTensor ? [input] : input;
    const { initialState = [], attentionMask = null } = options;
    const all: readonly unknown[] = [...inputs, ...initialState, ...(attentionMask ? [attentionMask] : [])];
    const stray = all.find((each) => !(each instanceof SymbolicTensor));
    if (stray !== undefined) {
      throw new RondoError("option", `${where}: symbolic tensors and numbers cannot be mixed`, {
        received: stray instanceof Tensor ? `a tensor ${formatShape(stray.shape)}` : String(stray),
        expected: "what input() and other layers' apply() return",
      });
    }
    const flags = flagsOf(options);
    const shapes = inputs.map((x) => x.shape);
    this.ensureBuiltMany(shapes);
    const outputs = this.computeOutputShapesMany(shapes, flags);
    return recordCall({ layer: this, inputs, initialState, attentionMask, flags }, outputs).outputs[0]!;
  }

  // ---- any number of inputs: MultiInputLayer says more ----

  /** The tensors in what `apply` was given. */
  protected inputsOf(input: TensorLike | readonly TensorLike[]): Tensor[] {
    const list = Array.isArray(input) && input[0] instanceof Tensor;
    return list ? (input as readonly TensorLike[]).map((x) => asTensor(x)) : [asTensor(input as TensorLike)];
  }

  private only<T>(list: readonly T[]): T {
    if (list.length === 1) return list[0]!;
    throw new RondoError("shape", `${this.className} takes one input`, {
      path: this.describe(),
      received: `${list.length} inputs`,
      fix: "merge them first, for example with layers.concatenate()",
    });
  }

  /** @internal Builds for inputs of these shapes if needed. */
  ensureBuiltMany(shapes: readonly BatchShape[]): void {
    this.ensureBuilt(this.only(shapes));
  }

  /** @internal Shapes of all outputs. */
  computeOutputShapesMany(shapes: readonly BatchShape[], _flags: CallFlags): readonly BatchShape[] {
    return this.computeOutputShapes(this.only(shapes));
  }

  /** @internal The computation, on any number of inputs. */
  callMany(inputs: readonly Tensor[], context: RunContext): Tensor | readonly Tensor[] {
    const { training, masks, initialState, penalties, lookup } = context;
    return this.call(this.only(inputs), {
      training,
      mask: masks[0] ?? null,
      ...(lookup ? { lookup } : {}),
      ...(penalties ? { penalties } : {}),
      ...(initialState ? { initialState } : {}),
    });
  }

  /** @internal Masks of the outputs; those beyond the main one (states) have none. */
  computeMasksMany(inputs: readonly Tensor[], masks: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
    return [this.computeMask(this.only(inputs), masks[0] ?? null)];
  }

  /** @internal Calls the layer, which is built: outputs with their masks. */
  callWithMasks(inputs: readonly Tensor[], context: RunContext): RunResult {
    const result = inSection(
      "layer",
      () => this.describe(),
      () => this.callMany(inputs, context),
    );
    const outputs = result instanceof Tensor ? [result] : result;
    this.penalize(outputs, context.penalties);
    const masks = this.computeMasksMany(inputs, context.masks);
    return { outputs, masks: outputs.map((_, i) => masks[i] ?? null) };
  }

  /** @internal Tells `penalties` what the activity regularizer makes of the outputs. */
  penalize(outputs: readonly Tensor[], penalties: PenaltySink | undefined): void {
    const regularizer = this.activityRegularizer;
    if (!regularizer || !penalties) return;
    for (const y of outputs) penalties(this, mul(regularizer.apply(y), 1 / Math.max(1, y.shape[0] ?? 1)));
  }

  /** Checks an input's rank; `sizes` words what is expected, for example "[batch, time, features]". */
  protected requireRank(input: { readonly shape: BatchShape }, minimum: number, sizes: string): void {
    if (input.shape.length >= minimum) return;
    throw new RondoError("shape", `${this.className} cannot take an input of this rank`, {
      path: this.describe(),
      received: formatShape(input.shape),
      expected: sizes,
      fix: minimum === 3 ? "did an earlier recurrent layer forget returnSequences: true?" : "add the missing axes",
    });
  }

  /** The size of the last axis, which weights depend on and which therefore must be known. */
  protected lastSize(inputShape: BatchShape): number {
    const size = inputShape[inputShape.length - 1];
    if (typeof size === "number") return size;
    throw new RondoError("shape", `${this.className} needs to know the size of its input's last axis`, {
      path: this.describe(),
      received: formatShape(inputShape),
      fix: "give the first layer an inputShape whose last size is a number",
    });
  }

  /** Checks that the last axis has the size the weights were made for. */
  protected requireLastSize(input: Tensor, expected: number): void {
    if (input.shape[input.rank - 1] === expected) return;
    throw new RondoError("shape", `${this.className} was built for inputs of another size`, {
      path: this.describe(),
      received: formatShape(input.shape),
      expected: `a last axis of ${expected}`,
    });
  }
}
