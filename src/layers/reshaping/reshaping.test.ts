import { expect, test } from "vitest";
import { ones } from "../../tensor/ops/creation.js";
import { tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";
import type { Layer } from "../layer.js";

test("sizes not known yet stay open", () => {
  expect(layers.upSampling1d({ size: 3 }).computeOutputShape([null, null, 2])).toEqual([null, null, 2]);
  expect(layers.upSampling1d({ size: 3 }).computeOutputShape([null, 4, 2])).toEqual([null, 12, 2]);
  expect(layers.zeroPadding1d().computeOutputShape([null, 4, 2])).toEqual([null, 6, 2]);
  expect(layers.cropping1d().computeOutputShape([null, null, 2])).toEqual([null, null, 2]);
  expect(layers.permute({ dims: [2, 1] }).computeOutputShape([null, null, 2])).toEqual([null, 2, null]);
});

test("one number stands for both ends in the config too", () => {
  expect(layers.zeroPadding1d({ padding: 2 }).getConfig()).toMatchObject({ padding: [2, 2] });
  expect(layers.cropping1d({ cropping: [0, 1] }).getConfig()).toMatchObject({ cropping: [0, 1] });
});

test("what does not fit is refused with the layer's name", () => {
  expect(() => layers.cropping1d({ cropping: 2, name: "cut" }).apply(ones([1, 4, 1]))).toThrow(/cut[\s\S]*\[1, 4, 1\]/);
  expect(() => layers.cropping1d({ cropping: [-1, 0] })).toThrow(/\[before, after\]/);
  expect(() => layers.zeroPadding1d({ padding: 1.5 })).toThrow(/whole number/);
  expect(() => layers.permute({ dims: [0, 1] })).toThrow(/each of the numbers 1/);
  expect(() => layers.permute({ dims: [1, 1] })).toThrow(/each of the numbers 1/);
  expect(() => layers.permute({} as never)).toThrow(/layers\.permute dims/);
  expect(() => layers.permute({ dims: [1, 2], name: "swap" }).apply([[1]])).toThrow(/swap[\s\S]*3 axes/);
  expect(() => layers.upSampling1d().apply([[1]])).toThrow(/rank/);
});

test("the mask ends", () => {
  const mask = tensor([[true, false]]);
  const all: Layer[] = [
    layers.upSampling1d(),
    layers.zeroPadding1d(),
    layers.cropping1d(),
    layers.permute({ dims: [2, 1] }),
  ];
  for (const layer of all) expect(layer.computeMask(ones([1, 2, 1]), mask)).toBeNull();
});
