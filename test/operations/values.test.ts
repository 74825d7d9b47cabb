import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { scope, setBackend } from "../../src/index.js";
import * as module from "../../src/tensor/ops/index.js";
import type { DType } from "../../src/tensor/shape.js";
import { Tensor, tensor } from "../../src/tensor/tensor.js";

const operations: Readonly<Record<string, unknown>> = { ...module };

interface TensorForm {
  shape: number[];
  dtype: DType;
  value: number[];
}
interface Call {
  id: string;
  name: string;
  arguments: ({ tensor: TensorForm } | { tensors: TensorForm[] } | { value: unknown })[];
  results: TensorForm[];
}

setBackend("reference");
const golden = new URL("../golden/operations.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(golden, "utf8")) as { cases: Call[] };

const make = ({ value, shape, dtype }: TensorForm) => tensor(value, shape, dtype);
const read = (t: Tensor): TensorForm => ({ shape: [...t.shape], dtype: t.dtype, value: Array.from(t.dataSync()) });

/** The tensors of a result, which is one, an array, or an object such as { values, indices }. */
function tensorsOf(result: unknown): Tensor[] {
  return result instanceof Tensor ? [result] : (Object.values(result as object) as Tensor[]);
}

function perform(call: Call): TensorForm[] {
  const given = call.arguments.map((argument) => {
    if ("tensor" in argument) return make(argument.tensor);
    if ("tensors" in argument) return argument.tensors.map(make);
    return argument.value;
  });
  return tensorsOf((operations[call.name] as (...args: unknown[]) => unknown)(...given)).map(read);
}

/** Results are float32, computed in double precision: they are right to the last places of the largest element. */
function differences({ id, results }: Call, found: TensorForm[]): string[] {
  return results.flatMap((expected, k) => {
    const got = found[k];
    const form = (t?: TensorForm) => `${t?.dtype} [${t?.shape}]`;
    if (form(got) !== form(expected)) return [`${id}: ${form(got)} instead of ${form(expected)}`];
    const tolerance = expected.dtype === "float32" ? 3e-7 * Math.max(1, ...expected.value.map(Math.abs)) : 0;
    return expected.value.flatMap((e, i) =>
      Math.abs(got!.value[i]! - e) <= tolerance ? [] : [`${id} [${i}]: ${got!.value[i]} instead of ${e}`],
    );
  });
}

test.each([...new Set(cases.map((c) => c.name))])("%s gives what NumPy and PyTorch give", (name) => {
  const problems = cases
    .filter((c) => c.name === name)
    .flatMap((call) => {
      const found = scope(() => perform(call));
      return found.length === call.results.length ? differences(call, found) : [`${call.id}: ${found.length} results`];
    });
  expect(problems).toEqual([]);
});

test("every operation has golden values", () => {
  // Covered elsewhere: random numbers, recurrences and attention have tests of their own; the last two are not operations.
  const elsewhere = [
    "bernoulli",
    "categorical",
    "dropout",
    "dropoutMask",
    "permutation",
    "randomInt",
    "randomNormal",
    "randomUniform",
    "truncatedNormal",
    "gruSequence",
    "lstmSequence",
    "simpleRnnSequence",
    "dotProductAttention",
    "isTensor",
    "tensor",
  ];
  const covered = new Set<string>(cases.map((c) => c.name));
  expect(
    Object.keys(operations)
      .filter((name) => !covered.has(name))
      .sort(),
  ).toEqual(elsewhere.sort());
});
