import { beforeEach, describe, expect, test } from "vitest";
import { line, numbers, weightsOf } from "../../test/support/line.js";
import { layers } from "../layers/index.js";
import { resetLayerNames } from "../layers/layer.js";
import { sequential } from "../model/sequential.js";
import { setSeed } from "../tensor/generator.js";
import { optimizers } from "./optimizers/index.js";

beforeEach(() => {
  resetLayerNames();
  setSeed(5);
});

describe("mistakes", () => {
  const x = numbers(1, 2);

  test("training before compiling", async () => {
    const model = sequential([layers.dense({ units: 1, inputShape: [1] })]);
    await expect(model.fit(x, x)).rejects.toThrow(/is not compiled[\s\S]*model.compile/);
  });

  test("unknown and impossible options", async () => {
    await expect(line().fit(x, x, { epoch: 3 } as never)).rejects.toThrow(/did you mean "epochs"/);
    await expect(line().fit(x, x, { epochs: 0 })).rejects.toThrow(/epochs must be a whole number of at least 1/);
    await expect(line().fit(x, x, { batchSize: 1.5 })).rejects.toThrow(/batchSize/);
    await expect(line().fit([{ x, y: x }], { shuffle: true })).rejects.toThrow(/dataset decides about shuffle/);
    const both = { validationSplit: 0.5, validationData: [x, x] as const };
    await expect(line().fit(x, x, both)).rejects.toThrow(/either validationSplit or validationData/);
    await expect(line().evaluate(x, x, { batchsize: 3 } as never)).rejects.toThrow(/did you mean "batchSize"/);
    expect(() => line().compile({ optimiser: "sgd", loss: "mse" } as never)).toThrow(/did you mean "optimizer"/);
    const made = { optimizer: optimizers.sgd(), loss: "mse", clipNorm: 1 } as const;
    expect(() => line().compile(made)).toThrow(/clipNorm can only go with an optimizer given by name/);
  });

  test("data that does not fit", async () => {
    await expect(line().fit(x, numbers(1))).rejects.toThrow(
      /different numbers of examples[\s\S]*x \[2, 1\], y \[1, 1\]/,
    );
    await expect(line().fit(x, undefined as never)).rejects.toThrow(/needs targets/);
    await expect(line().fit([[1, 2]], numbers(1))).rejects.toThrow(/made for other inputs/);
    await expect(
      line().fit(x, [
        [1, 2],
        [3, 4],
      ]),
    ).rejects.toThrow(/targets \[2, 2\], predictions \[2, 1\]/);
    await expect(line().fit([[1], [2, 3]], x)).rejects.toThrow(/ragged/);
    await expect(line().fit(x, x, { sampleWeight: [1] })).rejects.toThrow(/sampleWeight/);
    const pair = { values: Float32Array.of(1, 2), shape: [3, 1] };
    await expect(line().fit(pair, x)).rejects.toThrow(/x: the values do not fill the shape/);
  });

  test("two trainings of one model at once", async () => {
    const model = line();
    const first = model.fit(x, x, { epochs: 3 });
    await expect(model.fit(x, x)).rejects.toThrow(/being trained already/);
    await first;
    await model.fit(x, x);
  });

  test("missing numbers name the data, and the weights stay", async () => {
    const model = line();
    const before = weightsOf(model);
    await expect(model.fit(numbers(1, Number.NaN), x, { shuffle: false })).rejects.toThrow(
      /step 1: the loss is NaN because x holds NaN[\s\S]*example 1/,
    );
    await expect(model.fit(x, numbers(1, Number.POSITIVE_INFINITY), { shuffle: false })).rejects.toThrow(
      /y holds Infinity/,
    );
    expect(weightsOf(model)).toEqual(before);
    expect(model.optimizer.iterations).toBe(0);
  });

  test("a training that explodes names step, layer and learning rate, and keeps the last good weights", async () => {
    const model = sequential([
      layers.dense({ units: 1, inputShape: [1], name: "first" }),
      layers.dense({ units: 1, name: "second" }),
    ]);
    model.compile({ optimizer: "sgd", loss: "mse", learningRate: 1e6 });
    let last = weightsOf(model);
    const training = model.fit(numbers(3), numbers(-3), {
      epochs: 100,
      callbacks: { onBatchEnd: () => void (last = weightsOf(model)) },
    });
    const error = await training.catch((e) => e);
    expect(error.code).toBe("nonFinite");
    expect(error.message).toMatch(/step [2-9]\d?: .*(not finite|loss is)[\s\S]*learning rate \(now 1000000\)/);
    expect(error.message).toMatch(/first|second|finite outputs/);
    expect(weightsOf(model)).toEqual(last);
    expect(last.flat().every(Number.isFinite)).toBe(true);
  });

  test("nothing to train, and a loss without gradient", async () => {
    const frozen = line();
    frozen.getLayer(0).trainable = false;
    await expect(frozen.fit(x, x)).rejects.toThrow(/no weights to train/);
    const constant = line();
    constant.compile({ optimizer: "sgd", loss: (yTrue) => yTrue });
    await expect(constant.fit(x, x)).rejects.toMatchObject({ code: "gradient" });
  });
});
