import { describe, expect, test } from "vitest";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../test/support/golden.js";
import { grads } from "../autograd/index.js";
import { ones } from "../tensor/ops/creation.js";
import { sum } from "../tensor/ops/reduce.js";
import { getRegularizer, regularizers, regularizerTable } from "./regularizers.js";

interface Case {
  readonly id: string;
  readonly regularizer: { readonly className: string; readonly options: Record<string, number | string> };
  readonly weight: GoldenArray;
  readonly value: number;
  readonly grad: GoldenArray;
}

const names: Record<string, keyof typeof regularizerTable> = {
  L1: "l1",
  L2: "l2",
  L1L2: "l1l2",
  OrthogonalRegularizer: "orthogonal",
};
const cases = readGolden<{ cases?: Case[]; regularizers?: Case[] }>("regularizers");
const list = cases.cases ?? cases.regularizers!;

test.each(list.map((golden) => [golden.id, golden] as const))("%s agrees with Keras", (_, golden) => {
  const { className, options } = golden.regularizer;
  const { apply } = getRegularizer({ name: names[className]!, ...options } as never)!;
  const w = toTensor(golden.weight);
  const value = apply(w);
  expect(value.shape).toEqual([]);
  expectClose(value.dataSync(), [golden.value], 1e-6);
  expectClose(grads(apply)([w])[0]!.dataSync(), golden.grad.value, 1e-5);
});

test("every regularizer of the table is covered", () => {
  const covered = new Set(list.map(({ regularizer }) => names[regularizer.className]));
  expect([...covered].sort()).toEqual(Object.keys(regularizerTable).sort());
});

describe("what may be given", () => {
  test("functions and factories", () => {
    expect(
      getRegularizer((w) => sum(w))!
        .apply(ones([3]))
        .item(),
    ).toBe(3);
    expect(
      regularizers
        .l2({ l2: 0.5 })
        .apply(ones([4]))
        .item(),
    ).toBe(2);
    expect(regularizers.l1l2({ l1: 0.5 }).config).toEqual({ name: "l1l2", l1: 0.5 });
    expect(getRegularizer(null)).toBeNull();
  });

  test("errors", () => {
    expect(() => regularizers.orthogonal({ mode: "row" })).toThrow(/"rows" or "columns"/);
    expect(() => regularizers.orthogonal().apply(ones([3]))).toThrow(/needs a matrix/);
    expect(() => getRegularizer("L2" as never)).toThrow(/did you mean "l2"/);
  });
});
