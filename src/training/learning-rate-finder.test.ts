import { beforeEach, describe, expect, test } from "vitest";
import { line, numbers, weightsOf } from "../../test/support/line.js";
import { layers } from "../layers/index.js";
import { resetLayerNames } from "../layers/layer.js";
import { sequential } from "../model/sequential.js";
import { setSeed } from "../tensor/generator.js";
import { memory } from "../tensor/tensor.js";
import { findLearningRate } from "./learning-rate-finder.js";
import { optimizers } from "./optimizers/index.js";
import { schedules } from "./schedules.js";

beforeEach(() => {
  resetLayerNames();
  setSeed(3);
});

describe("findLearningRate", () => {
  test("on a parabola follows gradient descent, and ends where that diverges", async () => {
    const model = sequential([layers.dense({ units: 1, useBias: false, kernelInitializer: "zeros", inputShape: [1] })]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const options = { minLearningRate: 1e-4, maxLearningRate: 100, steps: 61, smoothing: 0 };
    const { learningRates, losses, suggestion } = await findLearningRate(model, [[1]], [[1]], options);
    // The error 1 - w is multiplied by 1 - 2·rate in every step.
    let error = 1;
    for (const [i, rate] of learningRates.entries()) {
      expect(rate).toBeCloseTo(10 ** (-4 + i / 10), 9);
      expect(losses[i]).toBeCloseTo(error ** 2, 6);
      error *= 1 - 2 * rate;
    }
    // Above a rate of 1 errors grow.
    expect(learningRates.length).toBeLessThan(61);
    expect(learningRates.at(-1)).toBeGreaterThan(1);
    expect(suggestion).toBeGreaterThan(0.01);
    expect(suggestion).toBeLessThan(1);
  });

  test("leaves the model as it was, to the bit", async () => {
    const x = Array.from({ length: 20 }, (_, i) => [[i / 20], [1 - i / 20]]);
    const y = numbers(...x.map(([a]) => a![0]! * 2));
    const make = () => {
      resetLayerNames();
      setSeed(7);
      const model = sequential([
        layers.lstm({ units: 3, dropout: 0.3, inputShape: [2, 1] }),
        layers.dense({ units: 1 }),
      ]);
      model.compile({ optimizer: optimizers.adam({ useEma: true }), loss: "mse" });
      return model;
    };
    const [plain, tested] = [make(), make()];
    for (const model of [plain, tested]) {
      await model.fit(x, y, { epochs: 1, batchSize: 6 });
      if (model === tested) await findLearningRate(model, x, y, { batchSize: 6, steps: 20 });
      await model.fit(x, y, { epochs: 2, batchSize: 6 });
    }
    expect(weightsOf(tested)).toEqual(weightsOf(plain));
    expect([tested.optimizer.learningRate, tested.optimizer.iterations]).toEqual([0.001, plain.optimizer.iterations]);
  });

  test("frees what it used", async () => {
    const model = line({ optimizer: "adam" });
    const used = async () => {
      await findLearningRate(model, numbers(1, 2, 3), numbers(1, 2, 3), { batchSize: 2, steps: 5 });
      return memory().tensors;
    };
    expect(await used()).toBe(await used());
  });

  test("says when nothing falls", async () => {
    const found = await findLearningRate(line(), numbers(1), numbers(0), { steps: 10, maxLearningRate: 1 });
    expect(found.suggestion).toBeNull();
  });

  test("mistakes", async () => {
    const x = numbers(1, 2);
    await expect(findLearningRate(line(), x, x, { step: 3 } as never)).rejects.toThrow(/did you mean "steps"/);
    await expect(findLearningRate(line(), x, x, { minLearningRate: 0 })).rejects.toThrow(/must rise from above 0/);
    await expect(findLearningRate(line(), x, x, { smoothing: 1 })).rejects.toThrow(/smoothing/);
    await expect(findLearningRate(line(), [[Number.NaN]], [[1]])).rejects.toThrow(/x holds NaN/);
    const learningRate = schedules.step({ initialLearningRate: 1, stepSize: 2 });
    const scheduled = line({ optimizer: optimizers.sgd({ learningRate }), learningRate: undefined });
    await expect(findLearningRate(scheduled, x, x)).rejects.toThrow(/comes from a schedule/);
  });
});
