import { describe, expect, test } from "vitest";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../../test/support/golden.js";
import { weightsOf } from "../../../test/support/line.js";
import { modelFromBytes, modelToBytes } from "../../formats/model-file.js";
import { layers } from "../../layers/index.js";
import { sequential } from "../../model/sequential.js";
import { setSeed } from "../../tensor/generator.js";
import { mul } from "../../tensor/ops/arithmetic.js";
import { sum } from "../../tensor/ops/reduce.js";
import { square } from "../../tensor/ops/unary.js";
import { memory, tensor } from "../../tensor/tensor.js";
import { variable } from "../../tensor/variable.js";
import { optimizerFromConfig, optimizers, resolveOptimizer } from "./index.js";

interface Golden {
  readonly weights: readonly GoldenArray[];
  readonly gradients: readonly (readonly GoldenArray[])[];
  readonly lossScale: {
    readonly inner: { readonly className: string; readonly options: Record<string, unknown> };
    readonly initialScale: number;
    readonly dynamicGrowthSteps: number;
    readonly overflow: readonly number[];
    readonly scales: readonly number[];
    readonly weightsAfterStep: readonly number[][][];
  };
}
const golden = readGolden<Golden>("optimizers");

test("weights and scales are Keras', through steps that overflow", () => {
  const { inner, initialScale, dynamicGrowthSteps, overflow, scales, weightsAfterStep } = golden.lossScale;
  const innerOptimizer = optimizerFromConfig({ className: inner.className, config: inner.options });
  const optimizer = optimizers.lossScale({ innerOptimizer, initialScale, dynamicGrowthSteps });
  const variables = golden.weights.map((w) => variable(toTensor(w)));
  const before = memory().tensors;
  const counts = golden.gradients.map((step, number) => {
    const gradients = step.map((g, i) => {
      const factor = i === 1 && overflow.includes(number) ? Number.POSITIVE_INFINITY : 1;
      return mul(toTensor(g), factor);
    });
    optimizer.apply(gradients, variables);
    expect(optimizer.lossScale).toBe(scales[number]);
    for (const [i, v] of variables.entries()) expectClose(v.dataSync(), weightsAfterStep[number]![i]!, 3e-6);
    return memory().tensors;
  });
  expect(before).toBeLessThanOrEqual(counts[0]!);
  expect(optimizer.iterations).toBe(golden.gradients.length - overflow.length);
});

const inner = () => optimizers.adam({ learningRate: 0.05, useEma: true });
function model(optimizer: ReturnType<typeof optimizers.lossScale> | ReturnType<typeof inner>) {
  setSeed(4);
  const made = sequential([layers.dense({ units: 3, inputShape: [2] }), layers.dense({ units: 1 })]);
  made.compile({ optimizer, loss: "mse" });
  return made;
}
const [x, y] = [
  tensor([
    [1, 2],
    [3, 1],
    [2, 2],
    [0, 1],
  ]),
  tensor([[1], [0], [2], [1]]),
];

describe("fit", () => {
  test("with scales that are powers of two: the bits and the losses of no scale", async () => {
    const [plain, scaled, fixed] = [
      model(inner()),
      model(optimizers.lossScale({ innerOptimizer: inner(), dynamicGrowthSteps: 3 })),
      model(optimizers.adam({ learningRate: 0.05, useEma: true, lossScaleFactor: 1024 })),
    ];
    const [a, b, c] = await Promise.all([plain, scaled, fixed].map((m) => m.fit(x, y, { epochs: 6, batchSize: 2 })));
    expect(b!.history).toEqual(a!.history);
    expect(c!.history).toEqual(a!.history);
    expect(weightsOf(scaled)).toEqual(weightsOf(plain));
    expect(weightsOf(fixed)).toEqual(weightsOf(plain));
    expect(scaled.optimizer.lossScale).toBe(2 ** 19);
  });

  test("a scale that is too large for float32 comes down by itself", async () => {
    const high = model(optimizers.lossScale({ innerOptimizer: inner(), initialScale: 2 ** 100 }));
    const far = mul(y, 1e12);
    await high.fit(x, far, { epochs: 20, batchSize: 4 });
    expect(high.optimizer.lossScale).toBeLessThan(2 ** 100);
    expect(high.optimizer.iterations).toBeGreaterThan(0);
    expect(high.optimizer.iterations).toBeLessThan(20);
  });

  test("goes on from a file to the same bits", async () => {
    const whole = model(optimizers.lossScale({ innerOptimizer: inner(), dynamicGrowthSteps: 3 }));
    let bytes: Uint8Array | undefined;
    const onEpochEnd = (epoch: number) => {
      if (epoch === 1) bytes = modelToBytes(whole, { includeTrainingState: true });
    };
    await whole.fit(x, y, { epochs: 4, batchSize: 2, callbacks: { onEpochEnd } });
    const loaded = modelFromBytes(bytes!);
    expect(loaded.optimizer.getConfig()).toEqual(whole.optimizer.getConfig());
    await loaded.fit(x, y, { epochs: 4, batchSize: 2 });
    expect(weightsOf(loaded)).toEqual(weightsOf(whole));
    expect(loaded.optimizer.lossScale).toBe(whole.optimizer.lossScale);
  });
});

test("minimize returns the loss itself", () => {
  const w = variable(tensor([3, -4]));
  const sgd = optimizers.lossScale({ innerOptimizer: optimizers.sgd({ learningRate: 0.25 }) });
  expect(sgd.minimize(() => sum(square(w))).item()).toBe(25);
  expectClose(w.dataSync(), [1.5, -2]);
  expect(sgd.learningRate).toBe(0.25);
});

test("gradients that no scale makes finite are an error", () => {
  const w = variable(tensor([1]), { name: "w" });
  const sgd = optimizers.lossScale({ innerOptimizer: optimizers.sgd(), initialScale: 4 });
  const step = () => sgd.apply([tensor([Number.NaN])], [w]);
  step();
  step();
  expect(sgd.lossScale).toBe(1);
  expect(step).toThrow(/gradient of "w" is not finite/);
  expect(w.item()).toBe(1);
});

test("mistakes", () => {
  const sgd = optimizers.sgd();
  expect(() => optimizers.lossScale({} as never)).toThrow(/needs an optimizer/);
  expect(() => optimizers.lossScale({ innerOptimizer: sgd, initalScale: 3 } as never)).toThrow(/"initialScale"/);
  expect(() => optimizers.lossScale({ innerOptimizer: sgd, initialScale: 0.5 })).toThrow(/initialScale/);
  expect(() => optimizers.sgd({ lossScaleFactor: 0 })).toThrow(/above 0/);
  const scaled = optimizers.sgd({ lossScaleFactor: 2 });
  expect(() => optimizers.lossScale({ innerOptimizer: scaled })).toThrow(/does not scale the loss itself/);
  expect(() => resolveOptimizer("LossScaleOptimizer" as never)).toThrow(/made of others[\s\S]*innerOptimizer/);
  expect(() => resolveOptimizer("multi_optimizer" as never)).toThrow(/optimizers\.groups/);
  expect(() => optimizers.groups({ groups: [], rest: scaled })).toThrow(/there is one loss/);
});
