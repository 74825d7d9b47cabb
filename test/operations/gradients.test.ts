import { expect, test } from "vitest";
import { scope, setBackend } from "../../src/index.js";
import type { OperationName } from "../../src/tensor/forward/table.js";
import { operationCases } from "./cases.js";
import { gradients, make, numericalGradients, secondGradients, weighted } from "./derivatives.js";
import type { OperationCase } from "./inputs.js";

setBackend("reference");
const TOLERANCE = 2e-3;

// The gradients of these are covered as such, those of layerNorm with its second derivatives.
const names = (Object.keys(operationCases) as OperationName[]).filter(
  (name) => !["recurrentGrad", "attentionGrad", "layerNormGrad"].includes(name),
);

const finite = ({ inputs }: OperationCase) => inputs.every(({ data }) => Array.from(data).every(Number.isFinite));

/** Where derivatives and their numerical estimates disagree. No gradient is a gradient of 0. */
function disagreements(
  { label }: OperationCase,
  found: readonly (ArrayLike<number> | null)[],
  numerical: readonly Float64Array[],
): string[] {
  return numerical.flatMap((expected, k) => {
    const scale = Math.max(1, ...expected.map(Math.abs));
    return Array.from(expected).flatMap((e, i) => {
      const got = found[k]?.[i] ?? 0;
      return Math.abs(got - e) <= TOLERANCE * scale ? [] : [`${label}, input ${k}[${i}]: ${got}, numerically ${e}`];
    });
  });
}

test.each(names)("%s: gradients agree with finite differences", (name) => {
  const problems = operationCases[name].filter(finite).flatMap((entry) =>
    scope(() => {
      const found = gradients(entry, entry.inputs.map(make), 1).map((g) => g?.dataSync() ?? null);
      const numerical = numericalGradients((inputs) => scope(() => weighted(entry.call(inputs), 1)), entry.inputs);
      return disagreements(entry, found, numerical);
    }),
  );
  expect(problems).toEqual([]);
});

test.each(names.filter((name) => name !== "recurrent" && name !== "attention"))(
  "%s: gradients of gradients agree with finite differences",
  (name) => {
    const problems = operationCases[name].filter(finite).flatMap((entry) =>
      scope(() => {
        const found = secondGradients(entry, entry.inputs.map(make), 1).map((g) => g?.dataSync() ?? null);
        const first = (inputs: Parameters<OperationCase["call"]>[0]) =>
          gradients(entry, inputs, 1).filter((g) => g !== null);
        const numerical = numericalGradients((inputs) => scope(() => weighted(first(inputs), 101)), entry.inputs);
        return disagreements(entry, found, numerical);
      }),
    );
    expect(problems).toEqual([]);
  },
);

test.each([...operationCases.recurrent, ...operationCases.attention])(
  "no second derivative, but an error: $label",
  (entry) => {
    const way = entry.label.startsWith("recurrent") ? /unroll: true/ : /flashAttention: false/;
    expect(() => scope(() => secondGradients(entry, entry.inputs.map(make), 1))).toThrow(way);
  },
);
