import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/golden.js";
import { zeros } from "../../tensor/ops/creation.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";

const numbers = (t: unknown) => [...(t as Tensor).dataSync()];

test("sine positions follow the formula", () => {
  const y = layers.sinePositionEncoding({ maxWavelength: 100 }).apply(zeros([1, 3, 4]));
  const row = (t: number) => [Math.sin(t), Math.cos(t), Math.sin(t / 10), Math.cos(t / 10)];
  expectClose(numbers(y), [0, 1, 2].flatMap(row), 1e-6);
  const odd = layers.sinePositionEncoding().apply(zeros([1, 2, 3]));
  expectClose(numbers(odd).slice(3), [Math.sin(1), Math.cos(1), Math.sin(1 / 10000 ** (2 / 3))], 1e-6);
});

test("position embeddings add their first rows, and refuse more steps than there are", () => {
  const layer = layers.positionEmbedding({ sequenceLength: 3, name: "places" });
  layer.ensureBuilt([null, null, 2]);
  layer.embeddings.assign(
    tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
  );
  expect(
    numbers(
      layer.apply([
        [
          [10, 10],
          [20, 20],
        ],
      ]),
    ),
  ).toEqual([11, 12, 23, 24]);
  expect(() => layer.apply(zeros([1, 4, 2]))).toThrow(/places[\s\S]*at most 3 steps/);
});

test("both let the mask through", () => {
  const mask = tensor([[true, false]]);
  for (const layer of [layers.positionEmbedding({ sequenceLength: 2 }), layers.sinePositionEncoding()]) {
    expect(layer.computeMask(zeros([1, 2, 2]), mask)).toBe(mask);
  }
});
