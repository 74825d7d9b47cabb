import { beforeAll, expect, test } from "vitest";
import * as rondo from "../../index.js";
import { addTensorMethods } from "../methods.js";

const { tensor, setBackend } = rondo;
beforeAll(() => setBackend("reference"));

const NAN = Number.NaN;
const odd = () => tensor([1, NAN, Infinity, -Infinity]);
const read = (t: rondo.Tensor) => t.arraySync();

test("NaN and infinities are found", () => {
  expect(read(rondo.isNaN(odd()))).toEqual([false, true, false, false]);
  expect(read(rondo.isInf(odd()))).toEqual([false, false, true, true]);
  expect(read(rondo.isFinite(odd()))).toEqual([true, false, false, false]);
});

test("NaN is not hidden by maximum, minimum, clip, max and argMax", () => {
  expect(read(rondo.maximum([1, NAN], [NAN, 2]))).toEqual([NAN, NAN]);
  expect(read(rondo.minimum([1, NAN], [NAN, 2]))).toEqual([NAN, NAN]);
  expect(read(rondo.clip(odd(), -1, 1))).toEqual([1, NAN, 1, -1]);
  expect(read(rondo.max([1, NAN, 3]))).toBeNaN();
  expect(read(rondo.min([1, NAN, 3]))).toBeNaN();
  expect(read(rondo.argMax([1, NAN, 3, NAN]))).toBe(1);
  expect(read(rondo.relu([NAN, -1]))).toEqual([NAN, 0]);
});

test("NaN equals nothing", () => {
  expect(read(rondo.equal([NAN], [NAN]))).toEqual([false]);
  expect(read(rondo.notEqual([NAN], [NAN]))).toEqual([true]);
  expect(read(rondo.less([NAN], [1]))).toEqual([false]);
});

test("values at the edge of a function's domain", () => {
  expect(read(rondo.log([0, -1]))).toEqual([-Infinity, NAN]);
  expect(read(rondo.sqrt([0, -1]))).toEqual([0, NAN]);
  expect(read(rondo.div([1, -1, 0], 0))).toEqual([Infinity, -Infinity, NAN]);
  expect(read(rondo.exp([-Infinity, 1000]))).toEqual([0, Infinity]);
  expect(read(rondo.sigmoid([-Infinity, Infinity, -1000]))).toEqual([0, 1, 0]);
  expect(read(rondo.tanh([-Infinity, Infinity]))).toEqual([-1, 1]);
  expect(read(rondo.softplus([-1000, 1000]))).toEqual([0, 1000]);
  expect(read(rondo.cast([NAN, 1e20, -1e20], "int32"))).toEqual([0, 2147483647, -2147483648]);
});

test("softmax ignores -Infinity and survives large numbers", () => {
  expect(read(rondo.softmax([0, -Infinity, 0]))).toEqual([0.5, 0, 0.5]);
  expect(read(rondo.softmax([1e4, 1e4]))).toEqual([0.5, 0.5]);
  expect(read(rondo.logSumExp([1e4, 1e4]))).toBeCloseTo(1e4 + Math.log(2), 2);
  expect(read(rondo.logSumExp([-Infinity, -Infinity]))).toBe(-Infinity);
  expect(rondo.softmaxCrossEntropy([0], [[1e4, -1e4]]).item()).toBeCloseTo(0, 9);
});

test("sigmoidCrossEntropy keeps tiny losses, and its gradient at 0 is exact", () => {
  const loss = rondo.sigmoidCrossEntropy([1, 0], [30, -30]).dataSync();
  for (const l of loss) expect(l / Math.exp(-30)).toBeCloseTo(1, 5);
  expect(read(rondo.grad((x) => rondo.sigmoidCrossEntropy([1, 0, 0.5], x))([0, 0, 0]))).toEqual([-0.5, 0.5, 0]);
});

test("indices may be whole numbers held as float32", () => {
  expect(read(rondo.gather([10, 20, 30], tensor([2, 0])))).toEqual([30, 10]);
  expect(read(rondo.oneHot(tensor([1]), 2))).toEqual([[0, 1]]);
  expect(read(rondo.softmaxCrossEntropy(tensor([0, 1]), rondo.zeros([2, 1]).tile([1, 2])))).toEqual([
    Math.fround(Math.log(2)),
    Math.fround(Math.log(2)),
  ]);
});

test("every method is the function of its name", () => {
  const x = tensor([
    [0.25, 0.5],
    [0.75, 0.5],
  ]);
  const methods = Object.getOwnPropertyNames(rondo.Tensor.prototype);
  const functions: Record<string, unknown> = { ...rondo };
  const shared = methods.filter((name) => typeof functions[name] === "function");
  expect(shared.length).toBeGreaterThan(80);
  addTensorMethods(); // again, as two entry points would: harmless
  for (const name of ["exp", "sum", "transpose", "softmax", "flatten", "reverse", "argMax"]) {
    const method = (x as unknown as Record<string, () => rondo.Tensor>)[name]!;
    expect(read(method.call(x)), name).toEqual(read((functions[name] as (t: rondo.Tensor) => rondo.Tensor)(x)));
  }
  expect(read(x.sum(0, true))).toEqual([[1, 1]]);
  expect(read(x.matMul(x, { transposeB: true }))).toEqual(read(rondo.matMul(x, x, { transposeB: true })));
});
