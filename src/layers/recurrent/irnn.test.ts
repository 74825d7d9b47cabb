import { expect, test } from "vitest";
import { GradientTape } from "../../autograd/index.js";
import { zeros } from "../../tensor/ops/creation.js";
import { concat } from "../../tensor/ops/slicing.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";

const irnn = (gain: number) =>
  layers.simpleRNN({
    units: 3,
    activation: "relu",
    recurrentInitializer: { name: "identity", gain },
    kernelInitializer: "identity",
  });

test("an IRNN keeps what it has seen, and its gradient, over hundreds of steps", () => {
  const steps = 300;
  const x = concat([tensor([[[0.5, 2, 0.25]]]), zeros([1, steps - 1, 3])], 1);
  const layer = irnn(1);
  layer.ensureBuilt(x.shape);
  using tape = new GradientTape();
  tape.watch(x);
  const y = layer.apply(x) as Tensor;
  expect([...y.dataSync()]).toEqual([0.5, 2, 0.25]);
  const [gradient] = tape.gradient(y, [x]);
  expect([...gradient!.dataSync().slice(0, 3)]).toEqual([1, 1, 1]);
});

test("scaled, it forgets by that factor at every step", () => {
  const x = concat([tensor([[[1, 2, 4]]]), zeros([1, 2, 3])], 1);
  expect([...(irnn(0.5).apply(x) as Tensor).dataSync()]).toEqual([0.25, 0.5, 1]);
});
