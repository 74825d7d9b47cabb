import { RondoError } from "../errors.js";
import type { Layer } from "../layers/layer.js";
import { type Lookup, lookupBetween } from "../layers/lookup.js";
import type { LayerCall, SymbolicTensor } from "../layers/symbolic.js";
import type { Tensor } from "../tensor/tensor.js";
import type { ForwardOptions } from "./model.js";

/** A tensor on its way from layer to layer, with its mask. */
export interface FlowingValue {
  readonly tensor: Tensor;
  readonly mask: Tensor | null;
}

/** A model as calls of layers, in order. */
export interface ModelGraph {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  readonly calls: readonly LayerCall[];
}

/**
 * Runs calls in order; what they need is taken from `values`, and what they make put there. Embeddings are not written out
 * where the layer that alone follows (`followersOf`) can do without.
 */
export function runCalls(
  calls: readonly LayerCall[],
  values: Map<SymbolicTensor, FlowingValue>,
  { training, observe, penalties }: ForwardOptions,
  followers: readonly (Layer | undefined)[] = [],
): void {
  const tensorOf = (each: SymbolicTensor) => values.get(each)!.tensor;
  const lookups = new Map<SymbolicTensor, Lookup>();
  for (const [i, { layer, inputs, initialState, attentionMask, flags, outputs }] of calls.entries()) {
    const rows = observe ? null : lookupBetween(layer, followers[i], tensorOf(inputs[0]!), training);
    if (rows) {
      const { tensor, mask } = values.get(inputs[0]!)!;
      values.set(outputs[0]!, { tensor: rows.indices, mask: layer.computeMask(tensor, mask) });
      lookups.set(outputs[0]!, rows);
      continue;
    }
    const lookup = lookups.get(inputs[0]!);
    const result = layer.callWithMasks(inputs.map(tensorOf), {
      ...(lookup ? { lookup } : {}),
      ...flags,
      training,
      ...(penalties ? { penalties } : {}),
      masks: inputs.map((each) => values.get(each)!.mask),
      ...(initialState.length > 0 ? { initialState: initialState.map(tensorOf) } : {}),
      ...(attentionMask ? { attentionMask: tensorOf(attentionMask) } : {}),
    });
    for (const [i, each] of outputs.entries()) {
      values.set(each, { tensor: result.outputs[i]!, mask: result.masks[i]! });
    }
    observe?.(layer, result.outputs[0]!, inputs.map(tensorOf));
  }
}

/**
 * The calls that lead from `inputs` to `outputs`, each after those it needs. Throws RondoError "option" when an output
 * needs something that is not among the inputs.
 */
export function callsBetween(
  name: string,
  inputs: readonly SymbolicTensor[],
  outputs: readonly SymbolicTensor[],
): readonly LayerCall[] {
  const found = new Set<LayerCall>();
  const waiting = outputs.map((tensor) => ({ tensor, needs: tensor }));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { tensor, needs } = next;
    if (inputs.includes(tensor)) continue;
    const { source } = tensor;
    if (!source) {
      throw new RondoError("option", `${name}: the output "${needs.name}" depends on an input that the model lacks`, {
        received: `inputs ${inputs.map((each) => each.name).join(", ")}`,
        expected: `"${tensor.name}" among them`,
        fix: `add it: inputs: [${[...inputs, tensor].map((each) => each.name).join(", ")}]`,
      });
    }
    if (found.has(source)) continue;
    found.add(source);
    const { attentionMask } = source;
    for (const from of [...source.inputs, ...source.initialState, ...(attentionMask ? [attentionMask] : [])]) {
      waiting.push({ tensor: from, needs });
    }
  }
  return [...found].sort((a, b) => a.order - b.order);
}

/** For each call, the layer that takes its output, if nothing else does and it takes nothing else. */
export function followersOf(
  calls: readonly LayerCall[],
  outputs: readonly SymbolicTensor[],
): readonly (Layer | undefined)[] {
  const takes = ({ inputs, initialState, attentionMask }: LayerCall) => [...inputs, ...initialState, attentionMask];
  return calls.map(({ inputs: from, outputs: made }) => {
    const output = made[0]!;
    const users = calls.filter((call) => takes(call).includes(output));
    const alone = from.length === 1 && made.length === 1 && users.length === 1 && !outputs.includes(output);
    return alone && users[0]!.inputs.length === 1 && users[0]!.inputs[0] === output ? users[0]!.layer : undefined;
  });
}

/** The names of inputs, which data are given by. Throws RondoError "option" when one comes twice. */
export function namesOf(model: string, inputs: readonly SymbolicTensor[]): string[] {
  const names = inputs.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return names;
  throw new RondoError("option", `${model} has two inputs named "${twice}"`, {
    received: names.join(", "),
    fix: "give every input a name of its own",
  });
}
