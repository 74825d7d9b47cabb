import { describe, expect, test } from "vitest";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../test/support/golden.js";
import { grads } from "../autograd/index.js";
import { mul } from "../tensor/ops/arithmetic.js";
import { sum } from "../tensor/ops/reduce.js";
import { type Tensor, tensor } from "../tensor/tensor.js";
import { type ActivationName, activations, activationTable, getActivation } from "./activations.js";

interface Case {
  readonly id: string;
  readonly name: string;
  readonly options: Record<string, number | boolean>;
  readonly input: GoldenArray;
  readonly projection: GoldenArray;
  readonly output: GoldenArray;
  readonly inputGrad: GoldenArray;
}

const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const all = readGolden<{ cases: Case[] }>("activations").cases;
const cases = all.filter(({ name }) => Object.hasOwn(activationTable, camel(name)));
/** Not in Keras 3, or there under another name. */
const elsewhere: readonly ActivationName[] = ["hardSigmoidKeras2", "hardSwish", "swish"];

describe("values and gradients are Keras'", () => {
  test.each(cases.map((golden) => [golden.id, golden] as const))("%s", (_, golden) => {
    const { apply } = getActivation({ name: camel(golden.name), ...golden.options } as never);
    const x = toTensor(golden.input);
    expectClose(apply(x).dataSync(), golden.output.value, 1e-6);
    const loss = (t: Tensor) => sum(mul(apply(t), toTensor(golden.projection)));
    expectClose(grads(loss)([x])[0]!.dataSync(), golden.inputGrad.value, 1e-5);
  });

  test("every activation of the table is covered", () => {
    const covered = new Set(cases.map(({ name }) => camel(name)));
    const missing = Object.keys(activationTable).filter((name) => !covered.has(name));
    expect(missing.sort()).toEqual([...elsewhere].sort());
  });

  test("hard sigmoid of Keras 2: clip(0.2 x + 0.5, 0, 1)", () => {
    const y = getActivation("hardSigmoidKeras2").apply(tensor([-3, -1, 0, 1, 2.5, 3]));
    expectClose(y.dataSync(), [0, 0.3, 0.5, 0.7, 1, 1], 1e-6);
    expect(
      getActivation("swish")
        .apply(tensor([1.5]))
        .item(),
    ).toBe(
      getActivation("silu")
        .apply(tensor([1.5]))
        .item(),
    );
  });
});

test.each([[[0.5, 0.4, 0.3, -1]], [[1000.25, 1000, -3]], [[2, 2, 2]]])("sparsemax of %j adds up to 1", (x) => {
  const y = [...getActivation("sparsemax").apply(tensor(x)).dataSync()];
  expect(y.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  // Outputs above 0 differ as the inputs do: that and the sum make the nearest point.
  const [first = 0, ...rest] = y;
  for (const [i, v] of rest.entries()) if (v > 0) expect(first - v).toBeCloseTo(x[0]! - x[i + 1]!, 6);
});

describe("what may be given", () => {
  test("a name, a name with options, a factory's result, a function, null", () => {
    const x = tensor([-2, 3]);
    expect(getActivation("relu").apply(x).arraySync()).toEqual([0, 3]);
    expect(getActivation({ name: "leakyRelu", negativeSlope: 0.5 }).apply(x).arraySync()).toEqual([-1, 3]);
    expect(
      getActivation(activations.leakyRelu({ negativeSlope: 0.5 }))
        .apply(x)
        .arraySync(),
    ).toEqual([-1, 3]);
    expect(
      getActivation((t) => mul(t, 2))
        .apply(x)
        .arraySync(),
    ).toEqual([-4, 6]);
    expect(getActivation(null).apply(x)).toBe(x);
  });

  test("configs name what differs from the defaults", () => {
    expect(getActivation("gelu").config).toBe("gelu");
    expect(getActivation({ name: "leakyRelu", negativeSlope: 0.2 }).config).toBe("leakyRelu");
    expect(activations.gelu({ approximate: true }).config).toEqual({ name: "gelu", approximate: true });
    expect(getActivation((t) => t).config).toBeUndefined();
  });

  test("errors say what was meant", () => {
    expect(() => getActivation("sigmod" as never, "layers.dense activation")).toThrow(
      /layers\.dense activation: unknown activation "sigmod"[\s\S]*did you mean "sigmoid"/,
    );
    expect(() => getActivation({ name: "elu", alhpa: 1 } as never)).toThrow(/did you mean "alpha"/);
    expect(() => getActivation({ name: "elu", alpha: "1" } as never)).toThrow(/cannot use this alpha/);
    expect(() => getActivation({ name: "elu", alpha: Number.NaN })).toThrow(/cannot use this alpha/);
    expect(() => getActivation(3 as never)).toThrow(/this is not an activation/);
    expect(() => getActivation("glu").apply(tensor([1, 2, 3]))).toThrow(/halves an axis[\s\S]*\[3\]/);
  });
});
