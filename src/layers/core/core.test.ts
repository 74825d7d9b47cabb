import { describe, expect, test } from "vitest";
import { checkGolden, type GoldenCase } from "../../../test/layers/golden.js";
import { readGolden } from "../../../test/support/golden.js";
import { grads } from "../../autograd/index.js";
import { setSeed } from "../../tensor/generator.js";
import { ones } from "../../tensor/ops/creation.js";
import { sum } from "../../tensor/ops/reduce.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";
import { layerTable } from "../table.js";

const mine = readGolden<{ cases: GoldenCase[] }>("layers").cases.filter(({ layer }) =>
  Object.hasOwn(layerTable, layer.className),
);

describe("outputs, masks and gradients agree with Keras", () => {
  test.each(mine.map((golden) => [golden.id, golden] as const))("%s", (_, golden) => {
    checkGolden(golden);
  });

  test("the file has cases for these layers", () => {
    expect(new Set(mine.map(({ layer }) => layer.className)).size).toBeGreaterThanOrEqual(6);
  });
});

describe("dense", () => {
  test("names the layer and the sizes when the input does not fit", () => {
    const dense = layers.dense({ units: 2, name: "head" });
    dense.apply([[1, 2, 3]]);
    expect(() => dense.apply([[1, 2]])).toThrow(
      /head: Dense was built for inputs of another size[\s\S]*\[1, 2\][\s\S]*3/,
    );
    expect(() => layers.dense({ units: 2 }).build([null, null])).toThrow(/size of its input's last axis/);
    expect(() => layers.dense({ units: 2 }).apply([1, 2])).toThrow(/rank/);
  });

  test("options are checked", () => {
    expect(() => layers.dense({ unit: 2 } as never)).toThrow(
      /layers\.dense has no option "unit"[\s\S]*did you mean "units"/,
    );
    expect(() => layers.dense({} as never)).toThrow(/layers\.dense units/);
    expect(() => layers.dense({ units: 0 })).toThrow(/at least 1/);
    expect(() => layers.dense({ units: 2.5 })).toThrow(/whole number/);
    expect(() => layers.dense({ units: 2, useBias: 1 as never })).toThrow(/true or false/);
    expect(() => layers.dense({ units: 2, activation: "rleu" as never })).toThrow(/did you mean "relu"/);
  });

  test("initializers, regularizers, constraints and trainable end up at the weights", () => {
    const dense = layers.dense({
      units: 2,
      kernelInitializer: "ones",
      biasRegularizer: "l1",
      kernelConstraint: "nonNeg",
    });
    expect((dense.apply([[1, 2]]) as Tensor).arraySync()).toEqual([[3, 3]]);
    const [kernel, bias] = dense.allWeights;
    expect(kernel!.constraint!.config).toBe("nonNeg");
    expect(kernel!.regularizer).toBeNull();
    expect(bias!.regularizer!.config).toBe("l1");
    expect(layers.dense({ units: 2, trainable: false }).trainableWeights).toEqual([]);
  });
});

describe("dropout", () => {
  const call = (layer: ReturnType<typeof layers.dropout>, x: Tensor, training = true) => [
    ...(layer.apply(x, { training }) as Tensor).dataSync(),
  ];

  test("drops the share asked for, keeps the mean, and does nothing outside of training", () => {
    const x = ones([100, 200]);
    const y = call(layers.dropout({ rate: 0.3, seed: 1 }), x);
    const dropped = y.filter((v) => v === 0).length / y.length;
    // Four standard errors of 20,000 draws.
    expect(Math.abs(dropped - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / y.length));
    expect(y.every((v) => v === 0 || Math.abs(v - 1 / 0.7) < 1e-6)).toBe(true);
    expect(layers.dropout({ rate: 0.3 }).apply(x)).toBe(x);
    expect(layers.dropout({ rate: 0 }).apply(x, { training: true })).toBe(x);
  });

  test("every call draws anew; a seed repeats the calls", () => {
    const x = ones([10, 10]);
    const layer = layers.dropout({ rate: 0.5, seed: 3 });
    const [first, second] = [call(layer, x), call(layer, x)];
    expect(first).not.toEqual(second);
    const again = layers.dropout({ rate: 0.5, seed: 3 });
    expect([call(again, x), call(again, x)]).toEqual([first, second]);
    setSeed(8);
    const global = call(layers.dropout({ rate: 0.5 }), x);
    setSeed(8);
    expect(call(layers.dropout({ rate: 0.5 }), x)).toEqual(global);
  });

  test("the state goes back to where the draws were", () => {
    const x = ones([10, 10]);
    const layer = layers.dropout({ rate: 0.5, name: "drop" });
    call(layer, x);
    const state = layer.getState();
    expect(Object.keys(state.generators)).toEqual(["drop/generator"]);
    const next = call(layer, x);
    layer.setState(JSON.parse(JSON.stringify(state)));
    expect(call(layer, x)).toEqual(next);
    const twin = layers.dropout({ rate: 0.5, name: "drop" });
    twin.setState(state);
    expect(call(twin, x)).toEqual(next);
  });

  test("noiseShape shares the mask along axes of 1", () => {
    const y = layers
      .dropout({ rate: 0.5, noiseShape: [null, 1, null], seed: 2 })
      .apply(ones([4, 6, 8]), { training: true });
    const rows = (y as Tensor).arraySync() as number[][][];
    for (const steps of rows) for (const step of steps) expect(step).toEqual(steps[0]);
    expect(new Set(rows.map((steps) => JSON.stringify(steps[0]))).size).toBe(4);
    const odd = layers.dropout({ rate: 0.5, noiseShape: [null, 2] });
    expect(() => odd.apply(ones([4, 6]), { training: true })).toThrow(/noiseShape does not fit/);
  });

  test("gradients pass where values did", () => {
    const layer = layers.dropout({ rate: 0.5, seed: 6 });
    const [g] = grads((x: Tensor) => sum(layer.apply(x, { training: true }) as Tensor))([ones([5, 5])]);
    const y = call(layers.dropout({ rate: 0.5, seed: 6 }), ones([5, 5]));
    expect([...g!.dataSync()]).toEqual(y);
  });

  test("rates outside [0, 1) are refused", () => {
    for (const rate of [1, -0.1, Number.NaN, "0.5"]) {
      expect(() => layers.dropout({ rate: rate as number })).toThrow(/at least 0 and below 1/);
    }
    expect(() => layers.dropout({ rate: 0.1, seed: -1 })).toThrow(/seed/);
  });
});

describe("embedding", () => {
  const embedding = () => layers.embedding({ inputDim: 4, outputDim: 2, name: "words" });

  test("an index out of range names the layer, the index and where it is", () => {
    expect(() => embedding().apply([[0, 1, 4]])).toThrow(/words[\s\S]*4 at position 2[\s\S]*0 to 3/);
    expect(() => embedding().apply([[-1]])).toThrow(/words[\s\S]*-1/);
    expect(() => embedding().apply([[0.5]])).toThrow(/words[\s\S]*whole numbers/);
    expect(() => embedding().apply([[Number.NaN]])).toThrow(/words/);
  });

  test("the gradient of a repeated index adds up", () => {
    const layer = embedding();
    layer.apply([[0]]);
    const table = layer.embeddings;
    const [g] = grads(() => sum(layer.apply(tensor([[1, 1, 3]], undefined, "int32")) as Tensor))([table]);
    expect(g!.arraySync()).toEqual([
      [0, 0],
      [2, 2],
      [0, 0],
      [1, 1],
    ]);
  });

  test("maskZero masks index 0 and nothing else", () => {
    const layer = layers.embedding({ inputDim: 4, outputDim: 2, maskZero: true });
    const ids = tensor([[0, 1, 0, 3]]);
    expect(layer.computeMask(ids, null)!.arraySync()).toEqual([[false, true, false, true]]);
    expect(embedding().computeMask(ids, null)).toBeNull();
  });
});

describe("time distributed", () => {
  test("dense is one product with all steps", () => {
    const inner = layers.dense({ units: 2 });
    const layer = layers.timeDistributed({ layer: inner });
    const x = tensor([
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ]);
    const y = (layer.apply(x) as Tensor).arraySync() as number[][][];
    for (const t of [0, 1, 2]) {
      const alone = (inner.apply([(x.arraySync() as number[][][])[0]![t]!]) as Tensor).arraySync() as number[][];
      expect(y[0]![t]).toEqual(alone[0]);
    }
    expect([...layer.namedWeights.keys()]).toEqual([`${layer.name}/kernel`, `${layer.name}/bias`]);
  });

  test("what cannot be wrapped is refused", () => {
    expect(() => layers.timeDistributed({ layer: layers.lstm({ units: 1, stateful: true }) })).toThrow(/stateful/);
    expect(() => layers.timeDistributed({ layer: 3 as never })).toThrow(/cannot wrap this/);
    expect(() => layers.timeDistributed({ layer: layers.dense({ units: 1 }) }).apply([[1]])).toThrow(/rank/);
    const both = layers.timeDistributed({ layer: layers.lstm({ units: 1, returnState: true }) });
    expect(() => both.apply(ones([1, 2, 3, 4]))).toThrow(/one output/);
    const dense = layers.timeDistributed({ layer: layers.dense({ units: 1 }) });
    expect(() => dense.apply(ones([2, 3, 4]), { mask: [[true, true]] })).toThrow(/mask does not fit/);
  });
});

describe("reshaping", () => {
  test("sizes that do not fit are refused with the layer's name", () => {
    expect(() => layers.reshape({ targetShape: [4], name: "square" }).apply([[1, 2, 3]])).toThrow(
      /square[\s\S]*\[1, 3\]/,
    );
    expect(() => layers.reshape({ targetShape: [-1, -1] })).toThrow(/one of which may be -1/);
    expect(() => layers.repeatVector({ n: 0 })).toThrow(/at least 1/);
  });

  test("sizes not known yet stay open", () => {
    expect(layers.flatten().computeOutputShape([null, null, 3])).toEqual([null, null]);
    expect(layers.reshape({ targetShape: [-1, 3] }).computeOutputShape([null, null, 3])).toEqual([null, null, 3]);
  });
});
