import { describe, expect, test } from "vitest";
import { ones } from "../../tensor/ops/creation.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";

const numbers = (t: unknown) => [...(t as Tensor).dataSync()];

describe("softmax", () => {
  test("runs along the last axis by default", () => {
    const rows = (
      layers.softmax().apply([
        [
          [0, 0],
          [1, 1],
          [2, 2],
        ],
      ]) as Tensor
    ).arraySync();
    expect(rows).toEqual([
      [
        [0.5, 0.5],
        [0.5, 0.5],
        [0.5, 0.5],
      ],
    ]);
  });

  test("over time it leaves masked steps out; over features the mask does not matter", () => {
    const x = tensor([[[1], [1], [9]]]);
    const mask = [[1, 1, 0]];
    expect(numbers(layers.softmax({ axis: 1 }).apply(x, { mask }))).toEqual([0.5, 0.5, 0]);
    expect(numbers(layers.softmax({ axis: 1 }).apply(x, { mask: [[0, 0, 0]] }))).toEqual([0, 0, 0]);
    expect(numbers(layers.softmax().apply(x, { mask }))).toEqual([1, 1, 1]);
  });
});

describe("prelu", () => {
  test("has a slope for every position, or shares them along axes", () => {
    const own = layers.prelu({ alphaInitializer: { name: "constant", value: 0.25 } });
    expect(numbers(own.apply([[[-4, 4]]]))).toEqual([-1, 4]);
    expect(own.alpha.shape).toEqual([1, 2]);
    const shared = layers.prelu({ sharedAxes: [1] });
    shared.ensureBuilt([null, null, 2]);
    expect(shared.alpha.shape).toEqual([1, 2]);
  });

  test("unknown sizes and axes that do not exist are refused", () => {
    expect(() => layers.prelu().build([null, null, 2])).toThrow(/sharedAxes: \[1\]/);
    expect(() => layers.prelu({ sharedAxes: [3] }).apply(ones([1, 2, 2]))).toThrow(/shared axes that exist/);
    expect(() => layers.prelu({ sharedAxes: [0] })).toThrow(/sharedAxes/);
  });
});

test("the layers' defaults are Keras', also where they differ from the functions'", () => {
  expect(layers.leakyReLU().getConfig()).toMatchObject({ negativeSlope: 0.3 });
  expect(layers.elu().getConfig()).toMatchObject({ alpha: 1 });
  expect(layers.reLU().getConfig()).toMatchObject({ maxValue: null, negativeSlope: 0, threshold: 0 });
  expect(layers.softmax().getConfig()).toMatchObject({ axis: -1 });
});

test("options are checked and the mask passes", () => {
  expect(() => layers.reLU({ threshold: -1 })).toThrow(/at least 0/);
  expect(() => layers.leakyReLU({ alpha: 0.1 } as never)).toThrow(/no option "alpha"/);
  const mask = tensor([[true, false]]);
  for (const layer of [layers.reLU(), layers.leakyReLU(), layers.elu(), layers.prelu(), layers.softmax()]) {
    expect(layer.computeMask(ones([1, 2, 3]), mask)).toBe(mask);
  }
});
