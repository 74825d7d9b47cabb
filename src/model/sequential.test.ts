import { beforeEach, describe, expect, test } from "vitest";
import { type Layer, layers } from "../layers/index.js";
import { resetLayerNames } from "../layers/layer.js";
import { setSeed } from "../tensor/generator.js";
import { memory, tensor } from "../tensor/tensor.js";
import { modelFromJSON } from "./from-json.js";
import { sequential, sequentialFromConfig } from "./sequential.js";

beforeEach(() => {
  resetLayerNames();
  setSeed(1);
});

const classifier = () =>
  sequential([
    layers.embedding({ inputDim: 7, outputDim: 3, maskZero: true, inputShape: [null] }),
    layers.gru({ units: 4 }),
    layers.dense({ units: 2, activation: "softmax" }),
  ]);

describe("building", () => {
  test("with an inputShape weights exist at once", () => {
    const model = classifier();
    expect(model.built).toBe(true);
    expect(model.inputShape).toEqual([null, null]);
    expect(model.outputShape).toEqual([null, 2]);
    // 7·3 + (3·12 + 4·12 + 2·12) + (4·2 + 2)
    expect(model.countParams()).toBe(21 + 108 + 10);
    expect([...model.namedWeights.keys()]).toEqual([
      "embedding/embeddings",
      "gru/kernel",
      "gru/recurrent_kernel",
      "gru/bias",
      "dense/kernel",
      "dense/bias",
    ]);
  });

  test("without one they are made for the first data; time and batch may then change", () => {
    const model = sequential();
    model.add(layers.lstm({ units: 2 }));
    model.add(layers.dense({ units: 1 }));
    expect(model.built).toBe(false);
    expect(() => model.countParams()).toThrow(/needs the model to be built/);
    expect(model.predict([[[1, 2, 3]]]).shape).toEqual([1, 1]);
    expect(model.inputShape).toEqual([null, null, 3]);
    expect(
      model.predict([
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ]).shape,
    ).toEqual([2, 1]);
  });

  test("tokens of any length after building from data", () => {
    const model = sequential([layers.embedding({ inputDim: 5, outputDim: 2 }), layers.simpleRNN({ units: 3 })]);
    expect(model.predict([[1, 2]]).shape).toEqual([1, 3]);
    expect(model.predict([[1, 2, 3, 4]]).shape).toEqual([1, 3]);
  });

  test("inputs of another shape", () => {
    const model = sequential([layers.lstm({ units: 2, inputShape: [4, 3] })]);
    expect(() => model.predict([[[1, 2]]])).toThrow(/made for other inputs[\s\S]*\[1, 1, 2\][\s\S]*\[\?, 4, 3\]/);
    expect(() => model.predict([[1, 2, 3]] as never)).toThrow(/put a single example into an array of one/);
  });

  test("an index that the embedding does not have names the layer", () => {
    expect(() => classifier().predict([[1, 7]])).toThrow(/layer 0 \(embedding\)[\s\S]*7 at position 1/);
  });

  test("what cannot be added", () => {
    const dense = layers.dense({ units: 1 });
    expect(() => sequential([dense, dense])).toThrow(/weights cannot be shared/);
    expect(() => sequential([layers.dense({ units: 1, name: "a" }), layers.dense({ units: 1, name: "a" })])).toThrow(
      /already has a layer named "a"/,
    );
    expect(() => sequential([{} as Layer])).toThrow(/made of layers/);
    expect(() => sequential({ layer: [] } as never)).toThrow(/did you mean "layers"/);
    expect(() => sequential().build([null, 3])).toThrow(/has no layers/);
  });

  test("several outputs do not fit between two layers", () => {
    const model = sequential([
      layers.lstm({ units: 2, returnState: true, inputShape: [null, 1] }),
      layers.dense({ units: 1 }),
    ]);
    expect(() => model.predict([[[1]]])).toThrow(/layer 0 \(lstm\).*must have one output[\s\S]*returnState: false/);
  });
});

describe("weights", () => {
  test("getWeights and setWeights copy", () => {
    const [a, b] = [classifier(), classifier()];
    expect(b.predict([[1, 2, 3]]).dataSync()).not.toEqual(a.predict([[1, 2, 3]]).dataSync());
    b.setWeights(a.getWeights());
    expect(b.predict([[1, 2, 3]]).dataSync()).toEqual(a.predict([[1, 2, 3]]).dataSync());
  });

  test("weights that do not fit are refused and nothing changes", () => {
    const model = classifier();
    const before = model.getWeights().map((w) => w.dataSync());
    const wrong = model.getWeights();
    expect(() => model.setWeights(wrong.slice(1))).toThrow(/5 values[\s\S]*6 values/);
    wrong[4] = tensor([1, 2]);
    expect(() => model.setWeights(wrong)).toThrow(/value 4 does not fit the weight "dense\/kernel"/);
    expect(model.getWeights().map((w) => w.dataSync())).toEqual(before);
  });

  test("frozen layers are not trainable", () => {
    const model = classifier();
    model.getLayer("gru").trainable = false;
    expect(model.trainableWeights.map((w) => w.name)).toEqual(["embedding/embeddings", "dense/kernel", "dense/bias"]);
    expect(model.nonTrainableWeights).toHaveLength(3);
  });

  test("layers by name and position", () => {
    const model = classifier();
    expect(model.getLayer(1)).toBe(model.getLayer("gru"));
    expect(() => model.getLayer("lstm")).toThrow(/no layer "lstm"[\s\S]*1: gru/);
  });

  test("dispose frees everything", () => {
    const before = memory().tensors;
    const model = classifier();
    expect(memory().tensors).toBe(before + 6);
    model.dispose();
    expect(memory().tensors).toBe(before);
  });
});

describe("configuration", () => {
  test("toJSON makes an equal model", () => {
    const model = classifier();
    const again = modelFromJSON(JSON.parse(JSON.stringify(model)));
    expect(again.toJSON()).toEqual(model.toJSON());
    again.setWeights(model.getWeights());
    expect(again.predict([[3, 1, 0]]).dataSync()).toEqual(model.predict([[3, 1, 0]]).dataSync());
  });

  test("a model built from data is built again", () => {
    const model = sequential([layers.lstm({ units: 2 })]);
    model.predict([[[1, 2]]]);
    expect(modelFromJSON(JSON.parse(JSON.stringify(model))).built).toBe(true);
  });

  test("something else", () => {
    expect(() => sequentialFromConfig({ name: "x" })).toThrow(/not the configuration of a sequential model/);
    expect(() => modelFromJSON({ className: "Circular", config: {} })).toThrow(/Circular[\s\S]*Sequential/);
  });
});

test("summary prints and returns a table", () => {
  const model = classifier();
  model.getLayer("gru").trainable = false;
  const lines: string[] = [];
  const table = model.summary({ print: (line) => lines.push(line) });
  expect(table.rows.map((row) => [row.name, row.type, row.outputShape, row.params, row.trainable])).toEqual([
    ["embedding", "Embedding", [null, null, 3], 21, true],
    ["gru", "GRU", [null, 4], 108, false],
    ["dense", "Dense", [null, 2], 10, true],
  ]);
  expect([table.totalParams, table.trainableParams]).toEqual([139, 31]);
  expect(lines).toContain("gru (GRU), frozen      [?, 4]           108");
  expect(lines.at(-1)).toBe("139 parameters, 31 trainable, 108 frozen");
  const deferred = sequential([layers.dense({ units: 1 })]).summary({ print: () => {} });
  expect(deferred.rows[0]).toMatchObject({ outputShape: null, params: null });
});

test("stream gives step by step what predict gives at once", () => {
  const model = sequential([
    layers.lstm({ units: 3, returnSequences: true, inputShape: [null, 2] }),
    layers.dense({ units: 1 }),
  ]);
  const steps = [
    [1, 2],
    [-1, 0.5],
    [0, 3],
  ];
  const stepper = model.stream();
  const streamed = steps.map((step) => stepper.step(step)[0]);
  const predicted = model.predict([steps]).dataSync();
  for (const [i, v] of streamed.entries()) expect(v).toBeCloseTo(predicted[i]!, 6);
  stepper.dispose();
  expect(() => sequential([layers.dense({ units: 1 })]).stream()).toThrow(/needs the model to be built/);
});

describe("predict", () => {
  test("all examples, whatever the batch size", () => {
    const model = classifier();
    const x = Array.from({ length: 7 }, (_, i) => [i % 7, (3 * i) % 7, (5 * i) % 7]);
    const whole = model.predictOnBatch(x);
    expect(whole.shape).toEqual([7, 2]);
    expect(model.predict(x, { batchSize: 3 }).dataSync()).toEqual(whole.dataSync());
    expect(model.apply(tensor(x)).dataSync()).toEqual(whole.dataSync());
  });

  test("leaves only the result in memory", () => {
    const model = classifier();
    const before = memory().tensors;
    const result = model.predict(
      [
        [1, 2],
        [3, 4],
      ],
      { batchSize: 1 },
    );
    expect(memory().tensors).toBe(before + 1);
    result.dispose();
  });

  test("missing numbers are an error, not a result", () => {
    const model = sequential([layers.lstm({ units: 2, inputShape: [null, 1] })]);
    const x = [[[1]], [[2]], [[Number.NaN]]];
    expect(() => model.predict(x, { batchSize: 2 })).toThrow(/not finite[\s\S]*NaN in example 2/);
  });

  test("wrong options", () => {
    expect(() => classifier().predict([[1]], { batchsize: 2 } as never)).toThrow(/did you mean "batchSize"/);
    expect(() => classifier().predict([[1]], { batchSize: 0 })).toThrow(/at least 1/);
    expect(() => classifier().predict([])).toThrow(/x holds no examples/);
    expect(() => classifier().predict({ foo: 1 } as never)).toThrow(/not something numbers can be read from/);
  });
});
