import { beforeAll, describe, expect, test } from "vitest";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../../test/support/golden.js";
import { sum } from "../../tensor/ops/reduce.js";
import { square } from "../../tensor/ops/unary.js";
import { memory, tensor } from "../../tensor/tensor.js";
import { type Variable, variable } from "../../tensor/variable.js";
import { type OptimizerName, optimizerFromConfig, optimizers, resolveOptimizer } from "./index.js";
import type { Optimizer } from "./optimizer.js";

interface Described {
  className: string;
  options: Record<string, unknown>;
}
interface Golden {
  weights: GoldenArray[];
  gradients: (GoldenArray | readonly number[])[][];
  optimizers: { id: string; optimizer: Described; weightsAfterStep: number[][][] }[];
}

const golden = readGolden<Golden>("optimizers");
const cases = golden.optimizers;

function make({ className, options }: Described): Optimizer {
  const rate = options.learningRate as number | Described;
  const learningRate = typeof rate === "object" ? { className: rate.className, config: rate.options } : rate;
  return optimizerFromConfig({ className, config: { ...options, learningRate } });
}

const start = () => golden.weights.map((w, i) => variable(toTensor(w), { name: `w${i}` }));
const gradientsAt = (step: number, variables: readonly Variable[]) =>
  new Map(
    variables.map((v, i) => {
      const g = golden.gradients[step]![i]!;
      return [v, tensor(Float32Array.from("value" in g ? g.value : g), v.shape)] as const;
    }),
  );

/** `groups` and `lossScale` are made of others and have tests of their own. */
const names = Object.keys(optimizers).filter((name) => !["groups", "lossScale"].includes(name)) as OptimizerName[];

describe("ten steps are Keras'", () => {
  test("there are cases of every optimizer", () => {
    const tested = new Set(cases.map(({ optimizer }) => optimizer.className.toLowerCase()));
    expect([...tested].sort()).toEqual(names.map((name) => name.toLowerCase()).sort());
  });

  test.each(cases.map((c) => [c.id, c] as const))("%s", (_, c) => {
    const optimizer = make(c.optimizer);
    const variables = start();
    c.weightsAfterStep.forEach((expected, step) => {
      optimizer.apply(gradientsAt(step, variables));
      variables.forEach((v, i) => {
        expectClose(v.dataSync(), expected[i]!, 3e-6);
      });
    });
    const batchesPerUpdate = Number(c.optimizer.options.gradientAccumulationSteps ?? 1);
    expect(optimizer.iterations).toBe(c.weightsAfterStep.length / batchesPerUpdate);
  });
});

describe("state", () => {
  test.each(cases.filter(({ id }) => !/clip|decay/.test(id)).map((c) => [c.id, c] as const))(
    "%s goes on to the same bits",
    (_, c) => {
      const [whole, halves] = [start(), start()];
      const one = make(c.optimizer);
      for (let step = 0; step < 10; step++) one.apply(gradientsAt(step, whole));
      const first = make(c.optimizer);
      for (let step = 0; step < 5; step++) first.apply(gradientsAt(step, halves));
      const state = first.getState(halves);
      const second = make(c.optimizer);
      second.setState({ tensors: state.tensors, values: JSON.parse(JSON.stringify(state.values)) }, halves);
      for (let step = 5; step < 10; step++) second.apply(gradientsAt(step, halves));
      halves.forEach((v, i) => {
        expect(v.dataSync()).toEqual(whole[i]!.dataSync());
      });
    },
  );

  test("tensors are named after variable and slot, also when names repeat", () => {
    const [a, b] = [variable(tensor([1]), { name: "w" }), variable(tensor([2]), { name: "w" })];
    const adam = optimizers.adam();
    adam.apply(
      new Map([
        [a, tensor([1])],
        [b, tensor([2])],
      ]),
    );
    expect(Object.keys(adam.getState([a, b]).tensors)).toEqual(["w/m", "w/v", "w#2/m", "w#2/v"]);
  });

  test("a state of other shapes is refused and nothing changes", () => {
    const v = variable(tensor([1, 2]), { name: "w" });
    const adam = optimizers.adam();
    adam.apply(new Map([[v, tensor([1, 1])]]));
    const before = adam.getState([v]);
    expect(() => adam.setState({ tensors: { "w/m": tensor([1]) }, values: { iterations: 9 } }, [v])).toThrow(
      /does not fit "w"[\s\S]*\[1\][\s\S]*\[2\]/,
    );
    expect(adam.iterations).toBe(1);
    expect(adam.getState([v]).tensors["w/m"]!.dataSync()).toEqual(before.tensors["w/m"]!.dataSync());
  });

  test("one optimizer serves different lists of variables", () => {
    const [a, b] = [variable(tensor([1])), variable(tensor([1]))];
    const alone = variable(tensor([1]));
    const shared = optimizers.sgd({ momentum: 0.9 });
    const own = optimizers.sgd({ momentum: 0.9 });
    shared.apply(new Map([[a, tensor([1])]]));
    shared.apply(
      new Map([
        [b, tensor([1])],
        [a, tensor([1])],
      ]),
    );
    shared.apply(new Map([[a, tensor([1])]]));
    for (let i = 0; i < 3; i++) own.apply(new Map([[alone, tensor([1])]]));
    expect(a.item()).toBe(alone.item());
    expect(b.item()).toBeCloseTo(1 - 0.01, 7);
  });
});

describe("gradients that are not finite", () => {
  let v: Variable;
  beforeAll(() => {
    v = variable(tensor([1, 2, 3]), { name: "lstm/kernel" });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("%s is refused, nothing changes", (bad) => {
    const other = variable(tensor([5]), { name: "first" });
    const adam = optimizers.adam({ clipValue: 1 });
    const bothBad = new Map([
      [other, tensor([1])],
      [v, tensor([0, bad, 0])],
    ]);
    expect(() => adam.apply(bothBad)).toThrow(
      new RegExp(`step 1: .*"lstm/kernel" is not finite\n.*${bad} at element 1 of .*\n.*learning rate \\(now 0.001\\)`),
    );
    expect([...v.dataSync(), other.item(), adam.iterations]).toEqual([1, 2, 3, 5, 0]);
  });

  test("gradients whose squares overflow are clipped all the same", () => {
    const w = variable(tensor([0, 0]));
    optimizers.sgd({ learningRate: 1, globalClipNorm: 1 }).apply(new Map([[w, tensor([3e30, 4e30])]]));
    expectClose(w.dataSync(), [-0.6, -0.8]);
  });
});

describe("minimize", () => {
  test("goes downhill and returns the loss before the step", () => {
    const w = variable(tensor([3, -4]));
    const sgd = optimizers.sgd({ learningRate: 0.25 });
    expect(sgd.minimize(() => sum(square(w))).item()).toBe(25);
    expectClose(w.dataSync(), [1.5, -2]);
  });

  test("touches only the variables given", () => {
    const [a, b] = [variable(tensor([1])), variable(tensor([1]))];
    optimizers.sgd({ learningRate: 0.5 }).minimize(() => sum(square(a)).add(sum(square(b))), [a]);
    expect([a.item(), b.item()]).toEqual([0, 1]);
  });
});

describe("averages and accumulation", () => {
  test("finalizeVariables puts the averages in place", () => {
    const w = variable(tensor([0]));
    const sgd = optimizers.sgd({ learningRate: 1, useEma: true, emaMomentum: 0.5 });
    for (let step = 0; step < 3; step++) sgd.apply(new Map([[w, tensor([-1])]]));
    expect(w.item()).toBe(3);
    sgd.finalizeVariables([w, variable(tensor([7]))]);
    expect(w.item()).toBe(0.5 * (0.5 * 1 + 0.5 * 2) + 0.5 * 3);
  });

  test("nothing moves until enough gradients have come, also across a saved state", () => {
    const w = variable(tensor([1]));
    const make = () => optimizers.sgd({ learningRate: 1, gradientAccumulationSteps: 3 });
    const first = make();
    first.apply(new Map([[w, tensor([3])]]));
    first.apply(new Map([[w, tensor([6])]]));
    expect([w.item(), first.iterations]).toEqual([1, 0]);
    const second = make();
    second.setState(first.getState([w]), [w]);
    second.apply(new Map([[w, tensor([-3])]]));
    expect([w.item(), second.iterations]).toEqual([-1, 1]);
  });

  test("schedule-free AdamW ends with the mean of its fast iterate", () => {
    const w = variable(tensor([5]));
    const adam = optimizers.scheduleFreeAdamW({ learningRate: 1, beta2: 0, epsilon: 0 });
    // Every step of z is the rate along the sign: 4, 3, 2.
    for (let step = 0; step < 3; step++) adam.apply(new Map([[w, tensor([2])]]));
    expect(w.item()).toBeCloseTo(0.9 * 3 + 0.1 * 2, 6);
    adam.finalizeVariables([w]);
    expect(w.item()).toBeCloseTo(3, 6);
  });

  test("a schedule counts updates", () => {
    const w = variable(tensor([0]));
    const sgd = optimizers.sgd({ learningRate: (step) => 10 ** step, gradientAccumulationSteps: 2 });
    for (let batch = 0; batch < 4; batch++) sgd.apply(new Map([[w, tensor([-1])]]));
    expect(w.item()).toBe(11);
  });

  test("no optimizer leaves tensors behind", () => {
    for (const name of names) {
      const make = optimizers[name];
      const w = variable(tensor([[1, 2]]));
      const gradients = new Map([[w, tensor([[1, -1]])]]);
      const optimizer = make({ useEma: true, gradientAccumulationSteps: 2, weightDecay: 0.1 });
      const steps = () => {
        for (let i = 0; i < 4; i++) optimizer.apply(gradients);
        return memory().tensors;
      };
      const first = steps();
      expect(steps(), make.name).toBeLessThanOrEqual(first);
    }
  });

  test("impossible settings", () => {
    expect(() => optimizers.sgd({ gradientAccumulationSteps: 0 })).toThrow(/gradientAccumulationSteps/);
    expect(() => optimizers.sgd({ useEma: true, emaMomentum: 1.5 })).toThrow(
      /emaMomentum must be a number from 0 to 1/,
    );
    expect(() => optimizers.sgd({ emaOverwriteFrequency: 0.5 })).toThrow(/emaOverwriteFrequency/);
    expect(() => optimizers.adamw({ excludeFromWeightDecay: "bias" as never })).toThrow(/list of words/);
    expect(() => optimizers.adafactor({ beta2Decay: 0.8 })).toThrow(/beta2Decay must be a number from -1 to 0/);
    expect(() => optimizers.muon({ nsSteps: 0 })).toThrow(/nsSteps/);
  });
});

test("Muon steps embeddings like Adam, other matrices not", () => {
  const step = (name: string, options = {}) => {
    const w = variable(tensor([[1, 1]]), { name });
    optimizers.muon({ adamWeightDecay: 0, weightDecay: 0, ...options }).apply(new Map([[w, tensor([[4, 1]])]]));
    return w.dataSync();
  };
  // Adam's first step is the rate along the gradient's sign.
  expectClose(step("embedding/embeddings"), [0.999, 0.999], 1e-6);
  expect(step("dense/kernel")[0]).not.toBeCloseTo(step("dense/kernel")[1]!, 5);
  expect(step("embedding/embeddings", { excludeEmbeddings: false })).toEqual(step("dense/kernel"));
});

describe("options", () => {
  test("clip in one way only", () => {
    expect(() => optimizers.adam({ clipNorm: 1, clipValue: 1 })).toThrow(/only one kind of clipping/);
    expect(() => optimizers.adam({ clipNorm: -1 })).toThrow(/clipNorm must be a number above 0/);
  });

  test("wrong values and names", () => {
    expect(() => optimizers.adam({ learningRat: 1 } as never)).toThrow(/did you mean "learningRate"/);
    expect(() => optimizers.sgd({ learningRate: Number.NaN })).toThrow(/finite number of at least 0/);
    expect(() => optimizers.sgd({ momentum: 1 })).toThrow(/below 1/);
    expect(() => resolveOptimizer("adm" as never)).toThrow(/did you mean "adam"/);
    expect(() => resolveOptimizer(undefined as never)).toThrow(/needs an optimizer/);
  });

  test("a gradient of another shape", () => {
    const w = variable(tensor([1, 2]), { name: "w" });
    expect(() => optimizers.sgd().apply(new Map([[w, tensor([1])]]))).toThrow(/does not fit the variable "w"/);
  });

  test("the learning rate can be set, unless it is a schedule", () => {
    const sgd = optimizers.sgd();
    sgd.learningRate = 0.5;
    expect(sgd.learningRate).toBe(0.5);
    const scheduled = optimizers.sgd({ learningRate: (step) => 1 / (step + 1) });
    expect(scheduled.learningRate).toBe(1);
    expect(() => {
      scheduled.learningRate = 1;
    }).toThrow(/comes from a schedule/);
    expect(() => scheduled.getConfig()).toThrow(/function cannot be saved/);
  });

  test("a configuration makes an equal optimizer", () => {
    for (const { optimizer } of cases) {
      const made = make(optimizer);
      const config = JSON.parse(JSON.stringify(made.getConfig())) as Record<string, unknown>;
      expect(optimizerFromConfig({ className: made.className, config }).getConfig()).toEqual(made.getConfig());
    }
  });
});
