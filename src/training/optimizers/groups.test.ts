import { expect, test } from "vitest";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { type Variable, variable } from "../../tensor/variable.js";
import { optimizerFromConfig, optimizers, resolveOptimizer } from "./index.js";

const make = () =>
  optimizers.groups({
    groups: [{ match: ["embedding"], optimizer: optimizers.sgd({ learningRate: 0.5, momentum: 0.9 }) }],
    rest: optimizers.adam({ learningRate: 0.1 }),
  });
const variables = (): [Variable, Variable] => [
  variable(tensor([1, 2]), { name: "embedding/embeddings" }),
  variable(tensor([3]), { name: "dense/kernel" }),
];
const gradients = (step: number): Tensor[] => [tensor([0.1 * step, 0.2]), tensor([0.3 * step])];

test("each variable is stepped by its own optimizer, as if alone", () => {
  const [together, apart] = [variables(), variables()];
  const groups = make();
  const [sgd, adam] = [optimizers.sgd({ learningRate: 0.5, momentum: 0.9 }), optimizers.adam({ learningRate: 0.1 })];
  for (let step = 1; step <= 4; step++) {
    const [a, b] = gradients(step) as [Tensor, Tensor];
    groups.apply([a, b], together);
    sgd.apply([a], [apart[0]]);
    adam.apply([b], [apart[1]]);
  }
  expect(together.map((v) => v.dataSync())).toEqual(apart.map((v) => v.dataSync()));
  expect(groups.iterations).toBe(4);
});

test("state and configuration go on to the same bits", () => {
  const whole = variables();
  const one = make();
  for (let step = 1; step <= 6; step++) one.apply(gradients(step), whole);
  const halves = variables();
  const first = make();
  for (let step = 1; step <= 3; step++) first.apply(gradients(step), halves);
  const config = JSON.parse(JSON.stringify(first.getConfig())) as Record<string, unknown>;
  const second = optimizerFromConfig({ className: first.className, config });
  expect(second.getConfig()).toEqual(first.getConfig());
  second.setState(first.getState(halves), halves);
  for (let step = 4; step <= 6; step++) second.apply(gradients(step), halves);
  expect(halves.map((v) => v.dataSync())).toEqual(whole.map((v) => v.dataSync()));
});

test("the learning rate is that of the rest", () => {
  const groups = make();
  expect(groups.learningRate).toBe(0.1);
  groups.learningRate = 0.2;
  const [embedding, dense] = variables();
  groups.apply([tensor([1, 1]), tensor([1])], [embedding, dense]);
  expect(embedding.dataSync()[0]).toBe(0.5);
  expect(dense.item()).toBeCloseTo(2.8, 5);
});

test("nothing moves when one gradient is not finite; mistakes", () => {
  const [embedding, dense] = variables();
  expect(() => make().apply([tensor([1, 1]), tensor([Number.NaN])], [embedding, dense])).toThrow(/not finite/);
  expect([...embedding.dataSync()]).toEqual([1, 2]);
  expect(() => make().apply([tensor([1, 1])], [embedding, dense])).toThrow(
    /a gradient for every variable[\s\S]*1 for 2/,
  );
  const adam = optimizers.adam();
  expect(() => optimizers.groups({ groups: [{ match: ["a"], optimizer: adam }], rest: adam })).toThrow(/every group/);
  expect(() => resolveOptimizer("groups" as never)).toThrow(/made of others/);
});
