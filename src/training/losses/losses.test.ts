import { describe, expect, test } from "vitest";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../../test/support/golden.js";
import { valueAndGrads } from "../../autograd/gradients.js";
import { layers } from "../../layers/index.js";
import { sequential } from "../../model/sequential.js";
import { mul } from "../../tensor/ops/arithmetic.js";
import { sum } from "../../tensor/ops/reduce.js";
import { keep, type Tensor, tensor } from "../../tensor/tensor.js";
import { type Loss, losses, lossFromConfig, lossValue, reduceLoss, resolveLoss } from "./index.js";

interface GoldenLoss {
  id: string;
  loss: { className: string; options: Record<string, unknown> };
  yTrue: GoldenArray;
  yPred: GoldenArray;
  mask?: GoldenArray | null;
  sampleWeight?: GoldenArray | null;
  value: number | GoldenArray;
  /** With the reduction "none": what the values are multiplied with before the gradient is taken. */
  projection?: GoldenArray;
  grad: readonly number[];
}

const names: Record<string, string> = { CTC: "ctc", KLDivergence: "klDivergence" };
const ours = (className: string) =>
  (names[className] ?? `${className[0]!.toLowerCase()}${className.slice(1)}`) as keyof typeof losses;
const golden = readGolden<{ losses: GoldenLoss[] }>("losses").losses;

describe("values and gradients are Keras'", () => {
  test("there are cases of every loss", () => {
    expect(new Set(golden.map(({ loss }) => ours(loss.className)))).toEqual(
      new Set(Object.keys(losses).filter((name) => name !== "contrastive")), // tested below by its formula
    );
    expect(golden.length).toBeGreaterThan(50);
  });

  test.each(golden.map((c) => [c.id, c] as const))("%s", (_, c) => {
    const loss = (losses[ours(c.loss.className)] as (options: object) => Loss)(c.loss.options);
    const yTrue = toTensor(c.yTrue);
    const mask = c.mask ? toTensor(c.mask, "bool") : null;
    const weight = c.sampleWeight ? toTensor(c.sampleWeight) : null;
    let value: Tensor | undefined;
    const compute = valueAndGrads((yPred) => {
      value = keep(lossValue(loss, yTrue, yPred, weight, mask));
      return c.projection ? sum(mul(value, toTensor(c.projection))) : value;
    });
    const { grads } = compute([toTensor(c.yPred)]);
    expectClose(value!.dataSync(), typeof c.value === "number" ? [c.value] : c.value.value);
    expectClose(grads[0]!.dataSync(), c.grad, 5e-6);
  });
});

test("the contrastive loss pulls pairs together and pushes others up to the margin apart", () => {
  const values = losses.contrastive({ margin: 2 }).call(tensor([1, 0, 0]), tensor([[0.5], [0.5], [3]]));
  expect([...values.dataSync()]).toEqual([0.25, 2.25, 0]);
});

test("log cosh is exact for small errors and finite for large ones", () => {
  const { value, grads } = valueAndGrads((p) => sum(losses.logCosh().call(tensor([[0], [0]]), p)))([
    tensor([[1e-3], [-1e4]]),
  ]);
  expect(value.item()).toBeCloseTo(1e4 - Math.LN2, 2);
  expectClose(grads[0]!.dataSync(), [1e-3, -1], 1e-9);
});

test("a class to ignore need not be a class of the model", () => {
  const loss = losses.sparseCategoricalCrossentropy({ ignoreClass: -1 });
  const predictions = tensor([
    [
      [0.25, 0.75],
      [0.5, 0.5],
    ],
  ]);
  expect(lossValue(loss, tensor([[0, -1]], undefined, "int32"), predictions).item()).toBeCloseTo(Math.log(4), 5);
  const mask = tensor([[false, true]]);
  expect(lossValue(loss, tensor([[0, -1]], undefined, "int32"), predictions, null, mask).item()).toBe(0);
});

describe("shapes", () => {
  const value = (loss: Loss, yTrue: number[] | number[][], yPred: number[] | number[][]) =>
    reduceLoss(loss.call(tensor(yTrue), tensor(yPred)), null, null).item();

  test("a column of targets is as good as a row", () => {
    const mse = losses.meanSquaredError();
    expect(value(mse, [1, 2], [[0], [0]])).toBeCloseTo(2.5, 6);
    expect(value(mse, [[1], [2]], [[0], [0]])).toBeCloseTo(2.5, 6);
    expect(value(mse, [[1], [2]], [0, 0])).toBeCloseTo(2.5, 6);
    expect(value(mse, [1, 2], [0, 0])).toBeCloseTo(2.5, 6);
  });

  test("targets and predictions of different shapes", () => {
    expect(() => value(losses.meanSquaredError(), [1, 2, 3], [[0], [0]])).toThrow(
      /meanSquaredError: targets and predictions have different shapes[\s\S]*targets \[3\], predictions \[2, 1\]/,
    );
  });

  test("class numbers for categorical, one-hot for sparse cross-entropy", () => {
    const predictions = [
      [0.2, 0.8],
      [0.5, 0.5],
    ];
    expect(() => value(losses.categoricalCrossentropy(), [1, 0], predictions)).toThrow(/sparseCategoricalCrossentropy/);
    expect(() => value(losses.sparseCategoricalCrossentropy(), predictions, predictions)).toThrow(
      /use categoricalCrossentropy/,
    );
  });

  test("a sequence of targets for a single prediction names returnSequences", () => {
    const loss = losses.sparseCategoricalCrossentropy();
    expect(() =>
      value(
        loss,
        [
          [0, 1, 1],
          [1, 0, 0],
        ],
        [
          [0.2, 0.8],
          [0.5, 0.5],
        ],
      ),
    ).toThrow(/returnSequences: true/);
  });

  test("a class that does not exist", () => {
    expect(() =>
      value(
        losses.sparseCategoricalCrossentropy(),
        [0, 2],
        [
          [0.5, 0.5],
          [1, 0],
        ],
      ),
    ).toThrow(/targets of sparseCategoricalCrossentropy[\s\S]*2 at position 1[\s\S]*0 to 1/);
  });

  test("sample weights that do not fit", () => {
    expect(() => reduceLoss(tensor([1, 2, 3]), tensor([1, 2]), null)).toThrow(/sampleWeight does not fit/);
  });

  test("weights of whole sequences count for all their steps", () => {
    const values = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(reduceLoss(values, tensor([1, 0]), null).item()).toBeCloseTo(3 / 4, 6);
    expect(reduceLoss(values, tensor([1, 2]), null).item()).toBeCloseTo(17 / 4, 6);
  });

  test("a loss of one number cannot be weighted", () => {
    expect(() => reduceLoss(tensor(1), tensor([1, 2]), null)).toThrow(/cannot be weighted/);
  });
});

describe("names and options", () => {
  test("by name, short name, object or function", () => {
    expect(resolveLoss("mse").name).toBe("meanSquaredError");
    expect(resolveLoss("binaryCrossentropy").config).toEqual({
      fromLogits: false,
      labelSmoothing: 0,
      axis: -1,
      reduction: "sumOverBatchSize",
    });
    const configured = losses.sparseCategoricalCrossentropy({ fromLogits: true });
    expect(resolveLoss(configured)).toBe(configured);
    const own = (yTrue: Tensor) => yTrue;
    expect(resolveLoss(own)).toMatchObject({ name: "own", config: null });
  });

  test("misspelt names and options get a suggestion", () => {
    expect(() => resolveLoss("meanSquaredEror" as never)).toThrow(/did you mean "meanSquaredError"/);
    expect(() => losses.binaryCrossentropy({ fromLogit: true } as never)).toThrow(/did you mean "fromLogits"/);
    expect(() => losses.binaryCrossentropy({ labelSmoothing: 2 })).toThrow(/between 0 and 1/);
    expect(() => resolveLoss(undefined as never)).toThrow(/needs a loss/);
    expect(() => losses.huber({ reduction: "avg" } as never)).toThrow(/unknown reduction[\s\S]*sumOverBatchSize/);
    expect(() => losses.huber({ delta: 0 })).toThrow(/delta must be above 0/);
    expect(() => losses.quantile({ quantiles: [0.5, 1] })).toThrow(/above 0 and below 1/);
    expect(() => losses.gaussianNll().call(tensor([[1]]), tensor([[1, 2, 3]]))).toThrow(/2 outputs for every target/);
    expect(() => losses.negativeBinomialNll().call(tensor([-1]), tensor([[1, 2]]))).toThrow(/targets are counts/);
  });

  test("a loss that is not reduced cannot be trained with", () => {
    const model = sequential([layers.dense({ units: 1 })]);
    const loss = losses.meanSquaredError({ reduction: "none" });
    expect(() => model.compile({ optimizer: "sgd", loss })).toThrow(/no single number to train/);
  });

  test("options are part of the configuration", () => {
    const { name, config } = losses.huber({ delta: 3, reduction: "sum" });
    expect(lossFromConfig({ name, config: { ...config } })).toMatchObject({
      config: { delta: 3, reduction: "sum" },
      reduction: "sum",
    });
  });

  test("a configuration makes an equal loss", () => {
    for (const make of Object.values(losses)) {
      const loss = make();
      expect(lossFromConfig({ name: loss.name, config: { ...loss.config } })).toMatchObject({
        name: loss.name,
        config: loss.config,
      });
    }
  });
});
