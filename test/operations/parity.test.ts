import { describe, expect, test } from "vitest";
import type { BackendName } from "../../src/backend/backend.js";
import { scope } from "../../src/index.js";
import type { OperationName } from "../../src/tensor/forward/table.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { onBackend, otherBackends } from "../support/backends.js";
import { operationCases } from "./cases.js";
import { gradients, make, secondGradients } from "./derivatives.js";
import type { OperationCase } from "./inputs.js";

const names = Object.keys(operationCases) as OperationName[];

/** Outputs, gradients and gradients of gradients of a case on a backend. */
function everything(entry: OperationCase, backend: BackendName): { what: string; values: number[] | null }[] {
  return onBackend(backend, () =>
    scope(() => {
      const inputs = entry.inputs.map(make);
      const read = (what: string) => (t: Tensor | null, i: number) => ({
        what: `${what} ${i}`,
        values: t && Array.from(t.dataSync()),
      });
      return [
        ...entry.call(inputs).map(read("output")),
        ...gradients(entry, inputs, 1).map(read("gradient")),
        ...(entry.firstOrderOnly ? [] : secondGradients(entry, inputs, 1).map(read("second gradient"))),
      ];
    }),
  );
}

const alike = (a: number, b: number, scale: number) => Object.is(a, b) || Math.abs(a - b) <= 1e-5 * scale || a === b;

describe.each(otherBackends())("%s agrees with the reference", (backend) => {
  test.each(names)("%s", (name) => {
    const problems = operationCases[name].flatMap((entry) => {
      const expected = everything(entry, "reference");
      return everything(entry, backend).flatMap(({ what, values }, i) => {
        const wanted = expected[i]!.values;
        if (!values || !wanted) return values === wanted ? [] : [`${entry.label}, ${what}: a gradient on one only`];
        const scale = Math.max(1, ...wanted.filter(Number.isFinite).map(Math.abs));
        return wanted.flatMap((w, j) =>
          alike(values[j]!, w, scale) ? [] : [`${entry.label}, ${what}[${j}]: ${values[j]} instead of ${w}`],
        );
      });
    });
    expect(problems).toEqual([]);
  });
});
