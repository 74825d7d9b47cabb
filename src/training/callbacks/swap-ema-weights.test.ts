import { describe, expect, test } from "vitest";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../../test/support/golden.js";
import { line, numbers, weightsOf } from "../../../test/support/line.js";
import { modelFromBytes, modelToBytes } from "../../formats/model-file.js";
import { layers } from "../../layers/index.js";
import { type Sequential, sequential } from "../../model/sequential.js";
import { optimizers } from "../optimizers/index.js";
import { callbacks } from "./index.js";

interface Golden {
  readonly swapEma: {
    readonly weights: readonly number[][];
    readonly runs: readonly {
      readonly swapOnEpoch: boolean | null;
      readonly loss: readonly number[];
      readonly validation: readonly number[];
      readonly atEpochEnds: readonly number[][][];
      readonly final: readonly number[][];
    }[];
  } & Record<"x" | "y" | "heldX" | "heldY", GoldenArray>;
}
const { swapEma: golden } = readGolden<Golden>("training");
const [x, y, heldX, heldY] = (["x", "y", "heldX", "heldY"] as const).map((name) => toTensor(golden[name]));
const ema = () => optimizers.sgd({ learningRate: 0.3, momentum: 0.9, useEma: true, emaMomentum: 0.6 });

function make(optimizer: Parameters<Sequential["compile"]>[0]["optimizer"] = ema()): Sequential {
  const model = sequential([layers.dense({ units: 1, inputShape: [2] })]);
  model.weights.forEach((w, i) => {
    w.view().set(golden.weights[i]!);
  });
  model.compile({ optimizer, loss: "mse" });
  return model;
}
const options = { batchSize: 2, epochs: 3, shuffle: false, validationData: [heldX!, heldY!] } as const;

describe("fit is Keras'", () => {
  const kinds = {
    plain: ema,
    "loss scale": () => optimizers.lossScale({ innerOptimizer: ema() }),
    groups: () => optimizers.groups({ groups: [{ match: ["bias"], optimizer: ema() }], rest: ema() }),
  };
  const cases = Object.entries(kinds).flatMap(([kind, optimizer]) =>
    golden.runs.map((run) => [`${kind}, swapOnEpoch ${run.swapOnEpoch}`, optimizer, run] as const),
  );
  test.each(cases)("%s", async (_, optimizer, run) => {
    const model = make(optimizer());
    const seen: number[][][] = [];
    const watch = { onEpochEnd: () => void seen.push(weightsOf(model)) };
    const swap = run.swapOnEpoch === null ? [] : [callbacks.swapEMAWeights({ swapOnEpoch: run.swapOnEpoch })];
    const { history } = await model.fit(x!, y!, { ...options, callbacks: [...swap, watch] });
    expectClose(history.loss!, run.loss, 1e-5);
    expectClose(history.val_loss!, run.validation, 1e-5);
    seen.forEach((weights, epoch) => {
      for (const [i, w] of weights.entries()) expectClose(w, run.atEpochEnds[epoch]![i]!, 1e-5);
    });
    for (const [i, w] of weightsOf(model).entries()) expectClose(w, run.final[i]!, 1e-5);
  });
});

test("a worker gives the same numbers, and callbacks here see the averages", async () => {
  const run = async (worker: boolean) => {
    const model = make();
    const seen: number[][][] = [];
    const watch = { onEpochEnd: () => void seen.push(weightsOf(model)) };
    const swap = callbacks.swapEMAWeights({ swapOnEpoch: true });
    const history = await model.fit(x!, y!, { ...options, worker, callbacks: [swap, watch] });
    return { history, seen, weights: weightsOf(model) };
  };
  expect(await run(true)).toEqual(await run(false));
});

test("a training that goes on from a file with averages in it ends with the same bits", async () => {
  const whole = make();
  let bytes: Uint8Array | undefined;
  const save = {
    onEpochEnd: (epoch: number) => void (epoch === 1 && (bytes = modelToBytes(whole, { includeTrainingState: true }))),
  };
  await whole.fit(x!, y!, { ...options, callbacks: [callbacks.swapEMAWeights({ swapOnEpoch: true }), save] });
  for (const list of [[callbacks.swapEMAWeights()], []]) {
    const loaded = modelFromBytes(bytes!);
    await loaded.fit(x!, y!, { ...options, callbacks: list });
    expect(weightsOf(loaded)).toEqual(weightsOf(whole));
  }
});

test("training that is aborted or stopped leaves the weights, or the averages", async () => {
  const [plain, swapped] = [make(), make()];
  for (const model of [plain, swapped]) {
    const swap = model === swapped ? [callbacks.swapEMAWeights({ swapOnEpoch: true })] : [];
    const stop = new AbortController();
    const abort = { onEpochEnd: () => stop.abort() };
    await model.fit(x!, y!, { ...options, signal: stop.signal, callbacks: [...swap, abort] });
  }
  expect(weightsOf(swapped)).toEqual(weightsOf(plain));
  for (const model of [plain, swapped]) {
    const swap = model === swapped ? [callbacks.swapEMAWeights({ swapOnEpoch: true })] : [];
    const halt = { onEpochEnd: () => void (model.stopTraining = true) };
    await model.fit(x!, y!, { ...options, callbacks: [...swap, halt] });
  }
  expect(weightsOf(swapped)).toEqual(weightsOf(plain));
});

test("mistakes", async () => {
  const model = line();
  const fit = model.fit(numbers(1), numbers(1), { callbacks: callbacks.swapEMAWeights() });
  await expect(fit).rejects.toThrow(/needs an optimizer that keeps averages[\s\S]*useEma: true/);
  expect(() => callbacks.swapEMAWeights({ swapOnEpochs: true } as never)).toThrow(/"swapOnEpoch"/);
});
