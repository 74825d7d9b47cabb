import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/golden.js";
import { sequential } from "../../model/sequential.js";
import { ones } from "../../tensor/ops/creation.js";
import { randomNormal } from "../../tensor/ops/random.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";
import type { Layer } from "../layer.js";

const numbers = (t: unknown) => [...(t as Tensor).dataSync()];

describe("conv1d", () => {
  test("is a correlation with the kernel, not a convolution in the mathematical sense", () => {
    const layer = layers.conv1d({ filters: 1, kernelSize: 2, useBias: false });
    layer.ensureBuilt([1, 3, 1]);
    layer.kernel.assign(tensor([[[10]], [[1]]]));
    expect(numbers(layer.apply([[[1], [2], [3]]]))).toEqual([12, 23]);
  });

  test("strides and dilation together, an input that is too short, and groups that do not fit are refused", () => {
    expect(() =>
      layers.conv1d({ filters: 1, kernelSize: 2, strides: 2, dilationRate: 2 }).apply(ones([1, 9, 1])),
    ).toThrow(/strides: 2, dilationRate: 2/);
    const short = layers.conv1d({ filters: 1, kernelSize: 3, dilationRate: 2, name: "wide" });
    expect(() => short.apply(ones([1, 4, 1]))).toThrow(/wide[\s\S]*4 steps[\s\S]*at least 5/);
    expect(() => short.computeOutputShape([null, 4, 1])).toThrow(/shorter than one window/);
    expect(() => layers.conv1d({ filters: 3, kernelSize: 1, groups: 2 }).apply(ones([1, 2, 2]))).toThrow(/2 groups/);
    expect(() => layers.conv1d({ filters: 3, kernelSize: 1 }).apply(ones([1, 2]))).toThrow(/rank/);
    expect(() => layers.conv1d({ filters: 3, kernelSize: 1, padding: "full" as never })).toThrow(/"causal"/);
    const built = layers.conv1d({ filters: 3, kernelSize: 1 });
    built.apply(ones([1, 2, 2]));
    expect(() => built.apply(ones([1, 2, 3]))).toThrow(/another size/);
  });

  test("learns: a moving average from examples", async () => {
    const x = randomNormal([32, 12, 1], 0, 1, 5);
    const target = layers.averagePooling1d({ poolSize: 3, strides: 1 }).apply(x) as Tensor;
    const layer = layers.conv1d({ filters: 1, kernelSize: 3, inputShape: [null, 1] });
    const model = sequential([layer]);
    model.compile({ optimizer: "adam", loss: "meanSquaredError", learningRate: 0.05 });
    await model.fit(x, target, { epochs: 120, verbose: 0 });
    expectClose(numbers(layer.kernel), [1 / 3, 1 / 3, 1 / 3], 0.02);
  });
});

describe.each<[string, (padding: "causal" | "valid") => Layer]>([
  ["conv1d", (padding) => layers.conv1d({ filters: 3, kernelSize: 3, dilationRate: 2, padding, groups: 1 })],
  ["depthwiseConv1d", (padding) => layers.depthwiseConv1d({ kernelSize: 3, dilationRate: 2, padding })],
  ["separableConv1d", (padding) => layers.separableConv1d({ filters: 2, kernelSize: 3, dilationRate: 2, padding })],
])("%s, causal", (_, make) => {
  test("is a valid one after zeros, and looks at no later step", () => {
    const x = randomNormal([2, 9, 4], 0, 1, 3);
    const causal = make("causal");
    const y = causal.apply(x) as Tensor;
    const valid = make("valid");
    const padded = layers.zeroPadding1d({ padding: [4, 0] }).apply(x) as Tensor;
    valid.ensureBuilt(padded.shape);
    valid.setWeights(causal.getWeights());
    expectClose(numbers(valid.apply(padded)), numbers(y), 1e-6);
    const start = causal.apply(layers.cropping1d({ cropping: [0, 4] }).apply(x) as Tensor) as Tensor;
    expectClose(numbers(start), numbers(layers.cropping1d({ cropping: [0, 4] }).apply(y)), 1e-6);
  });
});

test("the mask ends, and without a length the number of steps stays open", () => {
  const mask = tensor([[true, false]]);
  const all: Layer[] = [
    layers.conv1d({ filters: 5, kernelSize: 2, padding: "same" }),
    layers.separableConv1d({ filters: 5, kernelSize: 2 }),
    layers.depthwiseConv1d({ kernelSize: 2, depthMultiplier: 5 }),
  ];
  for (const layer of all) {
    expect(layer.computeMask(ones([1, 2, 1]), mask)).toBeNull();
    expect(layer.computeOutputShape([null, null, 1])).toEqual([null, null, 5]);
  }
});
