import { beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../test/support/golden.js";
import { variableGrads } from "../autograd/index.js";
import { modelFromBytes, modelToBytes } from "../formats/model-file.js";
import { input, layers, type RecurrentOptions, type SymbolicTensor } from "../layers/index.js";
import { resetLayerNames } from "../layers/layer.js";
import { regularizers } from "../layers/regularizers.js";
import { setSeed } from "../tensor/generator.js";
import { mul } from "../tensor/ops/arithmetic.js";
import { sum } from "../tensor/ops/reduce.js";
import { type Tensor, tensor } from "../tensor/tensor.js";
import { optimizers } from "../training/optimizers/index.js";
import { cloneModel } from "./from-json.js";
import { type Functional, model } from "./functional.js";
import { sequential } from "./sequential.js";

beforeEach(() => {
  resetLayerNames();
  setSeed(11);
});

const ones = { kernelInitializer: "ones", recurrentInitializer: "ones", activation: "linear", useBias: false } as const;

describe("against Keras: two inputs, two outputs, a shared layer, masks", () => {
  type Logs = Record<string, number>;
  interface Case {
    readonly weights: Record<string, GoldenArray>;
    readonly lossWeights: Record<string, number>;
    readonly tokens: GoldenArray;
    readonly features: GoldenArray;
    readonly kind: GoldenArray;
    readonly size: GoldenArray;
    readonly sampleWeight: GoldenArray;
    readonly outputs: readonly GoldenArray[];
    readonly evaluation: Logs;
    readonly weighted: Logs;
    readonly steps: readonly { readonly logs: Logs; readonly weights: Record<string, GoldenArray> }[];
  }
  const golden = readGolden<{ cases: Case[] }>("functional").cases[0]!;
  const data = (array: GoldenArray) => ({ values: Float32Array.from(array.value), shape: array.shape });

  function build(): Functional<Tensor[]> {
    const tokens = input({ shape: [null], dtype: "int32", name: "tokens" });
    const features = input({ shape: [2], name: "features" });
    const embedded = layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true, name: "embedding" }).apply(tokens);
    const hidden = layers.gru({ units: 4, name: "gru" }).apply(embedded);
    const widened = layers.dense({ units: 4, activation: "tanh", name: "widen" }).apply(features);
    const shared = layers.dense({ units: 4, activation: "tanh", name: "shared" });
    const both = layers.concatenate({ name: "both" }).apply([hidden, shared.apply(hidden), shared.apply(widened)]);
    const kind = layers.dense({ units: 3, activation: "softmax", name: "kind" }).apply(both);
    const kernelRegularizer = regularizers.l2({ l2: 0.05 });
    const size = layers.dense({ units: 1, kernelRegularizer, name: "size" }).apply(both);
    const made = model({ inputs: [tokens, features], outputs: [kind, size] });
    for (const [name, value] of Object.entries(golden.weights)) made.namedWeights.get(name)!.assign(toTensor(value));
    made.compile({
      optimizer: optimizers.sgd({ learningRate: 0.1 }),
      loss: { kind: "sparseCategoricalCrossentropy", size: "mse" },
      lossWeights: golden.lossWeights,
      metrics: { kind: ["accuracy"], size: "mae" },
    });
    return made;
  }
  const x = [data(golden.tokens), data(golden.features)];
  const y = [data(golden.kind), data(golden.size)];

  function expectLogs(actual: Readonly<Logs>, expected: Logs): void {
    expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) expect(actual[name], name).toBeCloseTo(value, 5);
  }

  test("outputs, losses and metrics", async () => {
    const made = build();
    expect([...made.namedWeights.keys()].sort()).toEqual(Object.keys(golden.weights).sort());
    const outputs = made.predict(x);
    for (const [i, each] of outputs.entries()) expectClose(each.dataSync(), golden.outputs[i]!.value);
    expectLogs(await made.testOnBatch(x, y), golden.evaluation);
    expectLogs(await made.evaluate(x, y), golden.evaluation);
    expectLogs(await made.testOnBatch(x, y, data(golden.sampleWeight)), golden.weighted);
    const each = [data(golden.sampleWeight), data(golden.sampleWeight)];
    expectLogs(await made.testOnBatch(x, y, each), golden.weighted);
  });

  test("three updates, by list and by name", async () => {
    for (const named of [false, true]) {
      const made = build();
      for (const step of golden.steps) {
        const given = named
          ? ([
              { features: x[1]!, tokens: x[0]! },
              { size: y[1]!, kind: y[0]! },
            ] as const)
          : [x, y];
        expectLogs(await made.trainOnBatch(given[0]!, given[1]!), step.logs);
        for (const [name, value] of Object.entries(step.weights)) {
          expectClose(made.namedWeights.get(name)!.dataSync(), value.value, 1e-5);
        }
      }
    }
  });

  test("histories are labelled alike in training, validation and evaluation", async () => {
    const made = build();
    const { history } = await made.fit(x, y, { validationData: [x, y], epochs: 2, batchSize: 3 });
    const names = ["loss", "kind_loss", "size_loss", "kind_accuracy", "size_mae"];
    expect(Object.keys(history)).toEqual([...names, ...names.map((name) => `val_${name}`)]);
    const after = await made.evaluate(x, y);
    for (const name of names) expect(history[`val_${name}`]![1]).toBeCloseTo(after[name]!, 6);
    expect(made.metricDirection("kind_loss")).toBe("down");
    expect(made.metricDirection("kind_accuracy")).toBe("up");
  });

  test("a file keeps weights, connections and how it was compiled", async () => {
    const made = build();
    const again = modelFromBytes<Tensor[]>(modelToBytes(made));
    expect(again.toJSON()).toEqual(made.toJSON());
    for (const [i, each] of again.predict(x).entries()) expectClose(each.dataSync(), golden.outputs[i]!.value);
    expectLogs(await again.trainOnBatch(x, y), golden.steps[0]!.logs);
    expectLogs(await again.trainOnBatch(x, y), golden.steps[1]!.logs);
  });

  test("training in parts is the same training", async () => {
    const options = { batchSize: 2, shuffle: true } as const;
    const whole = build();
    whole.shuffling.setState(build().shuffling.getState());
    const order = whole.shuffling.getState();
    await whole.fit(x, y, { ...options, epochs: 3 });
    const first = build();
    first.shuffling.setState(order);
    await first.fit(x, y, { ...options, epochs: 2 });
    const second = modelFromBytes<Tensor[]>(modelToBytes(first, { includeTrainingState: true }));
    await second.fit(x, y, { ...options, epochs: 3 });
    for (const [name, v] of whole.namedWeights) {
      expect(second.namedWeights.get(name)!.dataSync(), name).toEqual(v.dataSync());
    }
  });
});

describe("connecting layers", () => {
  test("what apply returns is a tensor, and all outputs of the call", () => {
    const x = input({ shape: [5, 3], name: "x" });
    const layer = layers.lstm({ units: 2, returnSequences: true, returnState: true });
    const result = layer.apply(x);
    expectTypeOf(result).toEqualTypeOf<SymbolicTensor<readonly [null, 5, 2]>>();
    const [output, h, c] = result;
    expect(output).toBe(result);
    expect([output, h, c].map((each) => each!.shape)).toEqual([
      [null, 5, 2],
      [null, 2],
      [null, 2],
    ]);
    expect([...x]).toEqual([x]);
  });

  test("one output is a tensor, a list of outputs a list", () => {
    const x = input({ shape: [2] });
    const y = layers.dense({ units: 1 }).apply(x);
    const single = model({ inputs: x, outputs: y });
    const list = model({ inputs: x, outputs: [y] });
    expectTypeOf(single.predict([[1, 2]]).shape[1]).toEqualTypeOf<1>();
    const [only] = list.predict([[1, 2]]);
    expectTypeOf(only.shape[1]).toEqualTypeOf<1>();
    const outputs: SymbolicTensor[] = [y];
    expectTypeOf(model({ inputs: x, outputs }).predict).returns.toEqualTypeOf<Tensor[]>();
    expect(single.predict([[1, 2]]).shape).toEqual([1, 1]);
    expect(list.predict([[1, 2]])).toHaveLength(1);
    expect((single.apply([[1, 2]]) as Tensor).dataSync()).toEqual(list.predict([[1, 2]])[0]!.dataSync());
  });

  test("a chain gives what the sequential model with its weights gives, step by step too", () => {
    const x = input({ shape: [null, 3] });
    const gru = layers.gru({ units: 4, returnSequences: true });
    const dense = layers.dense({ units: 2 });
    const made = model({ inputs: x, outputs: dense.apply(gru.apply(x)) });
    const chain = sequential([layers.gru({ units: 4, returnSequences: true }), layers.dense({ units: 2 })]);
    chain.build([null, null, 3]);
    chain.setWeights(made.getWeights());
    const data = tensor([
      [
        [1, 2, 3],
        [0, 1, 0],
      ],
    ]);
    const expected = chain.predict(data).dataSync();
    expect(made.predict(data).dataSync()).toEqual(expected);
    const stepper = made.stream();
    expectClose([...stepper.step([1, 2, 3]), ...stepper.step([0, 1, 0])], expected);
  });

  test("gradients of a layer used twice add up", () => {
    const [a, b] = [input({ shape: [2] }), input({ shape: [2] })];
    const shared = layers.dense({ units: 1, useBias: false });
    const made = model({ inputs: [a, b], outputs: layers.multiply().apply([shared.apply(a), shared.apply(b)]) });
    made.setWeights([[[0.5], [-2]]]);
    expect(made.countParams()).toBe(2);
    // y = (a·w)(b·w): dy/dw = a (b·w) + b (a·w), with a·w = 0.5 - 4 = -3.5, b·w = 1.5 + 2 = 3.5.
    const { value, grads } = variableGrads(
      () => sum(made.apply([tensor([[1, 2]]), tensor([[3, -1]])])),
      made.trainableWeights,
    );
    expect(value.item()).toBeCloseTo(-12.25, 5);
    const [gradient] = [...(grads instanceof Map ? grads.values() : Object.values(grads))] as Tensor[];
    expectClose(gradient!.dataSync(), [3.5 - 10.5, 7 + 3.5]);
  });

  test("models are layers: weights are shared, files keep them", () => {
    const x = input({ shape: [null, 2] });
    const [sequence, state] = layers.gru({ units: 3, returnSequences: true, returnState: true }).apply(x);
    const encoder = model({ inputs: x, outputs: [sequence!, state!], name: "encoder" });
    const scorer = sequential([layers.dense({ units: 1, inputShape: [3], name: "score" })]);
    const [a, b] = [input({ shape: [4, 2], name: "a" }), input({ shape: [null, 2], name: "b" })];
    const [allOfA, lastOfA] = encoder.apply(a);
    const [, lastOfB] = encoder.apply(b);
    expect(allOfA!.shape).toEqual([null, 4, 3]);
    const difference = layers.subtract().apply([lastOfA!, lastOfB!]);
    const outer = model({ inputs: [a, b], outputs: scorer.apply(difference) });
    expect(outer.countParams()).toBe(encoder.countParams() + 4);
    expect([...outer.namedWeights.keys()][0]).toBe("encoder/gru/kernel");
    const left = tensor(
      Float32Array.from({ length: 8 }, (_, i) => Math.sin(i)),
      [1, 4, 2],
    );
    const right = tensor(
      Float32Array.from({ length: 6 }, (_, i) => Math.cos(i)),
      [1, 3, 2],
    );
    const [, ha] = encoder.predict(left);
    const [, hb] = encoder.predict(right);
    const kernel = scorer.getLayer("score").getWeights()[0]!.dataSync();
    const expected = [...kernel].reduce((s, w, i) => s + w * (ha!.dataSync()[i]! - hb!.dataSync()[i]!), 0);
    expectClose(outer.predict([left, right]).dataSync(), [expected]);
    const again = modelFromBytes(modelToBytes(outer));
    expect(again.predict([left, right]).dataSync()).toEqual(outer.predict([left, right]).dataSync());
    outer.getLayer("encoder").trainable = false;
    expect(outer.trainableWeights.map((v) => v.name)).toEqual(scorer.weights.map((v) => v.name));
    expect(modelFromBytes(modelToBytes(outer)).trainableWeights).toHaveLength(2);
  });

  test("weights of a layer inside and outside of a model inside count once", () => {
    const x = input({ shape: [2] });
    const dense = layers.dense({ units: 2 });
    const inner = model({ inputs: x, outputs: dense.apply(x), name: "inner" });
    const outer = model({ inputs: x, outputs: layers.add().apply([inner.apply(x), dense.apply(x)]) });
    expect(outer.countParams()).toBe(6);
    expect(outer.trainableWeights).toHaveLength(2);
  });

  test("a model as a layer of a sequential model", () => {
    const x = input({ shape: [2] });
    const inner = model({ inputs: x, outputs: layers.dense({ units: 3 }).apply(x), name: "inner" });
    const chain = sequential()
      .add(inner)
      .add(layers.dense({ units: 1 }));
    const before = chain.predict([[1, 2]]).dataSync();
    expect(
      modelFromBytes(modelToBytes(chain))
        .predict([[1, 2]])
        .dataSync(),
    ).toEqual(before);
  });

  test("a clone is an equal model with other weights", () => {
    const x = input({ shape: [2] });
    const made = model({ inputs: x, outputs: layers.dense({ units: 3 }).apply(x) });
    const twin = cloneModel(made);
    expect(twin.toJSON()).toEqual(made.toJSON());
    expect(twin.getWeights()[0]!.dataSync()).not.toEqual(made.getWeights()[0]!.dataSync());
    made.setWeights(twin.getWeights());
    expect(made.predict([[1, 2]]).dataSync()).toEqual(twin.predict([[1, 2]]).dataSync());
  });

  test("the summary says what is connected to what, and counts weights once", () => {
    const [a, b] = [input({ shape: [2], name: "a" }), input({ shape: [2], name: "b" })];
    const shared = layers.dense({ units: 3, name: "shared" });
    const both = layers.add({ name: "both" }).apply([shared.apply(a), shared.apply(b)]);
    const made = model({ inputs: [a, b], outputs: both, name: "pair" });
    const lines: string[] = [];
    const { rows, totalParams } = made.summary({ print: (line) => lines.push(line) });
    expect(rows.map(({ name, params, connectedTo }) => [name, params, connectedTo])).toEqual([
      ["a", 0, []],
      ["b", 0, []],
      ["shared", 9, ["a"]],
      ["shared", 0, ["b"]],
      ["both", 0, ["shared", "shared"]],
    ]);
    expect(totalParams).toBe(9);
    expect(lines.join("\n")).toMatch(/both \(Add\) .*\[\?, 3\] .*shared, shared/);
  });
});

describe("masks belong to tensors", () => {
  // Sums over time: linear, all weights 1.
  const summing = (options: RecurrentOptions = {}) => layers.simpleRNN({ units: 1, ...ones, ...options });

  test("a decoder after repeatVector sees no mask of the encoder's input", () => {
    const x = input({ shape: [4, 1] });
    const encoded = summing().apply(layers.masking().apply(x));
    const decoded = summing({ returnSequences: true }).apply(layers.repeatVector({ n: 4 }).apply(encoded));
    const made = model({ inputs: x, outputs: decoded });
    expect(made.predict([[[1], [1], [0], [0]]]).dataSync()).toEqual(Float32Array.of(2, 4, 6, 8));
  });

  test("an unmasked branch stays unmasked", () => {
    const [a, b] = [input({ shape: [4, 1] }), input({ shape: [4, 1] })];
    const masked = summing().apply(layers.masking({ maskValue: 9 }).apply(a));
    const plain = summing().apply(b);
    const made = model({ inputs: [a, b], outputs: [masked, plain] });
    const outputs = made.predict([[[[1], [9], [9], [9]]], [[[1], [1], [1], [1]]]]);
    expect(outputs.map((each) => each.dataSync()[0])).toEqual([1, 4]);
  });

  test("a masked encoder hands its state to a decoder of another length", () => {
    const [source, target] = [input({ shape: [4, 1] }), input({ shape: [2, 1] })];
    const encoder = summing({ returnState: true });
    const [, state] = encoder.apply(layers.masking().apply(source));
    const decoded = summing({ returnSequences: true }).apply(target, { initialState: [state!] });
    const made = model({ inputs: [source, target], outputs: decoded });
    expect(made.predict([[[[1], [2], [0], [0]]], [[[10], [10]]]]).dataSync()).toEqual(Float32Array.of(13, 23));
  });

  test("padded steps count neither in the loss nor in metrics of their output, and fully in the other", async () => {
    const x = input({ shape: [3, 1] });
    const masked = summing({ returnSequences: true, name: "masked" }).apply(layers.masking().apply(x));
    const plain = summing({ returnSequences: true, name: "plain" }).apply(x);
    const made = model({ inputs: x, outputs: [masked, plain] });
    made.compile({ optimizer: "sgd", loss: "mse", metrics: ["mae", "mae"] });
    // Both outputs are 1, 2, 2.
    const logs = await made.testOnBatch([[[1], [1], [0]]], [[[[0], [0], [1000]]], [[[0], [0], [0]]]]);
    expect(logs.masked_loss).toBeCloseTo((1 + 4) / 2, 5);
    expect(logs.masked_mae).toBeCloseTo((1 + 2) / 2, 5);
    expect(logs.plain_loss).toBeCloseTo((1 + 4 + 4) / 3, 5);
    expect(logs.loss).toBeCloseTo(2.5 + 3, 5);
  });

  test("masks go into and come out of models used as layers", () => {
    const inside = input({ shape: [null, 1] });
    const inner = model({ inputs: inside, outputs: summing({ returnSequences: true }).apply(inside), name: "inner" });
    const x = input({ shape: [4, 1] });
    const made = model({ inputs: x, outputs: summing().apply(inner.apply(layers.masking().apply(x))) });
    // 1, 2 are summed to 1, 3, and these to 4; the padding adds nothing.
    expect(made.predict([[[1], [2], [0], [0]]]).dataSync()).toEqual(Float32Array.of(4));
  });

  test("merged masks: a step counts where any input has it, and always next to an unmasked input", () => {
    const [a, b] = [input({ shape: [3, 1] }), input({ shape: [3, 1] })];
    const mask = layers.masking();
    const both = layers.add().apply([mask.apply(a), layers.masking().apply(b)]);
    const last = (x: SymbolicTensor) => summing({ zeroOutputForMask: true, returnSequences: true }).apply(x);
    const made = model({ inputs: [a, b], outputs: [last(both), last(layers.add().apply([mask.apply(a), b]))] });
    const [joined, open] = made.predict([[[[1], [0], [0]]], [[[1], [1], [0]]]]);
    expect([...joined!.dataSync()]).toEqual([2, 3, 0]);
    expect([...open!.dataSync()]).toEqual([2, 3, 3]);
  });
});

describe("mistakes are named", () => {
  test("in data", async () => {
    const [a, b] = [input({ shape: [2], name: "left" }), input({ shape: [2], name: "right" })];
    const made = model({ inputs: [a, b], outputs: layers.add().apply([a, b]) });
    const rows = [[1, 2]];
    expect(() => made.predict(rows)).toThrow(/x must hold 2 arrays, one for each of left, right/);
    expect(() => made.predict({ left: rows, rigth: rows })).toThrow(/no input "rigth"[\s\S]*did you mean "right"/);
    expect(() => made.predict({ left: rows })).toThrow(/x, right is missing/);
    expect(() => made.predict([rows, [[1, 2, 3]]])).toThrow(/input right: [\s\S]*\[1, 3\][\s\S]*\[\?, 2\]/);
    expect(() => made.predict([rows, [...rows, ...rows]])).toThrow(/x, left and x, right hold different numbers/);
    expect(() => made.apply([tensor(rows)])).toThrow(/another number of inputs/);
  });

  test("in compile", () => {
    const x = input({ shape: [2] });
    const outputs = [
      layers.dense({ units: 1, name: "one" }).apply(x),
      layers.dense({ units: 1, name: "two" }).apply(x),
    ];
    const made = model({ inputs: x, outputs });
    const compile = (options: object) => () => made.compile({ optimizer: "sgd", loss: "mse", ...options });
    expect(compile({ loss: { onne: "mse" } })).toThrow(/no output "onne"[\s\S]*did you mean "one"/);
    expect(compile({ loss: ["mse"] })).toThrow(/one entry for each output[\s\S]*2: one, two/);
    expect(compile({ loss: [null, null] })).toThrow(/at least one output/);
    expect(compile({ metrics: ["mae"] })).toThrow(/metrics must have one entry/);
    expect(compile({ lossWeights: [1, Number.NaN] })).toThrow(/finite/);
    expect(compile({ lossweights: [1, 1] })).toThrow(/did you mean "lossWeights"/);
  });

  test("in connections", () => {
    const [x, y] = [input({ shape: [2], name: "x" }), input({ shape: [2], name: "y" })];
    const both = layers.add().apply([x, y]);
    expect(() => model({ inputs: x, outputs: both })).toThrow(/depends on an input that the model lacks[\s\S]*"y"/);
    expect(() => model({ inputs: [x, input({ shape: [1], name: "x" })], outputs: x })).toThrow(/two inputs named "x"/);
    expect(() => model({ inputs: tensor([1]) as never, outputs: both })).toThrow(/symbolic tensors as inputs/);
    const twins = [layers.dense({ units: 1, name: "d" }), layers.dense({ units: 1, name: "d" })];
    expect(() => model({ inputs: x, outputs: twins.map((d) => d.apply(x)) })).toThrow(/two layers named "d"/);
    // @ts-expect-error The compiler knows as well.
    expect(() => layers.add().apply([x, input({ shape: [3] })])).toThrow(/same shape[\s\S]*\[\?, 2\], \[\?, 3\]/);
    // @ts-expect-error
    expect(() => layers.dense({ units: 1 }).apply([x, y])).toThrow(/takes one input[\s\S]*2 inputs/);
    expect(() => layers.add().apply([x, tensor([[1, 2]])] as never)).toThrow(/cannot be mixed/);
    expect(() => layers.lstm({ units: 2 }).apply(x as SymbolicTensor)).toThrow(/rank/);
    expect(() => layers.dense({ units: 1 }).apply(x, { training: true } as never)).toThrow(/no option "training"/);
    expect(() => input({ shape: [0] })).toThrow(/shape of one example/);
    expect(() => input({ shape: [2], type: "int32" } as never)).toThrow(/no option "type"/);
    expect(() => model({ inputs: [x, y], outputs: both }).stream()).toThrow(/cannot be streamed/);
  });

  test("in files", () => {
    const x = input({ shape: [2] });
    const saved = JSON.parse(JSON.stringify(model({ inputs: x, outputs: layers.dense({ units: 1 }).apply(x) })));
    const broken = { ...saved, config: { ...saved.config, outputs: [7, 0] } };
    expect(() => cloneModel({ toJSON: () => broken } as never)).toThrow(/which nothing makes/);
    expect(() => cloneModel({ toJSON: () => ({ ...saved, config: {} }) } as never)).toThrow(/not the configuration/);
  });
});

test("an operation of one's own between layers is a layer", () => {
  const x = input({ shape: [2] });
  const doubled = layers.activation({ activation: (v: Tensor) => mul(v, 2) }).apply(x);
  expect(
    model({ inputs: x, outputs: doubled })
      .predict([[1, 2]])
      .dataSync(),
  ).toEqual(Float32Array.of(2, 4));
});
