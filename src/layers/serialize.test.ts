import { describe, expect, test } from "vitest";
import { OwnGatedUnitCell } from "../../test/layers/cells.js";
import { RondoError } from "../errors.js";
import { mul } from "../tensor/ops/arithmetic.js";
import { fill } from "../tensor/ops/creation.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Variable } from "../tensor/variable.js";
import {
  type BatchShape,
  deserializeLayer,
  initializers,
  Layer,
  layers,
  registerLayer,
  serializeLayer,
} from "./index.js";

describe("functions cannot be saved, and the error says which", () => {
  test.each([
    ["activation", () => layers.dense({ units: 1, name: "head", activation: (x) => mul(x, 2) })],
    ["kernelInitializer", () => layers.gru({ units: 1, name: "head", kernelInitializer: (shape) => fill(shape, 1) })],
    ["biasRegularizer", () => layers.lstm({ units: 1, name: "head", biasRegularizer: (w) => w })],
    [
      "embeddingsConstraint",
      () => layers.embedding({ inputDim: 1, outputDim: 1, name: "head", embeddingsConstraint: (w) => w }),
    ],
  ])("%s", (option, make) => {
    expect(() => serializeLayer(make())).toThrow(new RegExp(`${option} is a function and cannot be saved`));
    expect(() => make().getConfig()).toThrow(RondoError);
  });

  test("the layer is named, inside others as well", () => {
    const dense = layers.dense({ units: 1, name: "head", activation: (x) => x });
    expect(() => serializeLayer(dense)).toThrow(/^head: /);
    expect(() => serializeLayer(layers.timeDistributed({ layer: dense }))).toThrow(/^head: /);
    const cell = { stateSize: 1, call: (x: Tensor): [Tensor, Tensor] => [x, x] };
    expect(() => serializeLayer(layers.rnn({ cell }))).toThrow(/this cell cannot be saved[\s\S]*registerLayer/);
  });
});

describe("specs that describe no layer", () => {
  test.each([
    ["nothing", undefined, /does not describe a layer/],
    ["a string", "Dense", /does not describe a layer/],
    ["no config", { className: "Dense" }, /does not describe a layer/],
    ["a cell", { className: "GRUCell", config: { units: 1 } }, /does not describe a layer/],
    ["an unknown class", { className: "Dence", config: {} }, /unknown layer "Dence"[\s\S]*did you mean "Dense"/],
    ["an unknown option", { className: "Dense", config: { units: 1, unitz: 2 } }, /did you mean "units"/],
    ["a bad value", { className: "LSTM", config: { units: -1 } }, /layers\.lstm units/],
    ["a name from the prototype", { className: "toString", config: {} }, /unknown layer/],
  ])("%s", (_, spec, message) => {
    expect(() => deserializeLayer(spec)).toThrow(message);
    expect(() => deserializeLayer(spec)).toThrow(RondoError);
  });
});

class Scale extends Layer {
  readonly className = "Scale";
  private factor!: Variable;

  override build(inputShape: BatchShape): void {
    this.factor = this.addWeight("factor", [inputShape.at(-1)!], initializers.constant({ value: 3 }));
  }
  call(input: Tensor): Tensor {
    return mul(input, this.factor);
  }
  computeOutputShape(inputShape: BatchShape): BatchShape {
    return inputShape;
  }
}

describe("classes of the user's own", () => {
  test("are loaded once they are registered", () => {
    const layer = new Scale({ name: "scale" });
    expect((layer.apply([[1, 2]]) as Tensor).arraySync()).toEqual([[3, 6]]);
    expect([...layer.namedWeights.keys()]).toEqual(["scale/factor"]);
    const spec = JSON.parse(JSON.stringify(serializeLayer(layer)));
    expect(() => deserializeLayer(spec)).toThrow(/unknown layer "Scale"/);
    registerLayer("Scale", Scale);
    const again = deserializeLayer(spec);
    expect(again).toBeInstanceOf(Scale);
    expect(again.name).toBe("scale");
  });

  test("cells, too, also inside bidirectional layers, which copy them", () => {
    registerLayer("OwnGatedUnitCell", OwnGatedUnitCell);
    const both = layers.bidirectional({ layer: layers.rnn({ cell: new OwnGatedUnitCell({ units: 2 }) }) });
    expect((both.apply([[[1], [2]]]) as Tensor).shape).toEqual([1, 4]);
    const again = deserializeLayer(JSON.parse(JSON.stringify(serializeLayer(both))));
    again.apply([[[1], [2]]]);
    expect(again.countParams()).toBe(both.countParams());
  });

  test("cannot take the name of a built-in layer", () => {
    expect(() => registerLayer("Dense", Scale)).toThrow(/built-in layer "Dense"/);
    expect(() => registerLayer("GRUCell", Scale)).toThrow(/built-in layer "GRUCell"/);
  });
});
