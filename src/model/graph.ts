import { RondoError } from "../errors.js";
import type { Layer } from "../layers/layer.js";
import type { LayerCall, SymbolicTensor } from "../layers/symbolic.js";

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
