import { describe, expect, test } from "vitest";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../../test/support/golden.js";
import { transpose } from "../../tensor/ops/movement.js";
import { tensor } from "../../tensor/tensor.js";
import { losses, resolveLoss } from "../losses/index.js";
import { type Metric, metricFromConfig, metrics, resolveMetric } from "./index.js";

interface GoldenMetric {
  id: string;
  metric: { className: string; options: Record<string, unknown> };
  batches: {
    yTrue: GoldenArray;
    yPred: GoldenArray;
    mask?: GoldenArray | null;
    sampleWeight?: GoldenArray | null;
  }[];
  results: number[];
}

// Keras' class Accuracy compares numbers for equality; our "accuracy" is what Keras makes of the string.
const names: Record<string, string> = { AUC: "auc", IoU: "iou", KLDivergence: "klDivergence", LogCoshError: "logCosh" };
const ours = (className: string) =>
  (names[className] ?? `${className[0]!.toLowerCase()}${className.slice(1)}`) as keyof typeof metrics;
const golden = readGolden<{ metrics: GoldenMetric[] }>("losses").metrics.filter(
  ({ metric }) => metric.className !== "Accuracy",
);
/** Tested by their formulas, here or in files of their own: Keras has no such metrics. */
const ownMetrics = ["accuracy", "crps", "editDistance", "huber", "meanAbsoluteScaledError", "quantile"];
const ownToo = ["symmetricMeanAbsolutePercentageError", "binaryFocalCrossentropy", "categoricalFocalCrossentropy"];

describe("results over unequal batches are Keras'", () => {
  test("there are cases of every metric", () => {
    const covered = [...golden.map(({ metric }) => ours(metric.className)), ...ownMetrics, ...ownToo];
    expect(new Set(covered)).toEqual(new Set(Object.keys(metrics)));
  });

  test.each(golden.map((c) => [c.id, c] as const))("%s", (_, c) => {
    const metric = (metrics[ours(c.metric.className)] as (options: object) => Metric)(c.metric.options);
    c.batches.forEach(({ yTrue, yPred, mask, sampleWeight }, i) => {
      metric.update(
        toTensor(yTrue),
        toTensor(yPred),
        sampleWeight ? toTensor(sampleWeight) : null,
        mask ? toTensor(mask, "bool") : null,
      );
      expectClose([metric.result()], [c.results[i]!], 2e-6);
    });
    metric.reset();
    expect(metric.result()).toBe(0);
  });
});

describe("accuracy", () => {
  test("one output is binary", () => {
    const metric = metrics.accuracy();
    metric.update(tensor([1, 0, 1, 1]), tensor([[0.9], [0.2], [0.4], [0.6]]));
    expect(metric.result()).toBe(0.75);
  });

  test("targets of fewer axes are class numbers, in sequences too", () => {
    const metric = metrics.accuracy();
    metric.update(
      tensor([[1, 0]]),
      tensor([
        [
          [0.1, 0.9],
          [0.2, 0.8],
        ],
      ]),
    );
    expect(metric.result()).toBe(0.5);
  });

  test("targets like the predictions are one-hot", () => {
    const metric = metrics.accuracy();
    metric.update(
      tensor([
        [0, 1],
        [1, 0],
        [0, 1],
      ]),
      tensor([
        [0.1, 0.9],
        [0.2, 0.8],
        [0.3, 0.7],
      ]),
    );
    expect(metric.result()).toBeCloseTo(2 / 3, 12);
  });

  test("targets that fit neither way", () => {
    expect(() =>
      metrics.accuracy().update(
        tensor([1, 0, 1]),
        tensor([
          [0.1, 0.9],
          [0.2, 0.8],
        ]),
      ),
    ).toThrow(/metric accuracy: the targets do not fit[\s\S]*targets \[3\], predictions \[2, 2\]/);
  });
});

test("perplexity counts tokens, not batches", () => {
  // Probabilities 1/2, then 1/8 four times: exp of (ln 2 + 4 ln 8) / 5.
  const metric = metrics.perplexity();
  metric.update(tensor([[0]]), tensor([[[0.5, 0.5]]]));
  metric.update(tensor([[0, 0, 0, 0]]), tensor([Array.from({ length: 4 }, () => [0.125, 0.875])]));
  expect(metric.result()).toBeCloseTo(Math.exp((Math.log(2) + 4 * Math.log(8)) / 5), 5);
});

describe("by their formulas", () => {
  test("mean IoU: the mean over the classes of intersection over union", () => {
    const metric = metrics.meanIoU({ numClasses: 3 });
    metric.update(tensor([0, 0, 1]), tensor([0, 1, 0]));
    metric.update(tensor([1, 2]), tensor([1, 2]));
    expect(metric.result()).toBeCloseTo((1 / 3 + 1 / 3 + 1) / 3, 12);
    const masked = metrics.meanIoU({ numClasses: 4, sparseYPred: false, ignoreClass: 1 });
    const scores = tensor([
      [
        [0.9, 0.1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
      ],
    ]);
    masked.update(tensor([[0, 1, 2]]), scores, null, tensor([[true, true, false]]));
    expect(masked.result()).toBe(1);
  });

  test("symmetric percentage error; 0 of 0 is right", () => {
    const metric = metrics.symmetricMeanAbsolutePercentageError();
    metric.update(tensor([[100], [0], [2]]), tensor([[110], [0], [-2]]));
    expect(metric.result()).toBeCloseTo((2000 / 210 + 0 + 200) / 3, 4);
  });

  test("scaled error: relative to repeating the season before", () => {
    const metric = metrics.meanAbsoluteScaledError({ series: [1, 10, 3, 14], seasonality: 2 });
    metric.update(tensor([[5], [7]]), tensor([[4], [9]]));
    expect(metric.result()).toBeCloseTo(1.5 / 3, 12);
    expect(() => metrics.meanAbsoluteScaledError({ series: [4, 4, 4] })).toThrow(/scale above 0/);
  });

  test("CRPS of samples is the area between the distribution functions, of one value the absolute error", () => {
    const metric = metrics.crps();
    metric.update(tensor([2]), tensor([[5]]));
    expect(metric.result()).toBe(3);
    metric.reset();
    // Samples 3, 0 and 1, target 2: (1/3)² from 0 to 1, (2/3)² from 1 to 2, (1/3)² from 2 to 3.
    metric.update(tensor([2]), tensor([[3, 0, 1]]));
    expect(metric.result()).toBeCloseTo(6 / 9, 6);
    const quantiles = metrics.crps({ quantiles: [0.5] });
    quantiles.update(tensor([2]), tensor([[5]]));
    expect(quantiles.result()).toBe(3);
  });

  test("edit distance over the tokens of all batches", () => {
    const metric = metrics.editDistance();
    metric.update(tensor([[1, 2, 3, 0]]), tensor([[1, 3, 3, 4]]));
    metric.update(tensor([[5, 0]]), tensor([[5, 0]]));
    expect(metric.result()).toBe(2 / 4);
    const perSequence = metrics.editDistance({ normalize: false });
    perSequence.update(tensor([[1, 2]]), tensor([[2, 9]]), null, tensor([[true, false]]));
    expect(perSequence.result()).toBe(1);
    const frames = metrics.editDistance({ ctc: true });
    frames.update(tensor([[1, 1, 2]]), tensor([[1, 1, 0, 1, 2, 2, 2]]));
    expect(frames.result()).toBe(0);
  });

  test("f1 of a single output takes 0.5 as threshold", () => {
    const metric = metrics.f1Score();
    metric.update(tensor([[1], [0], [1]]), tensor([[0.9], [0.6], [0.2]]));
    expect(metric.result()).toBeCloseTo(0.5, 6);
  });

  test("a class that the loss ignores does not count as a metric either", () => {
    const metric = metrics.sparseCategoricalCrossentropy({ ignoreClass: -1 });
    metric.update(tensor([[0, -1]]), tensor([Array.from({ length: 2 }, () => [0.25, 0.75])]));
    expect(metric.result()).toBeCloseTo(Math.log(4), 6);
  });

  test("mistakes", () => {
    expect(() => metrics.auc().update(tensor([[1]]), tensor([[1.5]]))).toThrow(/set fromLogits: true/);
    expect(() => metrics.auc({ curve: "XY" as never })).toThrow(/unknown curve/);
    expect(() => metrics.meanIoU({} as never)).toThrow(/numClasses/);
    expect(() => metrics.precision({ thresholds: 2 })).toThrow(/between 0 and 1/);
    expect(() => metrics.iou({ numClasses: 3, targetClassIds: [3] })).toThrow(/class numbers below 3/);
    expect(() => metrics.precisionAtRecall({} as never)).toThrow(/recall: 0.8/);
    expect(() => metrics.f1Score({ average: "mean" as never })).toThrow(/micro, macro, weighted/);
    expect(() => metrics.topKCategoricalAccuracy({ k: 0 })).toThrow(/whole number/);
  });
});

test("sums by class and threshold go on where they were", () => {
  const [a, b] = [metrics.auc({ numThresholds: 20 }), metrics.auc({ numThresholds: 20 })];
  a.update(tensor([[1, 0, 1]]), tensor([[0.9, 0.3, 0.2]]));
  b.setState(JSON.parse(JSON.stringify(a.getState())));
  for (const m of [a, b]) m.update(tensor([[0, 1, 0]]), tensor([[0.8, 0.7, 0.1]]));
  expect(b.result()).toBe(a.result());
  expect(a.result()).toBeGreaterThan(0);
});

test("what is masked does not count even when it is not a number", () => {
  const metric = metrics.meanSquaredError();
  metric.update(tensor([[[1], [Number.NaN]]]), tensor([[[3], [0]]]), null, tensor([[true, false]]));
  expect(metric.result()).toBe(4);
});

test("the state goes on where it was", () => {
  const [a, b] = [metrics.perplexity(), metrics.perplexity()];
  a.update(tensor([0]), tensor([[0.5, 0.5]]));
  b.setState(JSON.parse(JSON.stringify(a.getState())));
  for (const m of [a, b]) m.update(tensor([1]), tensor([[0.9, 0.1]]));
  expect(b.result()).toBe(a.result());
});

describe("names", () => {
  const loss = resolveLoss("mse");

  test("short names are kept for logs", () => {
    expect(resolveMetric("acc", loss).name).toBe("acc");
    expect(resolveMetric("mae", loss).name).toBe("mae");
  });

  test("perplexity by name takes logits when the loss does", () => {
    const byName = resolveMetric("perplexity", losses.sparseCategoricalCrossentropy({ fromLogits: true }));
    byName.update(tensor([0]), tensor([[0, 0, 0, 0]]));
    expect(byName.result()).toBeCloseTo(4, 5);
  });

  test("misspelt names get a suggestion", () => {
    expect(() => resolveMetric("acuracy" as never, loss)).toThrow(/did you mean "accuracy"/);
    expect(() => resolveMetric(3 as never, loss)).toThrow(/not a metric/);
    expect(() => metrics.binaryAccuracy({ treshold: 0.3 } as never)).toThrow(/did you mean "threshold"/);
  });

  test("a function is averaged over the examples", () => {
    const own = resolveMetric(function distance(yTrue) {
      return yTrue;
    }, loss);
    own.update(tensor([1, 2, 6]), tensor([0, 0, 0]));
    expect([own.name, own.result(), own.config]).toEqual(["distance", 3, null]);
  });

  test("a configuration makes an equal metric", () => {
    const required: Record<string, object> = {
      meanIoU: { numClasses: 3 },
      iou: { numClasses: 3, targetClassIds: [1] },
      oneHotIoU: { numClasses: 3, targetClassIds: [1] },
      oneHotMeanIoU: { numClasses: 3 },
      meanAbsoluteScaledError: { scale: 2 },
      precisionAtRecall: { recall: 0.5 },
      recallAtPrecision: { precision: 0.5 },
      sensitivityAtSpecificity: { specificity: 0.5 },
      specificityAtSensitivity: { sensitivity: 0.5 },
    };
    for (const [name, make] of Object.entries(metrics)) {
      const { config } = (make as (options?: object) => Metric)(required[name]);
      expect(metricFromConfig(config!).config).toEqual(config);
    }
  });
});

test("intersection over union with classes on another axis", () => {
  const t = tensor([0, 2, 1, 2, 0, 1], [2, 3]);
  const scores = [0.1, 0.2, 0.7, 0.6, 0.3, 0.1, 0.2, 0.5, 0.3, 0.1, 0.1, 0.8, 0.4, 0.5, 0.1, 0.3, 0.4, 0.3];
  const last = tensor(scores, [2, 3, 3]);
  const [byLast, byFirst] = [-1, 1].map((axis) => metrics.meanIoU({ numClasses: 3, sparseYPred: false, axis }));
  byLast!.update(t, last);
  byFirst!.update(t, transpose(last, [0, 2, 1]));
  expect(byLast!.result()).toBeGreaterThan(0);
  expect(byFirst!.result()).toBe(byLast!.result());
});

test("Keras' other names", () => {
  for (const [name, full] of [
    ["bce", "binaryCrossentropy"],
    ["kld", "klDivergence"],
    ["logCoshError", "logCosh"],
    ["msle", "meanSquaredLogarithmicError"],
  ] as const) {
    const made = resolveMetric(name, losses.meanSquaredError());
    expect([made.name, made.config!.name]).toEqual([name, full]);
  }
  expect(resolveLoss("bce").name).toBe("binaryCrossentropy");
  expect(() => resolveMetric("LogCoshError" as never, losses.meanSquaredError())).toThrow(/mean "logCoshError"/);
});

test("what AUC and R² cannot do", () => {
  expect(() => metrics.auc({ curve: "pr" as never })).toThrow(/unknown curve[\s\S]*"PRGAIN"/);
  expect(() => metrics.auc({ summationMethod: "mean" as never })).toThrow(/"minoring"/);
  expect(() => metrics.auc({ thresholds: [0.5, 2] })).toThrow(/thresholds must be a number from 0 to 1/);
  const weighted = metrics.auc({ labelWeights: [1, 2] });
  expect(() => weighted.update(tensor([[1, 0, 1]]), tensor([[0.1, 0.2, 0.3]]))).toThrow(/2 for predictions \[1, 3\]/);
  expect(() => metrics.r2Score({ classAggregation: "none" as never })).toThrow(/"uniformAverage"/);
});

test("a metric of several curves goes on from its saved sums", () => {
  const make = () => metrics.auc({ multiLabel: true, labelWeights: [1, 3], numThresholds: 11 });
  const [whole, first, second] = [make(), make(), make()];
  const batches = [
    [
      tensor([
        [1, 0],
        [0, 1],
      ]),
      tensor([
        [0.8, 0.4],
        [0.3, 0.9],
      ]),
    ],
    [
      tensor([
        [0, 1],
        [1, 0],
      ]),
      tensor([
        [0.6, 0.2],
        [0.4, 0.7],
      ]),
    ],
  ] as const;
  for (const batch of batches) whole.update(...batch);
  first.update(...batches[0]);
  second.setState(JSON.parse(JSON.stringify(first.getState())));
  second.update(...batches[1]);
  expect(second.result()).toBe(whole.result());
  expect(metricFromConfig(whole.config!).config).toEqual(whole.config);
});

test.each(["binaryFocalCrossentropy", "categoricalFocalCrossentropy"] as const)(
  "%s is the mean of the loss",
  (name) => {
    type GoldenLoss = { id: string; yTrue: GoldenArray; yPred: GoldenArray; value: number; loss: { options: object } };
    const id = `${name[0]!.toUpperCase()}${name.slice(1)}/focal_0.1/probabilities`;
    const found = readGolden<{ losses: GoldenLoss[] }>("losses").losses.find((c) => c.id === id)!;
    const metric = metrics[name](found.loss.options);
    metric.update(toTensor(found.yTrue), toTensor(found.yPred));
    expectClose([metric.result()], [found.value], 2e-6);
  },
);
