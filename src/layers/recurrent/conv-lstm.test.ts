import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/golden.js";
import { sequential } from "../../model/sequential.js";
import { ones } from "../../tensor/ops/creation.js";
import { randomNormal } from "../../tensor/ops/random.js";
import type { Tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";

const numbers = (t: unknown) => [...(t as Tensor).dataSync()];

test("with one place and a window of one it is an LSTM", () => {
  const x = randomNormal([2, 4, 3], 0, 1, 1);
  const plain = layers.lstm({ units: 2, returnSequences: true });
  const wanted = numbers(plain.apply(x));
  const layer = layers.convLSTM1d({ filters: 2, kernelSize: 1, returnSequences: true });
  layer.ensureBuilt([null, null, 1, 3]);
  const [kernel, recurrent, bias] = plain.getWeights() as [Tensor, Tensor, Tensor];
  layer.setWeights([kernel.reshape([1, 3, 8]), recurrent.reshape([1, 2, 8]), bias]);
  expectClose(numbers(layer.apply(x.reshape([2, 4, 1, 3]))), wanted, 1e-6);
});

test("the forget gate starts open, and dropout changes training only", () => {
  const layer = layers.convLSTM1d({ filters: 2, kernelSize: 2, dropout: 0.4, recurrentDropout: 0.4, seed: 1 });
  const x = randomNormal([2, 3, 4, 2], 0, 1, 1);
  const calm = numbers(layer.apply(x));
  expect(numbers(layer.cell.bias)).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  expect(numbers(layer.apply(x, { training: true }))).not.toEqual(calm);
  expect(numbers(layer.apply(x))).toEqual(calm);
});

test("in both directions the features are joined", () => {
  const layer = layers.bidirectional({
    layer: layers.convLSTM1d({ filters: 2, kernelSize: 2, returnSequences: true }),
  });
  expect((layer.apply(ones([1, 3, 4, 2])) as Tensor).shape).toEqual([1, 3, 3, 4]);
});

test("what does not fit is refused", () => {
  const make = () => layers.convLSTM1d({ filters: 2, kernelSize: 2, name: "rows" });
  expect(() => make().apply(ones([1, 3, 4]))).toThrow(/rows[\s\S]*\[batch, time, width, features\]/);
  expect(() => make().computeOutputShape([1, 3, 4])).toThrow(/rank/);
  expect(() => make().build([null, null, null, 2])).toThrow(/sizes of a step/);
  expect(() => make().apply(ones([1, 3, 4, 2]), { initialState: [ones([1, 1, 2]), ones([1, 1, 2])] })).toThrow(
    /initialState[\s\S]*\[1, 3, 2\]/,
  );
  expect(() => layers.convLSTM1d({ filters: 2, kernelSize: 2, units: 3 } as never)).toThrow(/no option "units"/);
  expect(() =>
    sequential([layers.convLSTM1d({ filters: 1, kernelSize: 2, inputShape: [null, 4, 2] })]).stream(),
  ).toThrow(/cannot be streamed/);
});
