// Behaviour that other libraries got wrong and their users ran into; every test is one such report.
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type BatchShape,
  callbacks,
  model as functional,
  getBackend,
  grad,
  initializers,
  input,
  Layer,
  layers,
  losses,
  type Model,
  MultiInputLayer,
  matMul,
  memory,
  metrics,
  modelFromBytes,
  modelToBytes,
  oneHot,
  ones,
  optimizers,
  regularizers,
  type SymbolicTensor,
  sequential,
  setBackend,
  sum,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.js";
import { otherBackends } from "../support/backends.js";
import { expectClose } from "../support/golden.js";
import { numbersLike } from "../support/sine.js";

/** Counts the valid steps it sees: x + state, all weights being one. */
function counter(options: { returnSequences?: boolean; returnState?: boolean; name?: string } = {}) {
  const initial = { kernelInitializer: "ones", recurrentInitializer: "ones" } as const;
  return layers.simpleRNN({ units: 1, activation: "linear", ...initial, ...options });
}

const masked = tensor([
  [[1], [1], [0], [0]],
  [[1], [1], [1], [1]],
]);

describe("masks", () => {
  test("an encoder's mask does not reach the decoder behind repeatVector", () => {
    const model = sequential([
      layers.masking({ inputShape: [4, 1] }),
      counter(),
      layers.repeatVector({ n: 4 }),
      counter({ returnSequences: true }),
    ]);
    // The encoder counts 2 valid steps; the decoder then adds that up at every one of its own.
    expect([...model.predict(masked).dataSync()]).toEqual([2, 4, 6, 8, 4, 8, 12, 16]);
  });

  test("each branch of a model has the mask of its own input", () => {
    const [a, b] = [input({ shape: [4, 1] }), input({ shape: [4, 1] })];
    const first = counter().apply(layers.masking().apply(a));
    const second = counter().apply(b);
    const both = functional({ inputs: [a, b], outputs: [first, second] });
    const [left, right] = both.predict([masked, ones([2, 4, 1])]);
    expect([...left!.dataSync()]).toEqual([2, 4]);
    expect([...right!.dataSync()]).toEqual([4, 4]);
  });

  test("masked encoder and decoder of other lengths, joined by states", () => {
    const [long, short] = [input({ shape: [4, 1] }), input({ shape: [2, 1] })];
    const [, state] = counter({ returnState: true }).apply(
      layers.masking().apply(long),
    ) as Iterable<SymbolicTensor> as [SymbolicTensor, SymbolicTensor];
    const out = counter().apply(layers.masking().apply(short), { initialState: [state] });
    const both = functional({ inputs: [long, short], outputs: out });
    expect([
      ...both
        .predict([
          masked,
          tensor([
            [[1], [0]],
            [[1], [1]],
          ]),
        ])
        .dataSync(),
    ]).toEqual([2 + 1, 4 + 2]);
  });

  test("padded steps do not count in loss and metrics, whatever their targets", async () => {
    const model = sequential([layers.masking({ inputShape: [4, 1] }), counter({ returnSequences: true })]);
    model.compile({ optimizer: "sgd", loss: "mse", metrics: ["mae"] });
    const targets = (padding: number) =>
      tensor([
        [[1], [1], [padding], [padding]],
        [[1], [2], [3], [3]],
      ]);
    const [plain, wild] = [await model.evaluate(masked, targets(0)), await model.evaluate(masked, targets(100))];
    expect(wild).toEqual(plain);
    // Six steps count; two of them are off by one.
    expect(plain.loss).toBeCloseTo(2 / 6, 6);
    expect(plain.mae).toBeCloseTo(2 / 6, 6);
  });

  test("pooling over time leaves padded steps out", () => {
    const model = sequential([layers.masking({ inputShape: [4, 1] }), layers.globalAveragePooling1d()]);
    expect([...model.predict(tensor([[[3], [5], [0], [0]]])).dataSync()]).toEqual([4]);
  });

  test("a layer with several inputs is told the mask of each", () => {
    const seen: (string | null)[][] = [];
    class Two extends MultiInputLayer {
      readonly className = "Two";
      override callMany([a]: readonly Tensor[], { masks }: { readonly masks: readonly (Tensor | null)[] }) {
        seen.push(masks.map((mask) => mask && String(mask.dataSync())));
        return a!;
      }
      override computeOutputShapeMany([shape]: readonly BatchShape[]) {
        return shape!;
      }
    }
    const [a, b, c] = [0, 1, 2].map(() => input({ shape: [2, 1] })) as [SymbolicTensor, SymbolicTensor, SymbolicTensor];
    const mask = () => layers.masking();
    const two = functional({ inputs: [a, b, c], outputs: new Two().apply([mask().apply(a), b, mask().apply(c)]) });
    two.predict([tensor([[[1], [0]]]), ones([1, 2, 1]), tensor([[[0], [1]]])]);
    expect(seen).toEqual([["1,0", null, "0,1"]]);
  });

  test("the layer inside timeDistributed is not given the outer mask", () => {
    const seen: unknown[] = [];
    class Inner extends Layer {
      readonly className = "Inner";
      call(x: Tensor, { mask }: { readonly mask: Tensor | null }) {
        if (mask && mask.rank > 1) seen.push(mask.shape);
        return x;
      }
      computeOutputShape(shape: BatchShape) {
        return shape;
      }
    }
    sequential([layers.masking({ inputShape: [4, 1] }), layers.timeDistributed({ layer: new Inner() })]).predict(
      masked,
    );
    expect(seen).toEqual([]);
  });
});

describe("stacked cells", () => {
  const stack = () => [
    layers.gruCell({ units: 3, dropout: 0.5 }),
    layers.lstmCell({ units: 2, recurrentDropout: 0.5 }),
  ];

  test("with dropout: train with a smaller last batch, then predict without dropout", async () => {
    const model = sequential([layers.rnn({ cell: stack(), inputShape: [4, 2] }), layers.dense({ units: 1 })]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const x = tensor(numbersLike(40, 0.1), [5, 4, 2]);
    const losses = await model.fit(x, zeros([5, 1]), { batchSize: 2, epochs: 2 });
    expect(losses.history.loss!.every(Number.isFinite)).toBe(true);
    expect(model.predict(x).dataSync()).toEqual(model.predict(x).dataSync());
    const plain = sequential([
      layers.rnn({ cell: [layers.gruCell({ units: 3 }), layers.lstmCell({ units: 2 })], inputShape: [4, 2] }),
      layers.dense({ units: 1 }),
    ]);
    plain.setWeights(model.getWeights());
    expectClose(model.predict(x).dataSync(), plain.predict(x).dataSync(), 1e-6);
  });

  test("a fixed seed fixes the sequence of dropout masks, not one mask for ever", () => {
    const layer = layers.dropout({ rate: 0.5, seed: 4 });
    const draw = () => String((layer.apply(ones([1, 32]), { training: true }) as Tensor).dataSync());
    const [first, second] = [draw(), draw()];
    expect(second).not.toBe(first);
    const again = layers.dropout({ rate: 0.5, seed: 4 });
    expect(String((again.apply(ones([1, 32]), { training: true }) as Tensor).dataSync())).toBe(first);
  });

  test("run in both directions, and take weights back in their order", () => {
    const both = sequential([layers.bidirectional({ layer: layers.rnn({ cell: stack() }), inputShape: [4, 2] })]);
    const x = tensor(numbersLike(16, 0.1), [2, 4, 2]);
    expect(both.predict(x).shape).toEqual([2, 4]);
    const copy = modelFromBytes(modelToBytes(both));
    expect(copy.predict(x).dataSync()).toEqual(both.predict(x).dataSync());
    const layer = layers.rnn({ cell: stack() });
    layer.apply(x);
    const values = layer.getWeights().map((w, i) => w.mul(0).add(i + 1));
    layer.setWeights(values);
    expect(layer.getWeights().map((w) => w.dataSync()[0])).toEqual(values.map((_, i) => i + 1));
  });
});

describe("losses and logs", () => {
  async function twoOutputs(): Promise<Model<Tensor[]>> {
    const x = input({ shape: [1] });
    const out = (name: string) => layers.dense({ units: 1, name, kernelInitializer: "zeros" }).apply(x);
    const both = functional({ inputs: x, outputs: [out("o1"), out("o2")] });
    both.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: "mse" });
    return both;
  }

  test("values of several outputs carry their own names, in training and validation", async () => {
    const both = await twoOutputs();
    const [x, y] = [ones([4, 1]), [ones([4, 1]), ones([4, 1]).mul(3)]];
    expect(await both.evaluate(x, y)).toEqual({ loss: 10, o1_loss: 1, o2_loss: 9 });
    const { history } = await both.fit(x, y, { validationData: [x, y] });
    expect(history).toEqual({
      loss: [10],
      o1_loss: [1],
      o2_loss: [9],
      val_loss: [10],
      val_o1_loss: [1],
      val_o2_loss: [9],
    });
  });

  test("lossWeights count, and misspelt options are errors", async () => {
    const both = await twoOutputs();
    const data = [ones([4, 1]), [ones([4, 1]), ones([4, 1]).mul(3)]] as const;
    both.compile({ optimizer: "sgd", loss: "mse", lossWeights: [1, 0.5] });
    expect((await both.evaluate(...data)).loss).toBe(1 + 4.5);
    expect(() => both.compile({ optimizer: "sgd", loss: "mse", lossWeight: [1, 2] } as never)).toThrow(
      /did you mean "lossWeights"/,
    );
    expect(() => layers.lstm({ units: 1, returnSequence: true } as never)).toThrow(/did you mean "returnSequences"/);
  });

  test("val_loss includes the penalties of regularized weights, as loss does", async () => {
    const dense = layers.dense({
      units: 1,
      inputShape: [1],
      useBias: false,
      kernelInitializer: "ones",
      kernelRegularizer: regularizers.l2({ l2: 1 }),
    });
    const model = sequential([dense]);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: "mse" });
    const { history } = await model.fit([[1]], [[1]], { validationData: [[[1]], [[1]]] });
    expect(history).toEqual({ loss: [1], val_loss: [1] });
  });

  test("precision and recall need no threshold", async () => {
    const [precision, recall] = [metrics.precision(), metrics.recall()];
    for (const metric of [precision, recall]) metric.update(tensor([1, 0, 1, 1]), tensor([0.9, 0.8, 0.4, 0.7]));
    expect([precision.result(), recall.result()]).toEqual([2 / 3, 2 / 3]);
  });

  test("sample weights, steps per epoch and the best weights again", async () => {
    const model = sequential([layers.dense({ units: 1, inputShape: [1], kernelInitializer: "zeros" })]);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 3 }), loss: "mse" });
    const weighted = await model.testOnBatch([[1], [1]], [[1], [3]], [1, 0]);
    expect(weighted.loss).toBe(0.5);
    const best = callbacks.earlyStopping({ monitor: "loss", patience: 2, restoreBestWeights: true });
    const { epoch } = await model.fit([[1], [1]], [[1], [1]], { epochs: 9, stepsPerEpoch: 1, callbacks: best });
    expect(epoch).toEqual([0, 1, 2]);
    // The loss of an epoch is that before its update: the weights kept are those after the first one.
    expect(model.getWeights()[0]!.dataSync()[0]).toBeCloseTo(6, 5);
  });
});

describe("layers", () => {
  test.each(otherBackends())("embedding and conv1d train on %s", async (name) => {
    const before = getBackend();
    setBackend(name);
    onTestFinished(() => setBackend(before));
    const model = sequential([
      layers.embedding({ inputDim: 6, outputDim: 4, inputShape: [5] }),
      layers.conv1d({ filters: 4, kernelSize: 2, padding: "causal", activation: "relu" }),
      layers.globalAveragePooling1d(),
      layers.dense({ units: 1 }),
    ]);
    model.compile({ optimizer: optimizers.adam({ learningRate: 0.05 }), loss: "mse" });
    const x = tensor([
      [0, 1, 2, 3, 4],
      [5, 4, 3, 2, 1],
      [1, 1, 2, 2, 3],
    ]);
    const start = model.getWeights().map((w) => w.dataSync());
    const { history } = await model.fit(x, tensor([[1], [-1], [0.5]]), { epochs: 20 });
    expect(history.loss!.at(-1)!).toBeLessThan(history.loss![0]! / 2);
    for (const [i, w] of model.getWeights().entries()) expect(w.dataSync()).not.toEqual(start[i]);
  });

  test.each([[{ scale: false }], [{ center: false }], [{ scale: false, center: false }]])(
    "batch normalization trains with %j",
    async (options) => {
      const model = sequential([
        layers.dense({ units: 3, inputShape: [2] }),
        layers.batchNormalization(options),
        layers.dense({ units: 1 }),
      ]);
      model.compile({ optimizer: "sgd", loss: "mse" });
      const { history } = await model.fit(tensor(numbersLike(12, 0.2), [6, 2]), zeros([6, 1]), { epochs: 2 });
      expect(history.loss![1]).toBeLessThan(history.loss![0]!);
    },
  );

  test("softmax works on the last axis of [batch, time, classes]", () => {
    const y = layers.softmax().apply(tensor(numbersLike(2 * 3 * 4, 0.5), [2, 3, 4])) as Tensor;
    expectClose(sum(y, -1).dataSync(), new Float32Array(6).fill(1), 1e-6);
  });

  test("a wide orthogonal recurrent kernel is orthogonal; it and other initializers need no options", () => {
    const q = initializers.orthogonal().apply([192, 192]);
    const product = matMul(q, q, { transposeA: true }).dataSync();
    let worst = 0;
    for (let i = 0; i < 192 * 192; i++) worst = Math.max(worst, Math.abs(product[i]! - (i % 193 === 0 ? 1 : 0)));
    expect(worst).toBeLessThan(1e-4);
    const inRange = initializers.randomUniform({ minval: 0, maxval: 2 }).apply([500]).dataSync();
    expect(Math.min(...inRange)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...inRange)).toBeGreaterThan(1);
    expect([...initializers.randomNormal({ mean: 3, stddev: 0 }).apply([3]).dataSync()]).toEqual([3, 3, 3]);
  });

  test("the defaults are those of Keras 3: reset-after GRU, forget bias, sigmoid gates", () => {
    expect(layers.gru({ units: 2 }).getConfig()).toMatchObject({ resetAfter: true, recurrentActivation: "sigmoid" });
    const lstm = layers.lstm({ units: 2, inputShape: [3, 1] });
    sequential([lstm]);
    expect([...lstm.getWeights()[2]!.dataSync()]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  });
});

describe("training and memory", () => {
  test("plain arrays are data; unknown optimizers are named", async () => {
    const model = sequential([layers.dense({ units: 1, inputShape: [1], kernelInitializer: "ones" })]);
    expect(model.predict([[4]]).arraySync()).toEqual([[4]]);
    expect(() => model.compile({ optimizer: "momentum" as never, loss: "mse" })).toThrow(/sgd, rmsprop, adam/);
  });

  test("stateful training keeps no tensors from batch to batch", async () => {
    const model = sequential([
      layers.lstm({ units: 3, stateful: true, inputShape: [4, 2] }),
      layers.dense({ units: 1 }),
    ]);
    model.compile({ optimizer: "adam", loss: "mse" });
    const x = tensor(numbersLike(2 * 4 * 2, 0.1), [2, 4, 2]);
    const y = zeros([2, 1]);
    const counts: number[] = [];
    for (let i = 0; i < 12; i++) {
      await model.trainOnBatch(x, y);
      counts.push(memory().tensors);
    }
    expect(counts.at(-1)).toBeLessThanOrEqual(counts[2]!);
  });

  test("a loop of one's own leaves no tensors behind", () => {
    const model = sequential([layers.gru({ units: 3, inputShape: [4, 2] }), layers.dense({ units: 1 })]);
    const x = tensor(numbersLike(2 * 4 * 2, 0.1), [2, 4, 2]);
    const adam = optimizers.adam();
    const counts: number[] = [];
    for (let i = 0; i < 12; i++) {
      adam.minimize(() => sum(model.apply(x).square()), model.trainableWeights).dispose();
      counts.push(memory().tensors);
    }
    expect(counts.at(-1)).toBeLessThanOrEqual(counts[2]!);
  });

  test("labels and logits: what has a gradient is differentiable through the loss", () => {
    const loss = losses.categoricalCrossentropy({ fromLogits: true, labelSmoothing: 0.1 });
    const targets = oneHot(tensor([1], [1], "int32"), 3);
    const g = grad((p: Tensor) => sum(loss.call(targets, p)))(tensor([[1, 2, 3]]));
    expect(sum(g).item()).toBeCloseTo(0, 5);
    expect(g.dataSync()[2]).toBeGreaterThan(0.5);
  });
});
