import { describe, expect, test } from "vitest";
import { sequential } from "../../model/sequential.js";
import { ones } from "../../tensor/ops/creation.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";
import type { Layer } from "../layer.js";

const numbers = (t: unknown) => [...(t as Tensor).dataSync()];
const x = tensor([[[1], [-2], [3], [-4], [-5]]]);

describe("windows", () => {
  test("same padding adds nothing to a maximum or a mean", () => {
    expect(numbers(layers.maxPooling1d({ padding: "same" }).apply(x))).toEqual([1, 3, -5]);
    expect(numbers(layers.averagePooling1d({ padding: "same" }).apply(x))).toEqual([-0.5, -0.5, -5]);
  });

  test("strides default to the pool size", () => {
    expect(numbers(layers.maxPooling1d({ poolSize: 3 }).apply(x))).toEqual([3]);
    expect(numbers(layers.maxPooling1d({ poolSize: 3, strides: 1 }).apply(x))).toEqual([3, 3, 3]);
  });

  test("an input that is too short and wrong options are refused", () => {
    expect(() => layers.maxPooling1d({ poolSize: 6 }).apply(x)).toThrow(/5 steps[\s\S]*at least 6/);
    expect(() => layers.averagePooling1d({ padding: "causal" as never })).toThrow(/"valid", "same"/);
    expect(() => layers.maxPooling1d().apply([[1, 2]])).toThrow(/rank/);
    expect(() => layers.maxPooling1d({ pool: 2 } as never)).toThrow(/no option "pool"/);
  });
});

describe("all of time", () => {
  test("a mean leaves masked steps out, whatever they hold", () => {
    const layer = layers.globalAveragePooling1d();
    const broken = tensor([[[1], [Number.NaN], [3]]]);
    expect(numbers(layer.apply(broken, { mask: [[1, 0, 1]] }))).toEqual([2]);
    expect(numbers(layer.apply(broken, { mask: [[0, 0, 0]] }))).toEqual([0]);
  });

  test("in a model the mask of an embedding reaches it", () => {
    const embedding = layers.embedding({ inputDim: 4, outputDim: 2, maskZero: true });
    const model = sequential([embedding, layers.layerNormalization(), layers.globalAveragePooling1d()]);
    const alone = numbers(model.predict([[1, 2]]));
    const padded = numbers(model.predict([[1, 2, 0, 0]]));
    for (const [i, v] of alone.entries()) expect(padded[i]).toBeCloseTo(v, 6);
  });

  test("the mask ends", () => {
    const mask = tensor([[true, false]]);
    const all: Layer[] = [layers.globalAveragePooling1d(), layers.globalMaxPooling1d(), layers.maxPooling1d()];
    for (const layer of all) {
      expect(layer.computeMask(ones([1, 2, 1]), mask)).toBeNull();
    }
  });
});
