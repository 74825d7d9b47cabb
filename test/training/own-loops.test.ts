import { describe, expect, test } from "vitest";
import {
  type Batch,
  concat,
  GradientTape,
  layers,
  losses,
  Model,
  type ModelCallContext,
  mean,
  oneHot,
  ones,
  optimizers,
  randomNormal,
  randomUniform,
  scheduledSampling,
  scope,
  sequential,
  slice,
  softmax,
  square,
  stack,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.js";
import { expectClose } from "../support/golden.js";
import { numbersLike } from "../support/sine.js";

/** The loss of a batch, [batch] or [batch, time] averaged. */
const meanLoss = (loss: ReturnType<typeof losses.meanSquaredError>, t: Tensor, p: Tensor) => mean(loss.call(t, p));

describe("two optimizers in one step: a GAN on sequences", () => {
  const bce = losses.binaryCrossentropy({ fromLogits: true });
  const [time, noise] = [6, 2];

  class Gan extends Model<Tensor> {
    readonly className = "Gan";
    readonly generator = sequential([
      layers.gru({ units: 8, returnSequences: true, inputShape: [time, noise] }),
      layers.dense({ units: 1 }),
    ]);
    readonly discriminator = sequential([layers.gru({ units: 8, inputShape: [time, 1] }), layers.dense({ units: 1 })]);
    readonly second = optimizers.adam({ learningRate: 0.02, beta1: 0.5 });

    override call(z: Tensor) {
      return this.generator.apply(z);
    }

    override trainStep(batch: Batch) {
      return scope(() => {
        const { x } = batch.read();
        const real = x[0]!;
        const drawn = () => randomNormal([batch.size, time, noise]);
        const judge = (data: Tensor) => this.discriminator.apply(data, { training: true });
        const [yes, no] = [ones([batch.size, 1]), zeros([batch.size, 1])];

        using forDiscriminator = new GradientTape();
        const fake = this.generator.apply(drawn());
        const dLoss = meanLoss(bce, yes, judge(real)).add(meanLoss(bce, no, judge(fake)));
        const theirs = this.discriminator.trainableWeights;
        this.second.apply(forDiscriminator.gradient(dLoss, theirs), theirs);

        using forGenerator = new GradientTape();
        const gLoss = meanLoss(bce, yes, judge(this.generator.apply(drawn(), { training: true })));
        const ours = this.generator.trainableWeights;
        this.optimizer.apply(forGenerator.gradient(gLoss, ours), ours);
        return { dLoss: dLoss.item(), gLoss: gLoss.item() };
      });
    }
  }

  test("the generator learns where real sequences are", async () => {
    const gan = new Gan();
    gan.compile({ optimizer: optimizers.adam({ learningRate: 0.02, beta1: 0.5 }) });
    // Real sequences rise from about 1 to about 2.
    const ramp = tensor(
      Array.from({ length: time }, (_, t) => 1 + t / (time - 1)),
      [1, time, 1],
    );
    const real = randomNormal([64, time, 1], 0, 0.4).add(ramp);
    const made = () => mean(gan.predict(randomNormal([200, time, noise])), 0).dataSync();
    const distance = () => [...made()].reduce((sum, v, t) => sum + Math.abs(v - ramp.dataSync()[t]!), 0) / time;
    const before = distance();
    const { history } = await gan.fit(real, zeros([64, 1]), { epochs: 60, batchSize: 32 });
    expect(Object.keys(history)).toEqual(["dLoss", "gLoss"]);
    expect(before).toBeGreaterThan(1);
    expect(distance()).toBeLessThan(0.4);
  }, 60_000);
});

describe("state carried by hand", () => {
  const layer = layers.gru({ units: 3, returnSequences: true, returnState: true });
  const x = tensor(numbersLike(2 * 9 * 2, 0.3), [2, 9, 2]);

  test("windows give what the whole sequence gives", () => {
    const [whole, last] = layer.apply(x) as readonly Tensor[];
    const parts: Tensor[] = [];
    let state: Tensor[] | undefined;
    for (let from = 0; from < 9; from += 3) {
      const window = slice(x, [0, from, 0], [2, 3, 2]);
      const [y, ...next] = layer.apply(window, state ? { initialState: state } : {}) as readonly Tensor[];
      parts.push(y!);
      state = next;
    }
    expectClose(concat(parts, 1).dataSync(), whole!.dataSync(), 1e-6);
    expectClose(state![0]!.dataSync(), last!.dataSync(), 1e-6);
  });

  test("a loop of one's own over windows trains", () => {
    const adam = optimizers.adam({ learningRate: 0.05 });
    const out = layers.dense({ units: 2 });
    const losses: number[] = [];
    for (let pass = 0; pass < 25; pass++) {
      let state: Float32Array | null = null;
      for (let from = 0; from < 9; from += 3) {
        scope(() => {
          const window = slice(x, [0, from, 0], [2, 3, 2]);
          // As plain numbers: gradients end here, the state goes on.
          const initialState = state ? [tensor(state, [2, 3])] : undefined;
          using tape = new GradientTape();
          const [y, h] = layer.apply(window, initialState ? { initialState } : {}) as readonly Tensor[];
          const loss = mean(square((out.apply(y!) as Tensor).sub(window)));
          const weights = [...layer.trainableWeights, ...out.trainableWeights];
          adam.apply(tape.gradient(loss, weights), weights);
          state = Float32Array.from(h!.dataSync());
          losses.push(loss.item());
        });
      }
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 3);
  });
});

describe("scheduled sampling", () => {
  test("probabilities follow their formulas", () => {
    const at = (options: Parameters<typeof scheduledSampling>[0], step: number) =>
      scheduledSampling(options).probability(step);
    expect(at({ decay: "linear", k: 1, slope: 0.1, minimum: 0.25 }, 3)).toBeCloseTo(0.7, 12);
    expect(at({ decay: "linear", k: 1, slope: 0.1, minimum: 0.25 }, 30)).toBe(0.25);
    expect(at({ decay: "exponential", k: 0.9 }, 2)).toBeCloseTo(0.81, 12);
    expect(at({ decay: "inverseSigmoid", k: 10 }, 0)).toBeCloseTo(10 / 11, 12);
    expect(at({ decay: "inverseSigmoid", k: 10 }, 50)).toBeCloseTo(10 / (10 + Math.exp(5)), 12);
  });

  test("picks whole examples, as often as it says", () => {
    const half = scheduledSampling({ decay: "linear", k: 0.5, random: 3 });
    const picked = half.pick(ones([2000, 2]), zeros([2000, 2]), 0).dataSync();
    for (let i = 0; i < 4000; i += 2) expect(picked[i]).toBe(picked[i + 1]);
    expect([...picked].reduce((a, b) => a + b, 0) / 4000).toBeCloseTo(0.5, 1);
    const always = scheduledSampling({ decay: "linear", k: 1 });
    expect(always.pick(ones([5]), zeros([5]), 99).dataSync()).toEqual(ones([5]).dataSync());
  });

  test("mistakes", () => {
    expect(() => scheduledSampling({ decay: "exponential", k: 1.2 })).toThrow(/below 1/);
    expect(() => scheduledSampling({ decay: "cubic" as never, k: 1 })).toThrow(/linear, exponential/);
    expect(() => scheduledSampling({ decay: "linear", k: 1 }).pick(ones([2]), ones([3]), 0)).toThrow(/alike/);
  });

  /** Copies a word: an encoder's state starts the decoder, which sees the letter before, true or its own. */
  class Copier extends Model<Tensor> {
    readonly className = "Copier";
    readonly encoder = layers.gru({ units: 16 });
    readonly decoder = layers.gru({ units: 16, returnState: true });
    readonly letters = layers.dense({ units: 4 });
    readonly sampling = scheduledSampling({ decay: "linear", k: 1, slope: 0.005, minimum: 0.2 });

    private decode(word: Tensor, truth: Tensor | null): Tensor {
      let state = this.encoder.apply(word) as Tensor;
      let previous = zeros([word.shape[0]!, 4]);
      const logits: Tensor[] = [];
      for (let t = 0; t < word.shape[1]!; t++) {
        const step = previous.reshape([-1, 1, 4]);
        const [output, next] = this.decoder.apply(step, { initialState: [state] }) as readonly Tensor[];
        state = next!;
        const scores = this.letters.apply(output!) as Tensor;
        logits.push(scores);
        const own = softmax(scores);
        previous = truth
          ? this.sampling.pick(slice(truth, [0, t, 0], [-1, 1, 4]).reshape([-1, 4]), own, this.optimizer.iterations)
          : own;
      }
      return stack(logits, 1);
    }
    override call(word: Tensor, { training }: ModelCallContext) {
      return this.decode(word, training ? word : null);
    }
  }

  test("a decoder trained so copies words when it only hears itself", async () => {
    const copier = new Copier();
    const words = oneHot(tensor(Array.from(randomUniform([32 * 3], 0, 4).dataSync(), Math.floor), [32, 3], "int32"), 4);
    copier.compile({
      optimizer: optimizers.adam({ learningRate: 0.02 }),
      loss: losses.categoricalCrossentropy({ fromLogits: true }),
      metrics: ["categoricalAccuracy"],
    });
    await copier.fit(words, words, { epochs: 40, batchSize: 16 });
    expect((await copier.evaluate(words, words)).categoricalAccuracy).toBeGreaterThan(0.9);
  });
});
