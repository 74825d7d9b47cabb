import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/golden.js";
import { numbersLike } from "../../test/support/sine.js";
import {
  type Batch,
  cloneModel,
  GradientTape,
  Layer,
  layers,
  Model,
  type ModelCallContext,
  metrics,
  modelFromBytes,
  modelToBytes,
  ones,
  optimizers,
  registerModel,
  regularizers,
  scope,
  sequential,
  type Tensor,
  tensor,
  variable,
} from "../index.js";

class Tagger extends Model<Tensor> {
  readonly className = "Tagger";
  readonly words;
  readonly lstm;
  readonly blocks;
  readonly head = sequential([layers.dense({ units: 5, activation: "tanh" }), layers.dropout({ rate: 0.3 })]);
  readonly tags = layers.dense({ units: 3, activation: "softmax" });

  constructor(readonly options: { units?: number; name?: string } = {}) {
    super(options);
    const units = options.units ?? 4;
    this.words = layers.embedding({ inputDim: 9, outputDim: units, maskZero: true });
    this.lstm = layers.lstm({ units, returnSequences: true });
    this.blocks = [
      layers.dense({ units, kernelRegularizer: regularizers.l2({ l2: 0.01 }) }),
      layers.layerNormalization(),
    ];
  }

  override call(x: Tensor, { training }: ModelCallContext): Tensor {
    let y = this.lstm.apply(this.words.apply(x)) as Tensor;
    for (const block of this.blocks) y = block.apply(y) as Tensor;
    return this.tags.apply(this.head.apply(y, { training })) as Tensor;
  }

  override getConfig() {
    return { ...super.getConfig(), units: this.options.units ?? 4 };
  }
}
registerModel("Tagger", Tagger);

/** A layer's state, by the name "it". */
function stateOf(layer: Layer) {
  const state = { tensors: {}, generators: {} };
  layer.collectState("it", state);
  return state;
}

/** The same layers, chained. */
const chained = (m: Tagger) => sequential([m.words, m.lstm, ...m.blocks, m.head.asLayer(), m.tags]);

const x = tensor([
  [3, 1, 4, 1],
  [5, 8, 0, 0],
  [2, 6, 5, 0],
]);
const y = tensor([
  [0, 1, 2, 1],
  [2, 2, 0, 0],
  [1, 0, 2, 0],
]);

describe("a class with a call", () => {
  test("is the model its layers make when chained: outputs, masks, loss, weights", async () => {
    const own = new Tagger();
    const twin = chained(own);
    const compile = { optimizer: "sgd", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] } as const;
    expectClose(own.predict(x).dataSync(), twin.predict(x).dataSync(), 1e-6);
    expect(own.outputShape).toEqual([null, 4, 3]);
    own.compile(compile);
    twin.compile(compile);
    const [a, b] = [await own.evaluate(x, y), await twin.evaluate(x, y)];
    expect(a.loss).toBeCloseTo(b.loss!, 6);
    expect(a.accuracy).toBeCloseTo(b.accuracy!, 6);
    expect(own.countParams()).toBe(twin.countParams());
  });

  test("learns, with fewer examples in the last batch and other lengths", async () => {
    const own = new Tagger();
    own.compile({ optimizer: optimizers.adam({ learningRate: 0.05 }), loss: "sparseCategoricalCrossentropy" });
    const { history } = await own.fit(x, y, { epochs: 30, batchSize: 2 });
    expect(history.loss!.at(-1)!).toBeLessThan(history.loss![0]! / 2);
    expect(own.predict([[3, 1]]).shape).toEqual([1, 2, 3]);
  });

  test("names weights by field, lists layers, finds them", () => {
    const own = new Tagger({ name: "mine" });
    own.build([null, 4]);
    expect([...own.namedWeights.keys()]).toEqual([
      "words/embeddings",
      "lstm/kernel",
      "lstm/recurrent_kernel",
      "lstm/bias",
      "blocks/0/kernel",
      "blocks/0/bias",
      "blocks/1/gamma",
      "blocks/1/beta",
      "head/0/kernel",
      "head/0/bias",
      "tags/kernel",
      "tags/bias",
    ]);
    expect(own.getLayer("blocks/1")).toBe(own.blocks[1]);
    expect(own.getLayer(1)).toBe(own.lstm);
    const lines: string[] = [];
    const { rows, totalParams } = own.summary({ print: (line) => lines.push(line) });
    expect(rows.map(({ name, outputShape }) => [name, outputShape])).toContainEqual(["lstm", [null, 4, 4]]);
    expect(totalParams).toBe(own.countParams());
    expect(lines.join("\n")).toMatch(/tags \(Dense\)/);
  });

  test("is saved and loaded with its compilation; goes on with the same bits", async () => {
    const own = new Tagger({ units: 3 });
    own.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
    await own.fit(x, y, { epochs: 2 });
    const loaded = modelFromBytes(modelToBytes(own, { includeTrainingState: true })) as Tagger;
    expect(loaded).toBeInstanceOf(Tagger);
    expect(loaded.predict(x).dataSync()).toEqual(own.predict(x).dataSync());
    await loaded.fit(x, y, { epochs: 4 });
    await own.fit(x, y, { epochs: 4, initialEpoch: 2 });
    expect(loaded.predict(x).dataSync()).toEqual(own.predict(x).dataSync());
    expect(cloneModel(own).countParams()).toBe(own.countParams());
  });

  test("can be a layer of another model", () => {
    const own = new Tagger();
    const outer = sequential([own.asLayer(), layers.globalAveragePooling1d()]);
    expect(outer.predict(x).shape).toEqual([3, 3]);
    const again = cloneModel(outer);
    again.build([null, null]);
    again.setWeights(outer.getWeights());
    expect(again.predict(x).dataSync()).toEqual(outer.predict(x).dataSync());
  });

  test("masks come with tensors through layers and models that are applied one by one", () => {
    const embed = layers.embedding({ inputDim: 9, outputDim: 3, maskZero: true });
    const gru = layers.gru({ units: 2, returnSequences: true });
    const pool = layers.globalAveragePooling1d();
    const chain = sequential([embed, gru, pool]);
    const expected = chain.predict(x).dataSync();
    const h = gru.apply(embed.apply(x)) as Tensor;
    expectClose((pool.apply(h) as Tensor).dataSync(), expected, 1e-6);
    expectClose((pool.apply(sequential([embed, gru]).apply(x)) as Tensor).dataSync(), expected, 1e-6);
    const unmasked = pool.apply(gru.apply(embed.apply(x) as Tensor, { mask: null })) as Tensor;
    expect(unmasked.dataSync()[2]).not.toBeCloseTo(expected[2]!, 4);
  });

  test("penalties of regularized outputs count, also inside models in fields", async () => {
    const penalized = () => layers.dense({ units: 2, activityRegularizer: regularizers.l2({ l2: 0.5 }) });
    class Penalized extends Model<Tensor> {
      readonly className = "Penalized";
      readonly first = penalized();
      readonly rest = sequential([penalized()]);
      override call(input: Tensor) {
        return this.rest.apply(this.first.apply(input) as Tensor);
      }
    }
    const own = new Penalized();
    const data = [tensor(numbersLike(6, 0.3), [3, 2]), tensor(numbersLike(6, 0.6), [3, 2])] as const;
    own.build([null, 2]);
    const twin = sequential([own.first, own.rest.asLayer()]);
    for (const each of [own, twin]) each.compile({ optimizer: "sgd", loss: "mse" });
    const { loss } = await own.evaluate(...data);
    expect(loss).toBeCloseTo((await twin.evaluate(...data)).loss!, 6);
    twin.compile({ optimizer: "sgd", loss: "mse", metrics: ["mse"] });
    expect(loss).toBeGreaterThan((await twin.evaluate(...data)).mse! + 1e-3);
  });

  test("a model with states as a layer moves them once for each call", () => {
    const inner = sequential([layers.gru({ units: 2, stateful: true, inputShape: [3, 1] })]);
    const data = tensor(numbersLike(6, 0.3), [2, 3, 1]);
    const apply = () => (inner.asLayer().apply(data) as Tensor).dataSync();
    const [first, second] = [apply(), apply()];
    inner.resetStates();
    expect(inner.apply(data).dataSync()).toEqual(first);
    expect(inner.apply(data).dataSync()).toEqual(second);
  });

  test("several inputs and outputs by name", async () => {
    class Two extends Model<Tensor[]> {
      readonly className = "Two";
      readonly a = layers.dense({ units: 2 });
      readonly b = layers.dense({ units: 1 });
      override get partNames() {
        return { inputs: ["left", "right"], outputs: ["a", "b"] };
      }
      override call([left, right]: readonly Tensor[]) {
        return [this.a.apply(left!) as Tensor, this.b.apply(right!) as Tensor];
      }
    }
    const two = new Two();
    two.compile({ optimizer: "sgd", loss: { a: "mse", b: "mae" } });
    const data = { left: ones([4, 3]), right: ones([4, 5]) };
    const { history } = await two.fit(data, { a: ones([4, 2]), b: ones([4, 1]) }, { epochs: 2 });
    expect(history.a_loss![0]! + history.b_loss![0]!).toBeCloseTo(history.loss![0]!, 5);
    expect(two.predict(data).map(({ shape }) => shape)).toEqual([
      [4, 2],
      [4, 1],
    ]);
  });

  test("mistakes", () => {
    class Nothing extends Model<Tensor> {
      readonly className = "Nothing";
    }
    expect(() => new Nothing().predict([[1]])).toThrow(/override call/);
    class Raw extends Model<Tensor> {
      readonly className = "Raw";
      readonly w = variable(tensor([1]));
      override call(input: Tensor) {
        return input;
      }
    }
    expect(() => new Raw().predict([[1]])).toThrow(/what is in "w"[\s\S]*addWeight/);
    class Two extends Model<Tensor> {
      readonly className = "Two";
      override call(input: Tensor) {
        return [input, input];
      }
    }
    expect(() => new Two().predict([[1]])).toThrow(/must return 1 tensors[\s\S]*2 tensors/);
    expect(() => new Tagger().stream()).toThrow(/built/);
    const own = new Tagger();
    own.build([null, 4]);
    expect(() => own.stream()).toThrow(/cannot be streamed/);
    expect(() => registerModel("Sequential", Tagger)).toThrow(/built-in/);
    class Unknown extends Tagger {
      override readonly className: "Tagger" = "Unknown" as "Tagger";
    }
    expect(() => cloneModel(new Unknown())).toThrow(/registerModel\("Unknown"/);
  });

  test("says in which layer numbers stopped being finite", async () => {
    class Explode extends Layer {
      readonly className = "Explode";
      call(input: Tensor) {
        return input.mul(1e30).mul(1e30);
      }
      computeOutputShape(shape: readonly (number | null)[]) {
        return shape;
      }
    }
    class Bad extends Model<Tensor> {
      readonly className = "Bad";
      readonly first = layers.dense({ units: 2 });
      readonly second = new Explode();
      override call(input: Tensor) {
        return this.second.apply(this.first.apply(input)) as Tensor;
      }
    }
    const bad = new Bad({ name: "bad" });
    bad.compile({ optimizer: "sgd", loss: "mse" });
    await expect(bad.fit(ones([2, 2]), ones([2, 2]))).rejects.toThrow(/bad, layer second/);
  });
});

describe("a training step of one's own", () => {
  class Careful extends Tagger {
    override trainStep(batch: Batch) {
      return scope(() => {
        const { x, y, sampleWeight } = batch.read();
        this.prepare(x);
        using tape = new GradientTape();
        const yPred = this.apply(x[0]!, { training: true });
        const loss = this.computeLoss(y![0]!, yPred, sampleWeight[0]);
        const variables = this.trainableWeights;
        this.optimizer.apply(tape.gradient(loss, variables), variables);
        this.updateMetrics({ loss, y: y![0]!, yPred });
        return loss.item();
      });
    }
  }

  test("that does what the built-in one does gives the same weights and logs", async () => {
    const [plain, careful] = [new Tagger(), new Careful()];
    for (const each of [plain, careful]) {
      each.build([null, 4]);
      each.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: [metrics.accuracy()] });
    }
    careful.setWeights(plain.getWeights());
    careful.head.layers[1]!.restoreState("it", stateOf(plain.head.layers[1]!));
    const options = { epochs: 3, batchSize: 2, shuffle: false };
    const a = await plain.fit(x, y, options);
    const b = await careful.fit(x, y, options);
    for (const name of ["loss", "accuracy"]) expectClose(b.history[name]!, a.history[name]!, 1e-5);
    careful.getWeights().forEach((w, i) => {
      expectClose(w.dataSync(), plain.getWeights()[i]!.dataSync(), 1e-5);
    });
  });

  test("may return values by name; their means are logged, and watched by callbacks", async () => {
    class Counting extends Model<Tensor> {
      readonly className = "Counting";
      readonly dense = layers.dense({ units: 1 });
      private step = 0;
      override call(input: Tensor) {
        return this.dense.apply(input) as Tensor;
      }
      override trainStep(batch: Batch) {
        this.prepare(batch.read().x);
        return { loss: ++this.step, size: batch.size };
      }
    }
    const counting = new Counting();
    counting.compile({ optimizer: "sgd" });
    const data = numbersLike(5, 0.1);
    const { history } = await counting.fit(tensor(data, [5, 1]), tensor(data, [5, 1]), { batchSize: 2, epochs: 2 });
    // Batches of 2, 2 and 1.
    expect(history.loss).toEqual([(2 * 1 + 2 * 2 + 3) / 5, (2 * 4 + 2 * 5 + 6) / 5]);
    expect(history.size).toEqual([9 / 5, 9 / 5]);
    expect(await counting.trainOnBatch([[1]], [[1]])).toEqual({ loss: 7, size: 1 });
    await expect(counting.evaluate([[1]], [[1]])).rejects.toThrow(/compiled without a loss/);
  });
});
