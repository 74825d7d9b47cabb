import { beforeEach, describe, expect, test } from "vitest";
import { RondoError } from "../errors.js";
import { memory, scope, type Tensor, tensor } from "../index.js";
import { setSeed } from "../tensor/generator.js";
import { zeros } from "../tensor/ops/creation.js";
import { layers, resetLayerNames } from "./index.js";

beforeEach(resetLayerNames);

describe("names", () => {
  test("number layers of a kind as Keras does", () => {
    expect(layers.lstm({ units: 1 }).name).toBe("lstm");
    expect(layers.lstm({ units: 1 }).name).toBe("lstm_1");
    expect(layers.timeDistributed({ layer: layers.dense({ units: 1 }) }).name).toBe("time_distributed");
    expect(layers.conv1dTranspose({ filters: 1, kernelSize: 1 }).name).toBe("conv1d_transpose");
    expect(layers.simpleRNN({ units: 1 }).name).toBe("simple_rnn");
    expect(layers.dense({ units: 1, name: "head" }).name).toBe("head");
  });

  test("weights are named after the layer, by readable paths", () => {
    const layer = layers.bidirectional({ layer: layers.gru({ units: 1 }), name: "both" });
    layer.apply(zeros([1, 1, 1]));
    const names = ["kernel", "recurrent_kernel", "bias"];
    const expected = ["forward", "backward"].flatMap((part) => names.map((name) => `both/${part}/${name}`));
    expect([...layer.namedWeights.keys()]).toEqual(expected);
    expect(layer.weights.map((v) => v.name)).toEqual(expected);
    const stacked = layers.rnn({ cell: [layers.gruCell({ units: 1 }), layers.lstmCell({ units: 1 })], name: "deep" });
    stacked.apply(zeros([1, 1, 1]));
    expect([...stacked.namedWeights.keys()].slice(2, 4)).toEqual(["deep/cell_0/bias", "deep/cell_1/kernel"]);
  });
});

describe("weights", () => {
  test("are made once, survive the scope they were made in, and repeat with a seed", () => {
    const make = () => {
      setSeed(3);
      const layer = layers.lstm({ units: 4 });
      scope(() => {
        layer.apply(zeros([1, 2, 3]));
      });
      return layer;
    };
    const [a, b] = [make(), make()];
    expect(a.weights.map((v) => v.shape)).toEqual([[3, 16], [4, 16], [16]]);
    expect(a.weights.map((v) => [...v.dataSync()])).toEqual(b.weights.map((v) => [...v.dataSync()]));
    expect(a.countParams()).toBe(3 * 16 + 4 * 16 + 16);
    const before = a.weights;
    a.apply(zeros([1, 2, 3]));
    expect(a.weights).toEqual(before);
  });

  test("building leaves nothing but the weights", () => {
    const before = memory().tensors;
    const layer = layers.gru({ units: 40 });
    layer.ensureBuilt([null, null, 5]);
    expect(memory().tensors - before).toBe(layer.weights.length);
  });

  test("unitForgetBias sets the forget gate's bias to 1, the others come from biasInitializer", () => {
    const bias = (unitForgetBias: boolean) => {
      const layer = layers.lstm({ units: 2, unitForgetBias, biasInitializer: { name: "constant", value: 5 } });
      layer.ensureBuilt([null, null, 1]);
      return [...layer.cell.bias!.dataSync()];
    };
    expect(bias(true)).toEqual([5, 5, 1, 1, 5, 5, 5, 5]);
    expect(bias(false)).toEqual([5, 5, 5, 5, 5, 5, 5, 5]);
  });

  test("setWeights checks everything before it changes anything", () => {
    const layer = layers.dense({ units: 2 });
    layer.apply([[1, 1]]);
    const before = layer.getWeights().map((w) => w.arraySync());
    expect(() =>
      layer.setWeights([
        [
          [1, 2],
          [3, 4],
        ],
        [1, 2, 3],
      ]),
    ).toThrow(RondoError);
    expect(() =>
      layer.setWeights([
        [
          [1, 2],
          [3, 4],
        ],
      ]),
    ).toThrow(/do not fit/);
    expect(layer.getWeights().map((w) => w.arraySync())).toEqual(before);
    layer.setWeights([
      [
        [1, 2],
        [3, 4],
      ],
      [5, 6],
    ]);
    expect((layer.apply([[1, 1]]) as Tensor).arraySync()).toEqual([[9, 12]]);
  });

  test("trainable: false freezes what is inside as well", () => {
    const layer = layers.bidirectional({ layer: layers.gru({ units: 1 }), trainable: false });
    layer.apply(zeros([1, 1, 1]));
    expect(layer.trainableWeights).toEqual([]);
    expect(layer.nonTrainableWeights.length).toBe(6);
    const cell = layers.rnn({ cell: [layers.gruCell({ units: 1, trainable: false }), layers.gruCell({ units: 1 })] });
    cell.apply(zeros([1, 1, 1]));
    expect(cell.trainableWeights.length).toBe(3);
  });

  test("an initializer of the wrong shape is found", () => {
    const layer = layers.dense({ units: 2, kernelInitializer: () => zeros([1]), name: "head" });
    expect(() => layer.apply([[1]])).toThrow(/head: the initializer of "kernel"[\s\S]*\[1\][\s\S]*\[1, 2\]/);
  });
});

test("apply takes plain numbers for input, mask and states", () => {
  const layer = layers.gru({ units: 1 });
  const y = layer.apply([[[1], [2]]], { mask: [[1, 0]], initialState: [[[0.5]]] }) as Tensor;
  const same = layer.apply(tensor([[[1], [9]]]), {
    mask: tensor([[true, false]]),
    initialState: [tensor([[0.5]])],
  }) as Tensor;
  expect(y.arraySync()).toEqual(same.arraySync());
});
