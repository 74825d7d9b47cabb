import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/golden.js";
import { sequential } from "../../model/sequential.js";
import { zeros } from "../../tensor/ops/creation.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { randomNormal } from "../../tensor/ops/random.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";

const numbers = (t: unknown) => [...(t as Tensor).dataSync()];
const dense = () => layers.dense({ units: 2, useBias: false });

/** A rotation, factors 5 and 2, and another rotation: singular values 5 and 2. */
function matrix(largest: number): Tensor {
  const rotation = (a: number) =>
    tensor([
      [Math.cos(a), -Math.sin(a)],
      [Math.sin(a), Math.cos(a)],
    ]);
  const factors = tensor([
    [largest, 0],
    [0, 2 * (largest / 5)],
  ]);
  return matMul(matMul(rotation(0.7), factors), rotation(-1.9));
}

test("after some calls the largest singular value is 1, in training only", () => {
  const layer = layers.spectralNormalization({ layer: dense() });
  const x = randomNormal([3, 2], 0, 1, 1);
  layer.ensureBuilt(x.shape);
  layer.setWeights([tensor([[0.3, -0.4]]), matrix(5)]);
  expectClose(numbers(layer.apply(x)), numbers(matMul(x, matrix(5))), 1e-6);
  for (let i = 0; i < 20; i++) layer.apply(x, { training: true });
  expectClose(numbers(layer.apply(x, { training: true })), numbers(matMul(x, matrix(1))), 1e-5);
  expectClose(numbers(layer.apply(x)), numbers(matMul(x, matrix(1))), 1e-5);
});

test("one power iteration, by hand", () => {
  const layer = layers.spectralNormalization({ layer: dense() });
  layer.ensureBuilt([null, 2]);
  layer.setWeights([
    tensor([[1, 0]]),
    tensor([
      [3, 0],
      [4, 5],
    ]),
  ]);
  // v = (3, 4) / 5; v W = (5, 4), of length sqrt(41), which is the estimate.
  layer.apply([[1, 1]], { training: true });
  const length = Math.sqrt(41);
  expectClose(numbers(layer.vectorU), [5 / length, 4 / length], 1e-6);
  expectClose(numbers(layer.layer.weights[0]), [3 / length, 0, 4 / length, 5 / length], 1e-6);
});

test("weights of zero stay, and layers without weights are refused", () => {
  const layer = layers.spectralNormalization({ layer: dense() });
  layer.ensureBuilt([null, 2]);
  layer.setWeights([tensor([[1, 0]]), zeros([2, 2])]);
  expect(numbers(layer.apply([[1, 1]], { training: true }))).toEqual([0, 0]);
  expect(() => layers.spectralNormalization({ layer: layers.flatten() }).build([null, 2, 2])).toThrow(/no weights/);
  expect(() => layers.spectralNormalization({} as never)).toThrow(/wraps a layer/);
});

test("keeps a steep function out of reach", async () => {
  const x = randomNormal([32, 1], 0, 1, 1);
  const slope = async (spectral: boolean) => {
    const inner = layers.dense({ units: 1, kernelInitializer: "ones", inputShape: [1] });
    const net = sequential([spectral ? layers.spectralNormalization({ layer: inner, inputShape: [1] }) : inner]);
    net.compile({ optimizer: "sgd", loss: "meanSquaredError", learningRate: 0.1 });
    await net.fit(x, x.mul(3), { epochs: 20, verbose: 0 });
    return inner.kernel.dataSync()[0]!;
  };
  expect(await slope(false)).toBeGreaterThan(2.5);
  expect(await slope(true)).toBeLessThan(1.7);
});
