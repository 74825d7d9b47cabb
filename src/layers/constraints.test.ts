import { expect, test } from "vitest";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../test/support/golden.js";
import { mul } from "../tensor/ops/arithmetic.js";
import { tensor } from "../tensor/tensor.js";
import { constraints, constraintTable, getConstraint } from "./constraints.js";

interface Case {
  readonly id: string;
  readonly constraint: { readonly className: string; readonly options: Record<string, number | number[]> };
  readonly weight: GoldenArray;
  readonly output: GoldenArray;
}

const content = readGolden<{ cases?: Case[]; constraints?: Case[] }>("constraints");
const cases = content.cases ?? content.constraints!;
const lower = (name: string) => name[0]!.toLowerCase() + name.slice(1);

test.each(cases.map((golden) => [golden.id, golden] as const))("%s agrees with Keras", (_, golden) => {
  const { className, options } = golden.constraint;
  const result = getConstraint({ name: lower(className), ...options } as never)!.apply(toTensor(golden.weight));
  expect(result.shape).toEqual(golden.output.shape);
  expectClose(result.dataSync(), golden.output.value, 1e-6);
});

test("every constraint of the table is covered", () => {
  const covered = new Set(cases.map(({ constraint }) => lower(constraint.className)));
  expect([...covered].sort()).toEqual(Object.keys(constraintTable).sort());
});

test("functions, factories and errors", () => {
  expect(
    getConstraint((w) => mul(w, 2))!
      .apply(tensor([1]))
      .item(),
  ).toBe(2);
  expect(constraints.maxNorm({ axis: [0, 1] }).config).toEqual({ name: "maxNorm", axis: [0, 1] });
  expect(getConstraint(null)).toBeNull();
  expect(() => constraints.maxNorm({ axis: "0" as never })).toThrow(/cannot use this axis/);
  expect(() => getConstraint("maxnorm" as never)).toThrow(/did you mean "maxNorm"/);
});
