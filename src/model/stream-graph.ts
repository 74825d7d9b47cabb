import { checkOptions, RondoError } from "../errors.js";
import { maskOf } from "../layers/call-watch.js";
import type { BatchShape, CallFlags, Layer } from "../layers/layer.js";
import { type LayerCall, SymbolicTensor } from "../layers/symbolic.js";
import { formatShape } from "../tensor/shape.js";
import { asTensor, type Tensor, type TensorLike } from "../tensor/tensor.js";
import { type FlowingValue, type ModelGraph, runCalls } from "./graph.js";
import { ModelLayer } from "./model-layer.js";

/** Stands for a value between layers; symbolic tensors do. */
export type Key = object;

/** A call of a layer, for every step. */
export interface StreamCall {
  readonly layer: Layer;
  readonly inputs: readonly Key[];
  readonly initialState: readonly Key[];
  readonly attentionMask: Key | null;
  readonly flags: CallFlags;
  readonly outputs: readonly Key[];
}

/** Inputs that are known from the beginning, by name. */
export type FixedInputs = Readonly<Record<string, TensorLike>>;

/** What does not change from step to step. */
export interface FixedPart {
  /** Names of the inputs it is made of. */
  readonly names: readonly string[];
  /** Shapes, as far as they are known, of what steps read. */
  readonly shapes: ReadonlyMap<Key, BatchShape>;
  /** Runs the layers that need no step. Throws RondoError "option", "shape" or "value" for inputs that do not fit. */
  compute(given: FixedInputs): ReadonlyMap<Key, FlowingValue>;
}

/** What a stream runs: calls in order, from one input to one output. */
export interface StreamGraph {
  readonly calls: readonly StreamCall[];
  readonly input: Key;
  readonly output: Key;
  /** Of the input, batch axis first; null where it is not known. */
  readonly inputShape: BatchShape | null;
  readonly fixed: FixedPart | null;
}

/** Layers one after the other. */
export function chain(layers: readonly Layer[]): StreamGraph {
  const keys: Key[] = [{}, ...layers.map(() => ({}))];
  const calls = layers.map((layer, i) => ({
    layer,
    inputs: [keys[i]!],
    initialState: [],
    attentionMask: null,
    flags: {},
    outputs: [keys[i + 1]!],
  }));
  const shape = layers[0]?.inputShape;
  return { calls, input: keys[0]!, output: keys.at(-1)!, inputShape: shape ? [null, ...shape] : null, fixed: null };
}

/** The calls that a call stands for: those inside, where the layer is a model. */
function within(call: LayerCall): readonly LayerCall[] {
  const graph = call.layer instanceof ModelLayer ? call.layer.model.graph : null;
  // Outputs that are inputs, or come twice, are rare enough to be refused with the layer.
  if (!graph?.outputs.every((each, i, all) => all.indexOf(each) === i && !graph.inputs.includes(each))) return [call];
  // New stand-ins, for a model may be used several times.
  const outside = new Map<SymbolicTensor, SymbolicTensor>(graph.inputs.map((each, i) => [each, call.inputs[i]!]));
  for (const [i, each] of graph.outputs.entries()) outside.set(each, call.outputs[i]!);
  const find = (each: SymbolicTensor): SymbolicTensor => {
    const found = outside.get(each) ?? new SymbolicTensor(each.name, each.shape, each.dtype, null);
    outside.set(each, found);
    return found;
  };
  return graph.calls.flatMap((each) =>
    within({
      ...each,
      inputs: each.inputs.map(find),
      initialState: each.initialState.map(find),
      attentionMask: each.attentionMask && find(each.attentionMask),
      outputs: each.outputs.map(find),
    }),
  );
}

/**
 * Splits a model into what depends on the fixed inputs alone and what is run for every step. Throws RondoError "option"
 * unless all inputs but one are fixed and there is one output, which needs the steps.
 */
export function split(
  name: string,
  { inputs, outputs, calls }: ModelGraph,
  fixedNames: readonly string[],
): StreamGraph {
  const all = inputs.map((each) => each.name);
  const fixedInputs = inputs.filter((each) => fixedNames.includes(each.name));
  const [input, more] = inputs.filter((each) => !fixedNames.includes(each.name));
  checkOptions(`${name}.stream, fixed:`, Object.fromEntries(fixedNames.map((each) => [each, 0])), all);
  if (!input || more) {
    throw new RondoError("option", `${name} cannot be streamed: one input must come step by step`, {
      received: `inputs ${all.join(", ")}; fixed: ${fixedNames.join(", ") || "none"}`,
      expected: "all inputs but one to be known from the beginning",
      fix: more ? `model.stream({ fixed: { ${all.slice(0, -1).join(", ")} } })` : `leave one out of fixed`,
    });
  }
  const known = new Set<Key>(fixedInputs);
  const needs = (call: LayerCall): readonly SymbolicTensor[] => [
    ...call.inputs,
    ...call.initialState,
    ...(call.attentionMask ? [call.attentionMask] : []),
  ];
  const before: LayerCall[] = [];
  const streamed: LayerCall[] = [];
  for (const call of calls.flatMap(within)) {
    const isFixed = needs(call).every((each) => known.has(each));
    (isFixed ? before : streamed).push(call);
    if (isFixed) for (const each of call.outputs) known.add(each);
  }
  const [output, second] = outputs;
  if (second || known.has(output!)) {
    throw new RondoError("option", `${name} cannot be streamed: it needs one output that depends on the steps`, {
      received: `outputs ${outputs.map((each) => each.name).join(", ")}`,
      fix: "make a model of the part that is streamed, from the same tensors",
    });
  }
  const read = streamed.flatMap(needs).filter((each) => known.has(each));
  const fixed: FixedPart = {
    names: fixedInputs.map((each) => each.name),
    shapes: new Map(read.map((each) => [each, each.shape])),
    compute(given) {
      const values = new Map<SymbolicTensor, FlowingValue>();
      for (const each of fixedInputs) values.set(each, checked(name, each, given[each.name]));
      runCalls(before, values, { training: false });
      return values;
    },
  };
  return { calls: streamed, input, output: output!, inputShape: input.shape, fixed: known.size > 0 ? fixed : null };
}

function checked(model: string, { name, shape }: SymbolicTensor, given: TensorLike | undefined): FlowingValue {
  const path = `${model}, fixed input ${name}`;
  const tensor: Tensor | null = given === undefined || given === null ? null : asTensor(given);
  const expected: BatchShape = shape;
  const fits =
    tensor && tensor.rank === expected.length && expected.every((n, i) => n === null || n === tensor.shape[i]);
  if (!fits) {
    throw new RondoError("shape", "a stream was given a fixed input that does not fit", {
      path,
      received: tensor ? formatShape(tensor.shape) : "nothing",
      expected: formatShape(expected),
    });
  }
  const at = tensor.view().findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new RondoError("value", "a stream cannot take this fixed input", {
      path,
      received: `${tensor.view()[at]} at position ${at}`,
      expected: "finite numbers",
    });
  }
  return { tensor, mask: maskOf(tensor) };
}
