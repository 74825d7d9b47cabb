import { beforeAll, describe, expect, test } from "vitest";
import {
  cast,
  clip,
  grad,
  grads,
  log,
  matMul,
  memory,
  mul,
  noGrad,
  setBackend,
  sigmoid,
  softmax,
  square,
  stopGradient,
  sum,
  type Tensor,
  tanh,
  tensor,
  valueAndGrad,
  valueAndGrads,
  variable,
  variableGrads,
  zeros,
} from "../index.js";

beforeAll(() => setBackend("reference"));

const near = (t: Tensor, expected: number) => expect(t.item()).toBeCloseTo(expected, 5);

describe("grad", () => {
  test("is the derivative", () => {
    near(grad((x) => square(x))(3), 6);
    near(grad((x) => tanh(x))(0.5), 1 - Math.tanh(0.5) ** 2);
  });

  test("of a vector function sums, or weighs with dy", () => {
    expect(grad((x) => square(x))([1, 2, 3]).arraySync()).toEqual([2, 4, 6]);
    expect(grad((x) => square(x))([1, 2, 3], [1, 0, 10]).arraySync()).toEqual([2, 0, 60]);
    expect(() => grad((x) => square(x))([1, 2, 3], [1])).toThrow(/dy must have the shape[\s\S]*\[1\][\s\S]*\[3\]/);
  });

  test("adds up over several uses, at several depths", () => {
    // x² + x³ + x: 2x + 3x² + 1
    near(grad((x) => square(x).add(square(x).mul(x)).add(x))(2), 4 + 12 + 1);
    // The same value used by two operations of which one is an alias.
    expect(
      grad((x) =>
        x
          .mul(1)
          .reshape([2, 1])
          .add(x.mul(1).reshape([2, 1]))
          .mul(x.reshape([2, 1])),
      )([3, 4]).arraySync(),
    ).toEqual([12, 16]);
  });

  test("of derivatives: closed forms", () => {
    const t = Math.tanh(0.7);
    near(grad(grad((x) => tanh(x)))(0.7), -2 * t * (1 - t * t));
    near(grad(grad(grad((x) => tanh(x))))(0.7), (1 - t * t) * (6 * t * t - 2));
    const s = 1 / (1 + Math.exp(-0.3));
    near(grad(grad((x) => sigmoid(x)))(0.3), s * (1 - s) * (1 - 2 * s));
    near(grad(grad(grad(grad((x) => x.pow(5)))))(2), 120 * 2);
    near(grad(grad((x) => log(x)))(2), -0.25);
    // d²/dx² of softmax([x, 0])[0], which is sigmoid(x).
    const first = (x: Tensor) =>
      softmax(x.mul([1, 0]))
        .slice(0, 1)
        .sum();
    near(grad(grad(first))(0.3), s * (1 - s) * (1 - 2 * s));
  });

  test("of a quadratic form is its matrix", () => {
    const A = tensor([
      [2, 1],
      [1, 3],
    ]);
    const f = (x: Tensor) => matMul(matMul(x, A), x).mul(0.5);
    expect(grad(f)([1, -1]).arraySync()).toEqual([1, -2]);
    const row = (i: number) => grad((x) => grad(f)(x).slice(i, 1).sum())([1, -1]).arraySync();
    expect([row(0), row(1)]).toEqual([
      [2, 1],
      [1, 3],
    ]);
  });

  test("treats one tensor given twice as two arguments", () => {
    const x = tensor(3);
    const [a, b] = grads((p, q) => square(p).mul(q))([x, x]);
    near(a!, 18);
    near(b!, 9);
  });

  test("returns the value as well", () => {
    const one = valueAndGrad((x) => square(x))(3);
    expect([one.value.item(), one.grad.item()]).toEqual([9, 6]);
    const two = valueAndGrads((a, b) => mul(a, b))([2, 5]);
    expect([two.value.item(), ...two.grads.map((g) => g.item())]).toEqual([10, 5, 2]);
  });

  test("does not flow through stopGradient, noGrad and integers", () => {
    near(grad((x) => x.mul(stopGradient(x)))(3), 3);
    near(grad((x) => x.mul(noGrad(() => x.mul(1))))(3), 3);
    expect(() => grad((x) => stopGradient(x))(3)).toThrow(/does not depend on an argument/);
    expect(() => grad((x) => cast(cast(x, "int32"), "float32"))(3)).toThrow(/does not depend on an argument/);
  });

  test("at kinks", () => {
    expect(grad((x) => x.relu())([-1, 0, 1]).arraySync()).toEqual([0, 0, 1]);
    expect(grad((x) => x.abs())([-1, 0, 1]).arraySync()).toEqual([-1, 0, 1]);
    expect(grad((x) => clip(x, -1, 1))([-2, -1, 0, 1, 2]).arraySync()).toEqual([0, 1, 1, 1, 0]);
    expect(grad((x) => x.max())([1, 3, 3]).arraySync()).toEqual([0, 0.5, 0.5]);
    expect(grad((x) => x.prod())([2, 0, 3]).arraySync()).toEqual([0, 6, 0]);
    expect(grad((x) => x.prod())([2, 0, 0]).arraySync()).toEqual([0, 0, 0]);
    expect(grad((x) => x.pow(0))([0, 2]).arraySync()).toEqual([0, 0]);
    expect(grad((x) => x.pow(2))([0, -2]).arraySync()).toEqual([0, -4]);
    expect(grad((x) => x.topK(2).values)([5, 1, 4]).arraySync()).toEqual([1, 0, 1]);
  });

  test("of nothing is nothing", () => {
    expect(grad((x) => x.mul(2).sum())(zeros([0, 3])).shape).toEqual([0, 3]);
    expect(grad((x) => x.matMul(zeros([0, 2])))(zeros([3, 0])).shape).toEqual([3, 0]);
  });
});

test("no gradient, but an error", () => {
  expect(() => grad(() => tensor(1))(2)).toThrow(/does not depend on an argument[\s\S]*argument 0/);
  expect(() => grads((a) => a)([1, 2])).toThrow(/argument 1/);
  expect(() => grad((x) => x)(tensor([1], undefined, "int32"))).toThrow(/float32 tensors only[\s\S]*cast/);
  expect(() => grad((() => 3) as never)(2)).toThrow(/must return a tensor[\s\S]*number/);
  expect(() => grad((async (x: Tensor) => x) as never)(2)).toThrow(/async function/);
  expect(() => noGrad(async () => 1)).toThrow(/async function/);
  expect(() => grads((a) => a)(3 as never)).toThrow(/one array/);
});

describe("variableGrads", () => {
  test("finds the trainable variables a loss uses", () => {
    const w = variable(tensor([1, 2]), { name: "w" });
    const b = variable(tensor(0.5), { name: "b" });
    const frozen = variable(tensor([3, 3]), { name: "frozen", trainable: false });
    const unused = variable(tensor(1), { name: "unused" });
    const { value, grads: found } = variableGrads(() => sum(mul(w, frozen)).add(b.mul(2)));
    expect(value.item()).toBe(10);
    expect([...found.keys()]).toEqual([w, b]);
    expect(found.get(w)!.arraySync()).toEqual([3, 3]);
    expect(found.get(b)!.item()).toBe(2);
    expect(found.has(unused)).toBe(false);
  });

  test("differentiates the variables given only, frozen ones included", () => {
    const w = variable(tensor(2));
    const frozen = variable(tensor(3), { trainable: false });
    const { grads: found } = variableGrads(() => mul(w, frozen), [frozen]);
    expect([...found].map(([v, g]) => [v === frozen, g.item()])).toEqual([[true, 2]]);
  });

  test("gives gradients that may be changed in place", () => {
    const a = variable(tensor([1, 2]));
    const b = variable(tensor([3, 4]));
    const c = variable(tensor([[5, 6]]));
    // Every one of them is, mathematically, the same gradient.
    const { grads: found } = variableGrads(() =>
      a
        .add(b)
        .add(c.reshape([2]))
        .sum(),
    );
    for (const g of found.values()) g.storage.engine.kernels.scaleInPlace(g.offset, g.size, 10);
    expect([...found.values()].map((g) => Array.from(g.dataSync()))).toEqual([
      [10, 10],
      [10, 10],
      [10, 10],
    ]);
  });

  test("leaves nothing behind but value and gradients", () => {
    const w = variable(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    const before = memory().tensors;
    const { value, grads: found } = variableGrads(() => w.matMul(w).tanh().sum());
    expect(memory().tensors).toBe(before + 2);
    value.dispose();
    found.get(w)!.dispose();
  });

  test("explains what is wrong with the loss", () => {
    const w = variable(tensor([1, 2]), { name: "w" });
    expect(() => variableGrads(() => w.mul(2))).toThrow(/one number[\s\S]*\[2\][\s\S]*mean/);
    expect(() => variableGrads(() => tensor(1))).toThrow(/does not depend on any variable[\s\S]*no trainable/);
    expect(() => variableGrads(() => sum(stopGradient(w)), [w])).toThrow(/does not depend on any variable[\s\S]*w/);
    expect(() => variableGrads(() => undefined as never)).toThrow(/must return a tensor/);
  });

  test("names the operation that made the first NaN or infinity", () => {
    const w = variable(tensor([1, -1]), { name: "w" });
    expect(() => variableGrads(() => log(w.mul(2)).sum())).toThrow(/loss is NaN[\s\S]*first came out of log\(\[2\]\)/);
    expect(() => variableGrads(() => w.mul(1e30).mul(1e30).sum())).toThrow(/mul/);
    const bad = variable(tensor([Number.NaN]), { name: "kernel" });
    expect(() => variableGrads(() => bad.mul(2).sum())).toThrow(/already in an input of mul: variable "kernel" \[1\]/);
    const { value } = variableGrads(() => log(w).sum(), undefined, { allowNonFinite: true });
    expect(value.item()).toBeNaN();
  });
});
