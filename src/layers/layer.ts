import { RondoError } from "../errors.js";
import { formatShape } from "../tensor/shape.js";
import { asTensor, type Tensor, type TensorLike } from "../tensor/tensor.js";
import { type BatchShape, Component, type ComponentOptions } from "./component.js";

export { type BatchShape, type LayerState, resetLayerNames, type Weight } from "./component.js";

/** What a layer is told about one call. Made anew for every call: nothing leaks from one layer to the next. */
export interface CallContext {
  /** True while training: dropout drops. */
  readonly training: boolean;
  /** Mask of the input, [batch, time] bool, true = use; null without one. */
  readonly mask: Tensor | null;
  /** Recurrent layers: the states to start from, in the layer's order. */
  readonly initialState?: readonly Tensor[];
}

/** What may be said about a call of `apply`; plain numbers are welcome. */
export interface ApplyOptions {
  training?: boolean;
  /** [batch, time], true (or 1) = use. */
  mask?: TensorLike | null;
  /** Recurrent layers: the states to start from, in the layer's order. */
  initialState?: readonly TensorLike[];
}

/** Options every layer takes. */
export interface LayerOptions extends ComponentOptions {
  /** Shape of one example, without the batch axis; null where it varies. For the first layer of a model. */
  inputShape?: BatchShape;
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
 *   override build(shape: BatchShape) { this.factor = this.addWeight("factor", [shape.at(-1)!], initializers.ones()); }
 *   call(x: Tensor) { return mul(x, this.factor); }
 *   computeOutputShape(shape: BatchShape) { return shape; }
 * }
 */
export abstract class Layer extends Component {
  readonly inputShape: BatchShape | undefined;

  constructor(options: LayerOptions = {}) {
    super(options);
    this.inputShape = options.inputShape;
  }

  /** The computation. `input` is float32 unless the layer says otherwise. Several outputs: the main one first. */
  abstract call(input: Tensor, context: CallContext): Tensor | readonly Tensor[];

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
    return this.inputShape ? { ...config, inputShape: [...this.inputShape] } : config;
  }

  /**
   * Calls the layer on a tensor (or on plain numbers), building it first if needed.
   *
   * @example const y = layers.dense({ units: 3 }).apply([[1, 2]]);
   */
  apply(input: TensorLike, options: ApplyOptions = {}): Tensor | readonly Tensor[] {
    const x = asTensor(input);
    this.ensureBuilt(x.shape);
    const { training = false, mask, initialState } = options;
    return this.call(x, {
      training,
      mask: mask === null || mask === undefined ? null : asTensor(mask, "bool"),
      ...(initialState ? { initialState: initialState.map((s) => asTensor(s)) } : {}),
    });
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
