import type { DataParts } from "../data/examples.js";
import { checkOptions, RondoError } from "../errors.js";
import type { BatchShape, CallFlags, Layer, Weight } from "../layers/layer.js";
import { type LayerSpec, serializeLayer } from "../layers/serialize.js";
import { input, type LayerCall, SymbolicTensor } from "../layers/symbolic.js";
import { type DType, formatShape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Variable } from "../tensor/variable.js";
import { layerFromSpec } from "./from-json.js";
import { callsBetween, type FlowingValue, followersOf, type ModelGraph, namesOf, runCalls } from "./graph.js";
import { type ForwardOptions, type ForwardResult, Model, type Outputs } from "./model.js";
import type { InputsOf, OutputsOf } from "./shape-types.js";
import type { SummaryRow } from "./summary.js";

/** What `model()` makes a model of. */
export interface FunctionalOptions {
  /** What `input()` gave; several in the order data are given. */
  inputs: SymbolicTensor | readonly SymbolicTensor[];
  /** What the model returns: one tensor, or a list. */
  outputs: SymbolicTensor | readonly SymbolicTensor[];
  /** By default functional, functional_1, … in the order they are made. */
  name?: string;
}

let count = 0;

/**
 * A model of layers connected in any way without circles: several inputs and outputs, layers used several times, models
 * as layers. Every tensor carries its own mask. Made by `model()`.
 *
 * @typeParam Out what `predict` gives. @typeParam In the data it takes.
 *
 * @example const words: Functional = model({ inputs: encoded, outputs: decoded });
 */
export class Functional<Out extends Outputs = Outputs, In extends DataParts = DataParts> extends Model<Out, In> {
  readonly className = "Functional";
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  /** Whether `outputs` was a list: then results are lists too. */
  private readonly listed: boolean;
  /** @internal */ readonly calls: readonly LayerCall[];
  private readonly followers: readonly (Layer | undefined)[];
  private readonly used: readonly Layer[];
  private readonly names: { readonly inputs: readonly string[]; readonly outputs: readonly string[] };

  constructor(options: FunctionalOptions) {
    checkOptions("model", options, ["inputs", "outputs", "name"]);
    super(options.name ?? (count++ === 0 ? "functional" : `functional_${count - 1}`));
    const { inputs, outputs } = options;
    this.inputs = symbolic(this.name, "inputs", inputs);
    this.outputs = symbolic(this.name, "outputs", outputs);
    this.listed = Array.isArray(outputs);
    this.calls = callsBetween(this.name, this.inputs, this.outputs);
    this.followers = followersOf(this.calls, this.outputs);
    this.used = [...new Set(this.calls.map(({ layer }) => layer))];
    this.names = { inputs: namesOf(this.name, this.inputs), outputs: outputNames(this.outputs) };
    for (const layer of this.used) {
      const twin = this.used.find((other) => other !== layer && other.name === layer.name);
      if (twin) {
        throw new RondoError("option", `${this.name} has two layers named "${layer.name}"`, {
          received: this.used.map((each) => each.name).join(", "),
          fix: "give one of them another name; one layer that is used twice is called twice instead",
        });
      }
      layer.path = `${this.name}, layer ${layer.name}`;
    }
  }

  override get layers(): readonly Layer[] {
    return this.used;
  }
  override get graph(): ModelGraph {
    return this;
  }
  // Models inside may share layers with this one: every weight counts once.
  override get allWeights(): readonly Weight[] {
    const seen = new Set<Variable>();
    return super.allWeights.filter(({ variable }) => !seen.has(variable) && seen.add(variable));
  }
  override get weights(): readonly Variable[] {
    return [...new Set(super.weights)];
  }
  override get trainableWeights(): readonly Variable[] {
    return [...new Set(super.trainableWeights)];
  }
  override get nonTrainableWeights(): readonly Variable[] {
    return [...new Set(super.nonTrainableWeights)];
  }

  override get inputShape(): BatchShape {
    return this.inputs[0]!.shape;
  }
  override get outputShape(): BatchShape {
    return this.outputs[0]!.shape;
  }
  override get partNames(): { readonly inputs: readonly string[]; readonly outputs: readonly string[] } {
    return this.names;
  }

  /** Weights exist as soon as layers are applied; only the shape is checked. */
  override build(inputShape: BatchShape): void {
    this.check([inputShape, ...this.inputs.slice(1).map(({ shape }) => shape)]);
  }

  override prepare(inputs: readonly Tensor[]): void {
    this.check(inputs.map(({ shape }) => shape));
  }

  private check(shapes: readonly BatchShape[]): void {
    if (shapes.length !== this.inputs.length) throw this.wrongCount(shapes.length, this.inputs.length);
    for (const [i, { shape }] of this.inputs.entries()) {
      const expected: BatchShape = shape;
      const received = shapes[i]!;
      const fits =
        received.length === expected.length &&
        expected.every((n, axis) => n === null || received[axis] === null || n === received[axis]);
      if (fits) continue;
      const missingBatch = received.length === expected.length - 1;
      throw new RondoError("shape", `${this.name} was made for other inputs`, {
        path: this.inputs.length > 1 ? `input ${this.names.inputs[i]}` : undefined,
        received: formatShape(received),
        expected: formatShape(expected),
        fix: missingBatch ? "put a single example into an array of one: the first axis counts examples" : undefined,
      });
    }
  }

  protected override present(outputs: readonly Tensor[]): Out {
    return (this.listed ? [...outputs] : outputs[0]) as Out;
  }

  override forward(inputs: readonly Tensor[], options: ForwardOptions): ForwardResult {
    const values = new Map<SymbolicTensor, FlowingValue>();
    for (const [i, each] of this.inputs.entries()) {
      values.set(each, { tensor: inputs[i]!, mask: options.masks?.[i] ?? null });
    }
    runCalls(this.calls, values, options, this.followers);
    const results = this.outputs.map((each) => values.get(each)!);
    return { outputs: results.map(({ tensor }) => tensor), masks: results.map(({ mask }) => mask) };
  }

  override shapesFor(inputShapes: readonly BatchShape[]): readonly BatchShape[] {
    this.check(inputShapes);
    const shapes = new Map<SymbolicTensor, BatchShape>();
    for (const [i, each] of this.inputs.entries()) shapes.set(each, inputShapes[i]!);
    for (const { layer, inputs, flags, outputs } of this.calls) {
      const made = layer.computeOutputShapesMany(
        inputs.map((each) => shapes.get(each)!),
        flags,
      );
      for (const [i, each] of outputs.entries()) shapes.set(each, made[i]!);
    }
    return this.outputs.map((each) => shapes.get(each)!);
  }

  override summaryRows(): SummaryRow[] {
    const seen = new Set<Layer>();
    const inputs = this.inputs.map((each, i): SummaryRow => {
      const name = this.names.inputs[i]!;
      return { name, type: "Input", outputShape: each.shape, params: 0, trainable: true, connectedTo: [] };
    });
    const calls = this.calls.map(({ layer, inputs, initialState, attentionMask, outputs }): SummaryRow => {
      const again = seen.has(layer);
      seen.add(layer);
      return {
        name: layer.name,
        type: layer.className,
        outputShape: outputs[0]!.shape,
        // A layer that is called again brings no new weights.
        params: again ? 0 : layer.countParams(),
        trainable: layer.trainable,
        connectedTo: [...inputs, ...initialState, ...(attentionMask ? [attentionMask] : [])].map(({ name }) => name),
      };
    });
    return [...inputs, ...calls];
  }

  override getConfig(): Record<string, unknown> {
    const places = new Map<SymbolicTensor, Place>(this.inputs.map((each, i) => [each, [-1, i]]));
    for (const [k, { outputs }] of this.calls.entries())
      for (const [i, each] of outputs.entries()) places.set(each, [k, i]);
    const place = (each: SymbolicTensor) => places.get(each)!;
    return {
      name: this.name,
      inputs: this.inputs.map(({ shape, dtype }, i) => ({ name: this.names.inputs[i], shape: shape.slice(1), dtype })),
      layers: this.used.map(serializeLayer),
      calls: this.calls.map(({ layer, inputs, initialState, attentionMask, flags }) => ({
        layer: this.used.indexOf(layer),
        inputs: inputs.map(place),
        ...(initialState.length > 0 ? { initialState: initialState.map(place) } : {}),
        ...(attentionMask ? { attentionMask: place(attentionMask) } : {}),
        ...flags,
      })),
      outputs: this.listed ? this.outputs.map(place) : place(this.outputs[0]!),
    };
  }
}

/** Which tensor: of the inputs (-1) or of a call, and which of those. */
type Place = readonly [call: number, index: number];

interface SavedCall extends CallFlags {
  readonly layer: number;
  readonly inputs: readonly Place[];
  readonly initialState?: readonly Place[];
  readonly attentionMask?: Place;
}

interface SavedGraph {
  readonly name?: string;
  readonly inputs: readonly { readonly name: string; readonly shape: BatchShape; readonly dtype: DType }[];
  readonly layers: readonly LayerSpec[];
  readonly calls: readonly SavedCall[];
  readonly outputs: Place | readonly Place[];
}

function symbolic(name: string, what: string, given: FunctionalOptions["inputs"]): readonly SymbolicTensor[] {
  const list: readonly unknown[] = given instanceof SymbolicTensor ? [given] : Array.isArray(given) ? given : [];
  const wrong = list.find((each) => !(each instanceof SymbolicTensor));
  if (list.length > 0 && wrong === undefined) return list as readonly SymbolicTensor[];
  throw new RondoError("option", `${name} needs symbolic tensors as ${what}`, {
    received: Array.isArray(given) && list.length === 0 ? "an empty list" : String(wrong ?? given),
    expected: what === "inputs" ? "what input({ shape }) returns" : "what layer.apply(…) returned for an input",
  });
}

/** Named after the layers that make them; several of one layer are numbered. */
function outputNames(outputs: readonly SymbolicTensor[]): string[] {
  const names: string[] = [];
  for (const each of outputs) {
    const base = each.source?.layer.name ?? each.name;
    let name = base;
    for (let n = 1; names.includes(name); n++) name = `${base}_${n}`;
    names.push(name);
  }
  return names;
}

/**
 * A model from symbolic tensors: what lies between `inputs` and `outputs`.
 *
 * @example
 * const x = input({ shape: [null, 4] });
 * const [sequence, h] = layers.gru({ units: 8, returnSequences: true, returnState: true }).apply(x);
 * const both = model({ inputs: x, outputs: [layers.dense({ units: 1 }).apply(sequence), h] });
 */
export function model<const I extends FunctionalOptions["inputs"], const O extends FunctionalOptions["outputs"]>(
  options: FunctionalOptions & { inputs: I; outputs: O },
): Functional<OutputsOf<O>, InputsOf<I>> {
  return new Functional(options);
}

/** A model from `getConfig()`, with new weights. Throws RondoError "format" when it does not describe one. */
export function functionalFromConfig(config: Record<string, unknown>): Functional {
  const saved = config as unknown as SavedGraph;
  const lists = [saved.inputs, saved.layers, saved.calls, saved.outputs];
  const bad = (received: string) =>
    new RondoError("format", "this is not the configuration of a functional model", {
      received,
      expected: "name, inputs, layers, calls and outputs that fit each other",
    });
  if (!lists.every(Array.isArray)) throw bad(`fields ${Object.keys(config).join(", ") || "(none)"}`);
  const inputs = saved.inputs.map(({ name, shape, dtype }) => input({ name, shape, dtype }));
  const layers = saved.layers.map(layerFromSpec);
  const made: (readonly SymbolicTensor[])[] = [];
  const find = (place: Place): SymbolicTensor => {
    const found = place?.[0] === -1 ? inputs[place[1]] : made[place?.[0]]?.[place[1]];
    if (found) return found;
    throw bad(`a tensor at ${JSON.stringify(place)}, which nothing makes`);
  };
  for (const { layer, inputs: from, initialState, attentionMask, ...flags } of saved.calls) {
    if (!layers[layer]) throw bad(`a call of layer ${layer} of ${layers.length}`);
    const output = layers[layer].apply(from.map(find), {
      ...(initialState ? { initialState: initialState.map(find) } : {}),
      ...(attentionMask ? { attentionMask: find(attentionMask) } : {}),
      ...flags,
    });
    made.push([...output]);
  }
  const listed = Array.isArray(saved.outputs[0]);
  const outputs = listed ? (saved.outputs as readonly Place[]).map(find) : find(saved.outputs as Place);
  return new Functional({ inputs, outputs, ...(saved.name ? { name: saved.name } : {}) });
}
