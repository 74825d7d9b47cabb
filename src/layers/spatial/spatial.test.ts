import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/golden.js";
import { sequential } from "../../model/sequential.js";
import { ones } from "../../tensor/ops/creation.js";
import { randomNormal } from "../../tensor/ops/random.js";
import type { Tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";

const numbers = (t: unknown) => [...(t as Tensor).dataSync()];

test("options for both axes are one number or two", () => {
  expect(layers.conv2d({ filters: 1, kernelSize: 3 }).getConfig()).toMatchObject({
    kernelSize: [3, 3],
    strides: [1, 1],
    dataFormat: "channelsLast",
  });
  expect(layers.conv1d({ filters: 1, kernelSize: 3 }).getConfig()).toMatchObject({ kernelSize: 3, strides: 1 });
  expect(layers.zeroPadding2d({ padding: [1, 2] }).getConfig()).toMatchObject({
    padding: [
      [1, 1],
      [2, 2],
    ],
  });
  expect(layers.averagePooling2d().getConfig()).toMatchObject({ poolSize: [2, 2], strides: null });
  expect(() => layers.conv2d({ filters: 1, kernelSize: [3] as never })).toThrow(/or 2 of them/);
  expect(() => layers.conv2d({ filters: 1, kernelSize: 2, padding: "causal" as never })).toThrow(/"valid", "same"/);
  expect(() => layers.cropping2d({ cropping: [1, -1] })).toThrow(/for each axis/);
  expect(() => layers.conv1dTranspose({ filters: 1, kernelSize: 2, strides: 2, outputPadding: 2 })).toThrow(/below/);
  expect(() => layers.conv2dTranspose({ filters: 1, kernelSize: 2, padding: "causal" as never })).toThrow(/"same"/);
});

test("inputs that do not fit are refused", () => {
  expect(() => layers.conv2d({ filters: 1, kernelSize: 2 }).apply(ones([1, 4, 2]))).toThrow(/rank[\s\S]*channels\]/);
  expect(() => layers.maxPooling1d().apply(ones([1, 4, 2, 2]))).toThrow(/timeDistributed/);
  const small = layers.conv2d({ filters: 1, kernelSize: [2, 5], name: "wide" });
  expect(() => small.apply(ones([1, 4, 4, 1]))).toThrow(/wide[\s\S]*4 steps on axis 2[\s\S]*at least 5/);
  const both = layers.conv2d({ filters: 1, kernelSize: 2, strides: 2, dilationRate: [1, 2] });
  expect(() => both.apply(ones([1, 9, 9, 1]))).toThrow(/cannot both be above 1/);
  const first = layers.maxPooling2d({ dataFormat: "channelsFirst" });
  expect(() => first.apply(ones([1, 2]))).toThrow(/\[batch, channels, height, width\]/);
});

test("sizes not known yet stay open", () => {
  const shape = [null, null, 6, 3];
  expect(layers.conv2d({ filters: 5, kernelSize: 3 }).computeOutputShape(shape)).toEqual([null, null, 4, 5]);
  expect(layers.conv2dTranspose({ filters: 5, kernelSize: 3, strides: 2 }).computeOutputShape(shape)).toEqual([
    null,
    null,
    13,
    5,
  ]);
  expect(layers.upSampling2d().computeOutputShape([null, 2, null, 3])).toEqual([null, 4, null, 3]);
});

test("a transposed convolution is the gradient of a convolution", () => {
  // sum(conv(x) · y) = sum(x · transposed(y)) for every x and y, with the same kernel.
  const conv = layers.conv2d({ filters: 3, kernelSize: [3, 2], strides: [2, 1], useBias: false });
  const x = randomNormal([1, 7, 5, 2], 0, 1, 1);
  const forward = conv.apply(x) as Tensor;
  const y = randomNormal(forward.shape, 0, 1, 2);
  const back = layers.conv2dTranspose({ filters: 2, kernelSize: [3, 2], strides: [2, 1], useBias: false });
  back.ensureBuilt(y.shape);
  back.kernel.assign(conv.kernel);
  const inner = (a: Tensor, b: Tensor) => numbers(a).reduce((sum, v, i) => sum + v * b.dataSync()[i]!, 0);
  expectClose([inner(back.apply(y) as Tensor, x)], [inner(forward, y)], 1e-5);
});

test("learns to tell horizontal from vertical bars", async () => {
  const images = Array.from({ length: 16 }, (_, i) =>
    Array.from({ length: 6 }, (_, row) =>
      Array.from({ length: 6 }, (_, column) => [Number((i % 2 === 0 ? row : column) === (i >> 1) % 6)]),
    ),
  );
  const model = sequential([
    layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu", inputShape: [6, 6, 1] }),
    layers.maxPooling2d(),
    layers.globalAveragePooling2d(),
    layers.dense({ units: 1, activation: "sigmoid" }),
  ]);
  model.compile({ optimizer: "adam", loss: "binaryCrossentropy", metrics: ["accuracy"], learningRate: 0.05 });
  const labels = images.map((_, i) => [i % 2]);
  const { history } = await model.fit(images, labels, { epochs: 40, verbose: 0 });
  expect((history["loss"] as number[]).at(-1)!).toBeLessThan(0.3);
});
