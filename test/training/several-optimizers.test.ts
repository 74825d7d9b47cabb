import { beforeEach, expect, test } from "vitest";
import {
  type Batch,
  Generator,
  GradientTape,
  layers,
  Model,
  mean,
  modelFromBytes,
  modelToBytes,
  optimizers,
  randomNormal,
  registerModel,
  scope,
  sequential,
  setSeed,
  square,
  type Tensor,
  tensor,
} from "../../src/index.js";
import { numbersLike } from "../support/sine.js";

/** Two parts, each with an optimizer of its own, and noise. */
class Pair extends Model<Tensor> {
  readonly className = "Pair";
  readonly maker = sequential([layers.gru({ units: 4, returnSequences: true }), layers.dense({ units: 1 })]);
  readonly judge = sequential([layers.gru({ units: 4 }), layers.dense({ units: 1 })]);
  readonly second = optimizers.adam({ learningRate: 0.05, beta1: 0.5, useEma: true, emaMomentum: 0.8 });
  readonly others = [optimizers.sgd({ learningRate: 0.01, momentum: 0.9 })];
  readonly noise = new Generator(5);

  override call(z: Tensor) {
    return this.judge.apply(this.maker.apply(z)) as Tensor;
  }

  override trainStep(batch: Batch) {
    return scope(() => {
      const real = batch.read().x[0]!;
      this.prepare([real]);
      const draw = () => randomNormal(real.shape, 0, 1, this.noise);
      using first = new GradientTape();
      const judged = this.judge.apply(real).sub(this.judge.apply(this.maker.apply(draw())));
      const loss = mean(square(judged.sub(1)));
      const theirs = this.judge.trainableWeights;
      this.second.apply(first.gradient(loss, theirs), theirs);
      using then = new GradientTape();
      const fooled = mean(square(this.judge.apply(this.maker.apply(draw()))));
      const ours = this.maker.trainableWeights;
      const gradients = then.gradient(fooled, ours);
      this.optimizer.apply(gradients, ours);
      this.others[0]!.apply(gradients, ours);
      return { loss: loss.item(), fooled: fooled.item() };
    });
  }
}
registerModel("Pair", Pair);

beforeEach(() => setSeed(8));

const x = tensor(numbersLike(8 * 3, 0.3), [8, 3, 1]);
const y = tensor(numbersLike(8, 0.6), [8, 1]);
const weightsOf = (model: Model) => model.weights.map((w) => [...w.dataSync()]);
const make = () => {
  const pair = new Pair();
  pair.compile({ optimizer: optimizers.rmsprop({ learningRate: 0.02 }) });
  return pair;
};

test("a file taken in the middle holds all of them: training goes on to the same bits", async () => {
  const whole = make();
  let bytes: Uint8Array | undefined;
  const save = (epoch: number, batch: number) => {
    if (epoch === 1 && batch === 0) bytes = modelToBytes(whole, { includeTrainingState: true });
  };
  let at = 0;
  const callbacks = { onEpochBegin: (epoch: number) => void (at = epoch), onBatchEnd: (b: number) => save(at, b) };
  const { history } = await whole.fit(x, y, { epochs: 4, batchSize: 4, callbacks });
  const loaded = modelFromBytes(bytes!) as Pair;
  expect(loaded.second.iterations).toBe(3);
  const again = await loaded.fit(x, y, { epochs: 4, batchSize: 4 });
  expect(again.history).toEqual(history);
  expect(weightsOf(loaded)).toEqual(weightsOf(whole));
});

test.each(["optimizers/second", "optimizers/others/0", "generators"])("%s matters", async (part) => {
  const whole = make();
  await whole.fit(x, y, { epochs: 1, batchSize: 4 });
  const goOn = async (without?: string) => {
    const made = make();
    made.build([null, 3, 1]);
    made.setWeights(whole.getWeights());
    const state = whole.getTrainingState();
    if (without) delete state.values[without];
    made.setTrainingState(state);
    await made.fit(x, y, { epochs: 3, batchSize: 4 });
    return weightsOf(made);
  };
  expect(await goOn(part)).not.toEqual(await goOn());
});

test("averages of all optimizers are in place at the end", async () => {
  const [averaged, plain] = [make(), make()];
  Object.assign(plain, { second: optimizers.adam({ learningRate: 0.05, beta1: 0.5 }) });
  plain.build([null, 3, 1]);
  averaged.build([null, 3, 1]);
  averaged.setWeights(plain.getWeights());
  for (const each of [averaged, plain]) await each.fit(x, y, { epochs: 2, batchSize: 8, shuffle: false });
  const judge = (pair: Pair) => pair.judge.weights.map((w) => [...w.dataSync()]);
  expect(judge(averaged)).not.toEqual(judge(plain));
  const before = judge(averaged);
  averaged.second.finalizeVariables(averaged.weights);
  expect(judge(averaged)).toEqual(before);
});
