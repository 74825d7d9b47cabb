import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeAll, describe, expect, test } from "vitest";
import {
  customGrad,
  grad,
  keep,
  memory,
  randomNormal,
  scope,
  setBackend,
  setSeed,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  variable,
  variableGrads,
  zeros,
} from "../index.js";

beforeAll(() => setBackend("reference"));

describe("scope", () => {
  test("frees what was made inside, except what it returns", () => {
    const before = memory().tensors;
    let inner: Tensor | undefined;
    const result = scope(() => {
      inner = tensor([1, 2]);
      return inner.add(1);
    });
    expect(inner!.disposed).toBe(true);
    expect(result.arraySync()).toEqual([2, 3]);
    expect(memory().tensors).toBe(before + 1);
    result.dispose();
    expect(memory().tensors).toBe(before);
  });

  test("finds returned tensors in arrays, objects and maps", () => {
    const { list, map } = scope(() => ({
      list: [tensor([1]), { deep: tensor([2]) }],
      map: new Map([["a", tensor([3])]]),
    }));
    expect((list[0] as Tensor).item()).toBe(1);
    expect((list[1] as { deep: Tensor }).deep.item()).toBe(2);
    expect(map.get("a")!.item()).toBe(3);
  });

  test("nests: what an inner scope returns belongs to the outer one", () => {
    let inner: Tensor | undefined;
    scope(() => {
      inner = scope(() => tensor([1]));
      expect(inner.disposed).toBe(false);
      scope(() => inner); // returned again by a scope that did not make it
    });
    expect(inner!.disposed).toBe(true);
  });

  test("kept tensors and variables survive", () => {
    const [kept, w] = scope(() => {
      const pair = { kept: keep(tensor([1])), w: variable(zeros([2])) };
      scope(() => pair.kept);
      return [() => pair.kept, () => pair.w] as const;
    });
    expect(kept().item()).toBe(1);
    expect(w().shape).toEqual([2]);
  });

  test("frees after an error, too", () => {
    const before = memory().tensors;
    const fail = () =>
      scope(() => {
        tensor([1]).add(1);
        throw new Error("stop");
      });
    expect(fail).toThrow("stop");
    expect(memory().tensors).toBe(before);
  });

  test("refuses async functions", () => {
    expect(() => scope(async () => tensor([1]))).toThrow(/async function[\s\S]*await first/);
  });
});

describe("memory stays flat over thousands of rounds of", () => {
  function expectFlat(rounds: number, round: () => void) {
    for (let i = 0; i < 10; i++) round();
    const before = memory();
    for (let i = 0; i < rounds; i++) round();
    expect(memory()).toEqual(before);
  }

  test("operations in a scope", () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expectFlat(10_000, () => scope(() => x.matMul(x).add(1).slice([0, 1]).softmax().sum()).dispose());
  });

  test("gradients of variables", () => {
    setSeed(1);
    const x = randomNormal([3, 2]);
    const w = variable(randomNormal([2, 3]));
    expectFlat(10_000, () => {
      const { value, grads } = variableGrads(() => softmaxCrossEntropy([0, 1, 2], x.matMul(w).tanh()).mean());
      value.dispose();
      for (const g of grads.values()) g.dispose();
    });
  });

  test("second derivatives and functions with their own gradient", () => {
    const f = customGrad((x: Tensor) => ({ value: x.square(), gradFunc: (dy) => dy.mul(x).mul(2) }));
    expectFlat(2_000, () => grad(grad((x) => f(x).mul(x)))(3).dispose());
  });

  test("failing gradients", () => {
    const x = tensor([1]);
    expectFlat(2_000, () => {
      try {
        variableGrads(() => x.add(1));
      } catch {}
    });
  });
});

test("tensors that became unreachable are freed by the garbage collector", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const before = memory();
  (() => {
    for (let i = 0; i < 100; i++) tensor([i]).add(1);
    scope(() => tensor([1])); // left its scope and was then dropped
  })();
  expect(memory().tensors).toBeGreaterThanOrEqual(before.tensors + 200);
  for (let i = 0; i < 20 && memory().tensors > before.tensors; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collect();
  }
  expect(memory().tensors).toBeLessThanOrEqual(before.tensors);
  expect(memory().bytes).toBeLessThanOrEqual(before.bytes);
});

test("large unreachable tensors are freed in time, though their memory is not the garbage collector's", async () => {
  const before = memory().bytes;
  let most = 0;
  for (let i = 0; i < 400; i++) {
    zeros([2 ** 20]);
    most = Math.max(most, memory().bytes - before);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  // 1.6 GB were made. A collector that did not know would not have run at all.
  expect(most).toBeLessThan(1e9);
});
