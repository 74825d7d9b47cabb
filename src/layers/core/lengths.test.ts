import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/golden.js";
import { model } from "../../model/functional.js";
import { sequential } from "../../model/sequential.js";
import { randomNormal } from "../../tensor/ops/random.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { input, layers, sequenceMask } from "../index.js";

const numbers = (t: unknown) => [...(t as Tensor).dataSync()];
const x = randomNormal([3, 5, 2], 0, 1, 3);
const lengths = [5, 2, 0];
const mask = [
  [1, 1, 1, 1, 1],
  [1, 1, 0, 0, 0],
  [0, 0, 0, 0, 0],
];

test("lengths make the mask they describe", () => {
  const made = sequenceMask(lengths, 5);
  expect(made.dtype).toBe("bool");
  expect(numbers(made)).toEqual(mask.flat());
  expect(numbers(sequenceMask(tensor(lengths, undefined, "int32"), 6)).filter((v) => v === 1).length).toBe(7);
});

test.each([
  ["lstm", () => layers.lstm({ units: 3, returnSequences: true, returnState: true })],
  ["bidirectional", () => layers.bidirectional({ layer: layers.gru({ units: 3, returnSequences: true }) })],
  ["globalAveragePooling1d", () => layers.globalAveragePooling1d()],
])("%s gives the same for lengths as for their mask", (_, make) => {
  const layer = make();
  const all = (result: unknown) => [result].flat().map(numbers);
  const masked = all(layer.apply(x, { mask }));
  expect(all(layer.apply(x, { lengths }))).toEqual(masked);
  expect(masked).not.toEqual(all(layer.apply(x)));
});

test("a sequence with its length gives what it gives without its padding", () => {
  const layer = layers.lstm({ units: 3 });
  const padded = numbers(layer.apply(x, { lengths: [2, 2, 2] }));
  expectClose(padded, numbers(layer.apply(layers.cropping1d({ cropping: [0, 3] }).apply(x) as Tensor)), 1e-6);
});

test("as an input of a model, lengths train it as masked padding does", async () => {
  const lstm = () => layers.lstm({ units: 3, kernelInitializer: { name: "glorotUniform", seed: 1 }, name: "lstm" });
  const head = () => layers.dense({ units: 1, kernelInitializer: { name: "glorotUniform", seed: 2 } });
  const recurrent = { recurrentInitializer: { name: "orthogonal", seed: 3 } } as const;
  const steps = input({ shape: [null, 2] });
  const counts = input({ shape: [1], dtype: "int32", name: "counts" });
  const seen = layers.lengthMasking().apply([steps, counts]);
  const byLength = model({
    inputs: [steps, counts],
    outputs: head().apply(layers.lstm({ ...lstm().getConfig(), ...recurrent } as never).apply(seen)),
  });
  const byMask = sequential([layers.masking(), layers.lstm({ ...lstm().getConfig(), ...recurrent } as never), head()]);
  const zeroed = layers.lengthMasking().apply([x, tensor(lengths)]) as Tensor;
  const targets = [[1], [-1], [0.5]];
  for (const each of [byLength, byMask])
    each.compile({ optimizer: "sgd", loss: "meanSquaredError", learningRate: 0.1 });
  const options = { epochs: 3, verbose: 0, shuffle: false } as const;
  const one = await byLength.fit([x, lengths.map((n) => [n])], targets, options);
  const other = await byMask.fit(zeroed, targets, options);
  expectClose(one.history["loss"] as number[], other.history["loss"] as number[], 1e-6);
  for (const [i, w] of byLength.getWeights().entries()) expectClose(numbers(w), numbers(byMask.getWeights()[i]), 1e-6);
});

test("lengths that do not fit are refused", () => {
  expect(() => sequenceMask([3], 2)).toThrow(/lengths[\s\S]*0 to 2/);
  expect(() => sequenceMask([1.5], 2)).toThrow(/whole numbers/);
  expect(() => sequenceMask([-1], 2)).toThrow(/0 to 2/);
  expect(() => sequenceMask([[1]], 2)).toThrow(/one length per sequence/);
  const layer = layers.gru({ units: 1 });
  expect(() => layer.apply(x, { lengths, mask })).toThrow(/lengths or masks/);
  expect(() => layer.apply(x, { lengths: [1, 2] })).toThrow(/\[2, 5\]/);
  expect(() => layers.lengthMasking().apply([x, tensor([1, 2])])).toThrow(/\[batch, 1\]/);
});
