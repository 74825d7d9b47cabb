import { describe, expect, test } from "vitest";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../test/support/golden.js";
import { tensor } from "../tensor/tensor.js";
import { losses, resolveLoss } from "./losses/index.js";
import { type Metric, metricFromConfig, metrics, resolveMetric } from "./metrics.js";

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

const ours = (className: string) => `${className[0]!.toLowerCase()}${className.slice(1)}` as keyof typeof metrics;
// Keras' class Accuracy compares numbers for equality; our "accuracy" is what Keras makes of the string.
const golden = readGolden<{ metrics: GoldenMetric[] }>("losses").metrics.filter(
  ({ metric }) => ours(metric.className) in metrics && metric.className !== "Accuracy",
);

describe("results over unequal batches are Keras'", () => {
  test("there are cases of every metric", () => {
    const covered = new Set(golden.map(({ metric }) => ours(metric.className)));
    expect(Object.keys(metrics).filter((name) => name !== "accuracy" && !covered.has(name as never))).toEqual([]);
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
    for (const make of Object.values(metrics)) {
      const { config } = make();
      expect(metricFromConfig(config!).config).toEqual(config);
    }
  });
});
