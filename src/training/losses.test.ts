import { describe, expect, test } from "vitest";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../test/support/golden.js";
import { valueAndGrads } from "../autograd/gradients.js";
import { type Tensor, tensor } from "../tensor/tensor.js";
import { type Loss, losses, lossFromConfig, reduceLoss, resolveLoss } from "./losses.js";

interface GoldenLoss {
  id: string;
  loss: { className: string; options: Record<string, unknown> };
  yTrue: GoldenArray;
  yPred: GoldenArray;
  mask?: GoldenArray | null;
  sampleWeight?: GoldenArray | null;
  value: number;
  grad: GoldenArray | readonly number[];
}

const ours = (className: string) => `${className[0]!.toLowerCase()}${className.slice(1)}` as keyof typeof losses;
// rondo has the mean reduction and no ignored class; the file also holds what Keras has beyond that.
const golden = readGolden<{ losses: GoldenLoss[] }>("losses").losses.filter(
  ({ loss }) => ours(loss.className) in losses && !("reduction" in loss.options) && !("ignoreClass" in loss.options),
);

describe("values and gradients are Keras'", () => {
  test("there are cases of every loss", () => {
    expect(new Set(golden.map(({ loss }) => ours(loss.className)))).toEqual(new Set(Object.keys(losses)));
    expect(golden.length).toBeGreaterThan(50);
  });

  test.each(golden.map((c) => [c.id, c] as const))("%s", (_, c) => {
    const loss = (losses[ours(c.loss.className)] as (options: object) => Loss)(c.loss.options);
    const yTrue = toTensor(c.yTrue);
    const mask = c.mask ? toTensor(c.mask, "bool") : null;
    const weight = c.sampleWeight ? toTensor(c.sampleWeight) : null;
    const compute = valueAndGrads((yPred) => reduceLoss(loss.call(yTrue, yPred), weight, mask));
    const { value, grads } = compute([toTensor(c.yPred)]);
    expectClose([value.item()], [c.value]);
    expectClose(grads[0]!.dataSync(), "value" in c.grad ? c.grad.value : c.grad, 2e-6);
  });
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
    expect(resolveLoss("binaryCrossentropy").config).toEqual({ fromLogits: false, labelSmoothing: 0 });
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
