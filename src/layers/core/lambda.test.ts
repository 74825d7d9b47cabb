import { expect, test } from "vitest";
import { sequential } from "../../model/sequential.js";
import { mul } from "../../tensor/ops/arithmetic.js";
import { concat } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import { layers, registerFunction, serializeLayer } from "../index.js";

test("finds the shape of its output, with what is unknown left open", () => {
  const twice = layers.lambda({ function: (x) => concat([x, x], -1) });
  expect(twice.computeOutputShape([null, null, 3])).toEqual([null, null, 6]);
  expect(twice.computeOutputShape([4, null, 3])).toEqual([4, null, 6]);
  const model = sequential([
    layers.lambda({ function: (x) => mul(x, 2), inputShape: [2] }),
    layers.dense({ units: 1 }),
  ]);
  expect(model.countParams()).toBe(3);
});

test("is told whether it is training, and about the mask", () => {
  const layer = layers.lambda({ function: (x, { training, mask }) => mul(x, training ? 10 : mask ? 5 : 1) });
  const value = (options: object) => (layer.apply([[1]], options) as Tensor).dataSync()[0];
  expect([value({}), value({ training: true }), value({ mask: [[1]] })]).toEqual([1, 10, 5]);
});

test("can be saved under a registered name only", () => {
  const halve = (x: Tensor) => mul(x, 0.5);
  expect(() => serializeLayer(layers.lambda({ function: halve, name: "half" }))).toThrow(/half[\s\S]*registerFunction/);
  registerFunction("lambda test: halve", halve);
  registerFunction("lambda test: halve", halve);
  expect(serializeLayer(layers.lambda({ function: halve })).config).toMatchObject({ function: "lambda test: halve" });
  expect(() => registerFunction("lambda test: halve", (x) => x)).toThrow(/another function/);
  expect(() => layers.lambda({ function: "lambda test: third" })).toThrow(/registerFunction before loading/);
});

test("what is no tensor is refused, and an unregistered function can be copied", () => {
  expect(() => layers.lambda({ function: (() => 3) as never, name: "wrong" }).apply([[1]])).toThrow(/wrong[\s\S]*3/);
  const layer = layers.lambda({ function: (x) => mul(x, 3) });
  expect((layer.clone().apply([[2]]) as Tensor).dataSync()[0]).toBe(6);
});
