import { beforeAll, expect, test } from "vitest";
import {
  clip,
  customGrad,
  grad,
  grads,
  mul,
  noGrad,
  setBackend,
  square,
  stopGradient,
  type Tensor,
  tensor,
  variable,
} from "../index.js";

beforeAll(() => setBackend("reference"));

test("uses the gradient given instead of its own", () => {
  const clipped = customGrad((x: Tensor) => ({ value: square(x), gradFunc: (dy) => clip(dy, -1, 1) }));
  expect(clipped([2]).arraySync()).toEqual([4]);
  expect(grad((x) => clipped(x).mul(5))([2]).arraySync()).toEqual([1]);
});

test("several inputs, some without a gradient", () => {
  const f = customGrad((x: Tensor, y: Tensor) => ({ value: mul(x, y), gradFunc: (dy) => [dy.mul(y), null] }));
  expect(grad((x) => f(x, tensor(4)))(3).item()).toBe(4);
  expect(() => grads((x, y) => f(x, y))([3, 4])).toThrow(/argument 1/);
});

test("higher derivatives follow from gradFunc", () => {
  const cube = customGrad((x: Tensor) => ({
    value: x.mul(x).mul(x),
    gradFunc: (dy) => dy.mul(square(x)).mul(3),
  }));
  expect(grad(grad((x) => cube(x)))(2).item()).toBeCloseTo(12, 5);
});

test("gradFunc may return a tensor the user holds, which stays as it is", () => {
  const held = tensor([7, 7]);
  const f = customGrad((x: Tensor) => ({ value: x, gradFunc: () => held }));
  const g = grad((x) => f(x).add(f(x)).add(x))([1, 2]);
  expect(g.arraySync()).toEqual([15, 15]);
  expect(held.arraySync()).toEqual([7, 7]);
});

test("explains wrong gradients", () => {
  const wrongShape = customGrad((x: Tensor) => ({ value: x, gradFunc: () => tensor([1, 2, 3]) }));
  expect(() => grad((x) => wrongShape(x))([1])).toThrow(/wrong gradient for input 0[\s\S]*\[3\][\s\S]*\[1\]/);
  const wrongCount = customGrad((x: Tensor) => ({ value: x, gradFunc: (dy) => [dy, dy] }));
  expect(() => grad((x) => wrongCount(x))([1])).toThrow(/2 gradients[\s\S]*1/);
  expect(() => customGrad((x: Tensor) => x as never)([1])).toThrow(/\{ value: Tensor, gradFunc: Function \}/);
});

test("stopGradient of a variable is a snapshot", () => {
  const w = variable(tensor([1, 2]));
  const before = stopGradient(w);
  w.assign(tensor([3, 4]));
  expect(before.arraySync()).toEqual([1, 2]);
  expect(noGrad(() => w.add(1)).arraySync()).toEqual([4, 5]);
});
