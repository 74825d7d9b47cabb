import { describe, expect, test } from "vitest";
import { type GoldenLayer, goldenLayers } from "../../test/layers/golden.js";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../test/support/golden.js";
import { GradientTape } from "../autograd/index.js";
import { model } from "../model/functional.js";
import { Model } from "../model/model.js";
import { sequential } from "../model/sequential.js";
import { addN } from "../tensor/ops/arithmetic.js";
import { randomNormal } from "../tensor/ops/random.js";
import { scope } from "../tensor/scope.js";
import type { Tensor } from "../tensor/tensor.js";
import { input, layers } from "./index.js";
import { Layer } from "./layer.js";

interface Case {
  readonly id: string;
  readonly layer: GoldenLayer;
  readonly weights: readonly (GoldenArray & { readonly grad: readonly number[] })[];
  readonly input: GoldenArray;
  readonly penalty: number;
  readonly inputGrad: GoldenArray;
}

interface Steps {
  readonly first: GoldenLayer;
  readonly second: GoldenLayer;
  readonly weights: readonly GoldenArray[];
  readonly x: readonly GoldenArray[];
  readonly y: GoldenArray;
  readonly runs: readonly { readonly id: string; readonly loss: number; readonly grads: readonly number[][] }[];
}

const { cases, steps } = readGolden<{ cases: Case[]; steps: Steps }>("activity");

test.each(cases.map((golden) => [golden.id, golden] as const))("%s: penalty and gradients are Keras'", (_, golden) => {
  const layer = goldenLayers(golden.layer)[0]!;
  const x = toTensor(golden.input);
  layer.ensureBuilt(x.shape);
  layer.setWeights(golden.weights.map((w) => toTensor(w)));
  using tape = new GradientTape();
  tape.watch(x);
  const penalties: Tensor[] = [];
  layer.callWithMasks([x], { training: true, masks: [null], penalties: (_, penalty) => penalties.push(penalty) });
  const total = addN(penalties);
  expectClose(total.dataSync(), [golden.penalty], 1e-6);
  const [own, ...rest] = tape.gradient(total, [x, ...layer.trainableWeights]);
  expectClose(own!.dataSync(), golden.inputGrad.value, 1e-5);
  for (const [i, w] of golden.weights.entries()) expectClose(rest[i]!.dataSync(), w.grad, 1e-5);
});

describe("in a model", () => {
  const x = randomNormal([4, 3], 0, 1, 1);
  const targets = randomNormal([4, 2], 0, 1, 2);
  const penalty = (y: Tensor) => (0.5 * [...y.dataSync()].reduce((sum, v) => sum + v * v, 0)) / 4;

  test("it is part of the loss of training and evaluation, also inside a model inside", async () => {
    const inner = sequential([
      layers.dense({ units: 2, activityRegularizer: { name: "l2", l2: 0.5 }, inputShape: [3] }),
    ]);
    const tokens = input({ shape: [3] });
    const whole = model({ inputs: tokens, outputs: inner.apply(tokens) });
    whole.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const y = whole.predict(x) as Tensor;
    const error = [...y.dataSync()].reduce((sum, v, i) => sum + (v - targets.dataSync()[i]!) ** 2, 0) / 8;
    const wanted = error + penalty(y);
    expectClose([(await whole.testOnBatch(x, targets))["loss"]!], [wanted], 1e-5);
    expectClose([(await whole.trainOnBatch(x, targets))["loss"]!], [wanted], 1e-5);
  });

  test("outputs become small", async () => {
    const size = async (l2: number) => {
      const dense = layers.dense({
        units: 2,
        kernelInitializer: { name: "glorotUniform", seed: 1 },
        activityRegularizer: { name: "l2", l2 },
        inputShape: [3],
      });
      const net = sequential([dense]);
      net.compile({ optimizer: "adam", loss: "meanSquaredError", learningRate: 0.05 });
      await net.fit(x, targets, { epochs: 30, verbose: 0 });
      return penalty(net.predict(x) as Tensor);
    };
    expect(await size(5)).toBeLessThan(0.3 * (await size(0)));
  });
});

test("written to configs by name, copied, and refused where nobody would look at it", () => {
  const dense = layers.dense({ units: 1, activityRegularizer: { name: "l1", l1: 0.1 } });
  expect(dense.getConfig()["activityRegularizer"]).toEqual({ name: "l1", l1: 0.1 });
  expect(layers.dense({ units: 1 }).getConfig()).not.toHaveProperty("activityRegularizer");
  const lstm = layers.lstm({ units: 1, activityRegularizer: "l2" });
  expect(lstm.clone().activityRegularizer?.config).toBe("l2");
  expect(layers.activityRegularization({ l1: 1 }).clone().options).toEqual({ l1: 1, l2: 0 });
  expect(() => layers.dense({ units: 1, activityRegularizer: (y) => y.sum() }).getConfig()).toThrow(/cannot be saved/);
  expect(() => layers.timeDistributed({ layer: dense })).toThrow(/does not see/);
  expect(() => layers.dense({ units: 1, activityRegularizer: "l3" as never })).toThrow(/activityRegularizer[\s\S]*l3/);
});

describe("computeLoss in a step of one's own counts the penalties Keras counts, after calls of", () => {
  class Two extends Model<Tensor> {
    readonly className = "Two";
    readonly first = goldenLayers(steps.first)[0]!;
    readonly second = goldenLayers(steps.second)[0]!;
    override call(x: Tensor) {
      return this.second.apply(this.first.apply(x) as Tensor) as Tensor;
    }
  }
  const chain = (m: Two, x: Tensor) => m.second.apply(m.first.apply(x) as Tensor) as Tensor;
  const plans: Record<string, (m: Two, a: Tensor, b: Tensor) => Tensor> = {
    "the model": (m, a) => m.apply(a),
    "the model twice": (m, a, b) => [m.apply(b), m.apply(a)][1]!,
    "its layers": chain,
    "the model, then a layer": (m, a, b) => [m.apply(b), m.first.apply(a) as Tensor, chain(m, b)][2]!,
    "the model, then one layer": (m, a, b) => [m.apply(b), chain(m, a), m.first.apply(b) as Tensor][1]!,
  };
  const [a, b] = steps.x.map((each) => toTensor(each)) as [Tensor, Tensor];
  const y = toTensor(steps.y);

  test("all that was run in Keras", () => expect(steps.runs.map(({ id }) => id)).toEqual(Object.keys(plans)));

  test.each(steps.runs.map((run) => [run.id, run] as const))("%s", (id, { loss, grads }) => {
    const m = new Two();
    m.build([null, 2]);
    m.setWeights(steps.weights.map((w) => toTensor(w)));
    m.compile({ optimizer: "sgd", loss: "mse" });
    using tape = new GradientTape();
    const made = m.computeLoss(y, plans[id]!(m, a, b));
    expectClose(made.dataSync(), [loss], 1e-6);
    for (const [i, grad] of tape.gradient(made, m.trainableWeights).entries()) {
      expectClose(grad!.dataSync(), grads[i]!, 1e-5);
    }
  });

  test("none of a step that is over", () => {
    const m = new Two();
    m.compile({ optimizer: "sgd", loss: "mse" });
    scope(() => m.apply(a));
    const none = m.computeLoss(y, y).item();
    const kernel = [...m.first.weights[0]!.dataSync()].reduce((sum, w) => sum + Math.abs(w), 0);
    expect(none).toBeCloseTo(0.1 * kernel, 5);
  });

  test("fit counts outputs of layers that layers apply", async () => {
    class Wrapped extends Layer {
      readonly className = "Wrapped";
      readonly inner = layers.dense({ units: 2, activityRegularizer: { name: "l2", l2: 0.5 } });
      protected override get parts() {
        return [["inner", this.inner]] as const;
      }
      call(x: Tensor) {
        return this.inner.apply(x) as Tensor;
      }
      computeOutputShape(shape: readonly (number | null)[]) {
        return shape;
      }
    }
    const whole = sequential([new Wrapped({ inputShape: [2] })]);
    whole.compile({ optimizer: "sgd", loss: "mse" });
    const made = whole.predict(a) as Tensor;
    const squares = [...made.dataSync()].reduce((sum, v) => sum + v * v, 0);
    expect((await whole.testOnBatch(a, made)).loss).toBeCloseTo((0.5 * squares) / 4, 5);
  });
});
