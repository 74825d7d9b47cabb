import { checkOptions, RondoError } from "../errors.js";
import { Embedding } from "../layers/core/embedding.js";
import { type BatchShape, Layer } from "../layers/layer.js";
import { type Lookup, lookupBetween } from "../layers/lookup.js";
import { serializeLayer } from "../layers/serialize.js";
import type { Chain, ChainOutput, StartOf } from "../layers/shape-types.js";
import { type LayerCall, SymbolicTensor } from "../layers/symbolic.js";
import { formatShape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { layerFromSpec } from "./from-json.js";
import type { ModelGraph } from "./graph.js";
import { type ForwardOptions, type ForwardResult, Model } from "./model.js";
import type { DataOf, TensorOf } from "./shape-types.js";

/** Options of `sequential`. */
export interface SequentialOptions {
  /** The layers, first to last; more can be added. */
  layers?: readonly Layer[];
  /** "sequential", "sequential_1", … by default. */
  name?: string;
}

let count = 0;

/**
 * Layers one after the other, each with one input and one output.
 *
 * @typeParam In shape of the input, batch axis first, as far as it is known when compiling. @typeParam Out of the output.
 *
 * @example const net = sequential([layers.lstm({ units: 8, inputShape: [null, 4] }), layers.dense({ units: 1 })]);
 */
// biome-ignore lint/suspicious/noExplicitAny: a model of any shapes takes the place of every other, in both directions.
export class Sequential<In extends BatchShape = any, Out extends BatchShape = any> extends Model<
  TensorOf<Out>,
  DataOf<In>
> {
  readonly className = "Sequential";
  private readonly stack: Layer[] = [];
  private shape: BatchShape | null = null;
  private result: BatchShape | null = null;

  constructor(options: SequentialOptions = {}) {
    checkOptions("sequential", options, ["layers", "name"]);
    super(options.name ?? (count++ === 0 ? "sequential" : `sequential_${count - 1}`));
    for (const layer of options.layers ?? []) this.add(layer);
  }

  override get layers(): readonly Layer[] {
    return this.stack;
  }
  override get graph(): ModelGraph | null {
    if (!this.shape) return null;
    const start = new SymbolicTensor(this.name, this.shape, "float32", null);
    const calls: LayerCall[] = [];
    let last = start;
    for (const [order, layer] of this.stack.entries()) {
      const next = new SymbolicTensor(layer.name, layer.computeOutputShape(last.shape), "float32", null);
      calls.push({ order, layer, inputs: [last], initialState: [], attentionMask: null, flags: {}, outputs: [next] });
      last = next;
    }
    return { inputs: [start], outputs: [last], calls };
  }
  override get inputShape(): BatchShape | null {
    return this.shape;
  }
  override get outputShape(): BatchShape | null {
    return this.result;
  }

  /**
   * Appends a layer. With `inputShape` on the first layer, weights are made at once; otherwise when data is first seen.
   *
   * @example model.add(layers.lstm({ units: 32, inputShape: [null, 4] })); model.add(layers.dense({ units: 1 }));
   */
  add(layerOrModel: Layer | Model): this {
    const layer = layerOrModel instanceof Model ? layerOrModel.asLayer() : layerOrModel;
    if (!(layer instanceof Layer)) {
      throw new RondoError("option", `${this.name} is made of layers`, {
        received: typeof layer === "object" && layer !== null ? (layer as object).constructor.name : String(layer),
        expected: "layers.lstm({ … }), layers.dense({ … }), …",
      });
    }
    if (this.stack.includes(layer) || this.stack.some((other) => other.name === layer.name)) {
      throw new RondoError("option", `${this.name} already has a layer named "${layer.name}"`, {
        received: this.stack.map((other) => other.name).join(", "),
        fix: this.stack.includes(layer)
          ? "make a second layer: weights cannot be shared here"
          : "give one of them another name",
      });
    }
    layer.path = `${this.name}, layer ${this.stack.length} (${layer.name})`;
    this.stack.push(layer);
    if (this.stack.length === 1 && layer.inputShape) this.shape = [null, ...layer.inputShape];
    if (this.shape && (this.stack.length === 1 || this.result)) {
      layer.ensureBuilt(this.result ?? this.shape);
      this.result = layer.computeOutputShape(this.result ?? this.shape);
    }
    return this;
  }

  /** Makes the weights. @example model.build([null, 10, 4]); */
  override build(inputShape: BatchShape): void {
    if (this.built) {
      this.checkInput(inputShape);
      return;
    }
    if (this.stack.length === 0) {
      throw new RondoError("state", `${this.name} has no layers`, { fix: "model.add(layers.…) first" });
    }
    // Batch and time may differ from call to call; the features may not.
    const time = inputShape.length > 2 || this.stack[0] instanceof Embedding ? 1 : 0;
    const known = inputShape.map((n, axis) => (axis <= time ? null : n));
    let shape: BatchShape = inputShape;
    let general: BatchShape = known;
    for (const layer of this.stack) {
      layer.ensureBuilt(shape);
      shape = layer.computeOutputShape(shape);
      general = layer.computeOutputShape(general);
    }
    this.shape = known;
    this.result = general;
  }

  private checkInput(received: BatchShape): void {
    const expected = this.shape!;
    const fits =
      received.length === expected.length &&
      expected.every((n, i) => n === null || received[i] === null || n === received[i]);
    if (fits) return;
    const missingBatch = received.length === expected.length - 1;
    throw new RondoError("shape", `${this.name} was made for other inputs`, {
      received: formatShape(received),
      expected: formatShape(expected),
      fix: missingBatch ? "put a single example into an array of one: the first axis counts examples" : undefined,
    });
  }

  override shapesFor(inputShapes: readonly BatchShape[]): readonly BatchShape[] {
    if (inputShapes.length !== 1) throw this.wrongCount(inputShapes.length, 1);
    return [this.stack.reduce((shape, layer) => layer.computeOutputShape(shape), inputShapes[0]!)];
  }

  override forward(
    [x]: readonly Tensor[],
    { training, masks: given, observe, penalties }: ForwardOptions,
  ): ForwardResult {
    let output = x!;
    let mask: Tensor | null = given?.[0] ?? null;
    const context = penalties ? { training, penalties } : { training };
    let lookup: Lookup | null = null;
    for (const [i, layer] of this.stack.entries()) {
      // Who observes wants to see what every layer puts out.
      const rows = observe ? null : lookupBetween(layer, this.stack[i + 1], output, training);
      if (rows) {
        [mask, output, lookup] = [layer.computeMask(output, mask), rows.indices, rows];
        continue;
      }
      const given = { ...context, masks: [mask], ...(lookup ? { lookup } : {}) };
      const { outputs, masks } = layer.callWithMasks([output], given);
      lookup = null;
      if (outputs.length !== 1) {
        throw new RondoError("option", "a layer in a sequential model must have one output", {
          path: layer.describe(),
          received: `${outputs.length} outputs`,
          fix: "set returnState: false",
        });
      }
      observe?.(layer, outputs[0]!, [output]);
      [output, mask] = [outputs[0]!, masks[0]!];
    }
    return { outputs: [output], masks: [mask] };
  }

  override getConfig(): Record<string, unknown> {
    return {
      name: this.name,
      layers: this.stack.map(serializeLayer),
      ...(this.shape ? { inputShape: this.shape.slice(1) } : {}),
    };
  }
}

/**
 * A model of layers one after the other. The compiler follows the shapes through the layers: one that cannot take what the
 * layer before it gives is a type error that says so.
 *
 * @example
 * const model = sequential([layers.lstm({ units: 32, inputShape: [null, 4] }), layers.dense({ units: 1 })]);
 */
export function sequential(options?: SequentialOptions): Sequential;
export function sequential<const L extends readonly Layer[]>(
  layers: L & Chain<L>,
): Sequential<StartOf<L[0]>, ChainOutput<L>>;
export function sequential(layersOrOptions: readonly Layer[] | SequentialOptions = {}): Sequential {
  return new Sequential(
    Array.isArray(layersOrOptions) ? { layers: layersOrOptions } : (layersOrOptions as SequentialOptions),
  );
}

/** A model from `getConfig()`, with new weights. Throws RondoError "format" when it does not describe one. */
export function sequentialFromConfig(config: Record<string, unknown>): Sequential {
  const { name, layers, inputShape } = config as { name?: string; layers?: unknown; inputShape?: BatchShape };
  if (!Array.isArray(layers)) {
    throw new RondoError("format", "this is not the configuration of a sequential model", {
      received: `fields ${Object.keys(config).join(", ") || "(none)"}`,
      expected: "name and layers",
    });
  }
  const model = new Sequential({ ...(name ? { name } : {}), layers: layers.map(layerFromSpec) });
  if (inputShape) model.build([null, ...inputShape]);
  return model;
}
