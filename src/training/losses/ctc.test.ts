import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/golden.js";
import { valueAndGrads } from "../../autograd/gradients.js";
import { layers } from "../../layers/index.js";
import { sequential } from "../../model/sequential.js";
import { setSeed } from "../../tensor/generator.js";
import { sum } from "../../tensor/ops/reduce.js";
import { slice } from "../../tensor/ops/slicing.js";
import { tensor } from "../../tensor/tensor.js";
import { ctcLoss, losses, lossValue } from "./index.js";

const wave = (size: number, phase: number) =>
  Float32Array.from({ length: size }, (_, i) => 2 * Math.sin(i * i + phase));

/** Sums the probability of every one of the classes^frames alignments that spells the labels. */
function bruteForce(labels: readonly number[], logits: readonly number[][]): number {
  const probabilities = logits.map((row) => {
    const total = row.reduce((s, x) => s + Math.exp(x), 0);
    return row.map((x) => Math.exp(x) / total);
  });
  let likelihood = 0;
  const walk = (t: number, p: number, path: readonly number[]): void => {
    if (t < logits.length) {
      probabilities[t]!.forEach((q, c) => {
        walk(t + 1, p * q, [...path, c]);
      });
      return;
    }
    const spelt = path.filter((c, i) => c !== 0 && c !== path[i - 1]);
    if (spelt.join() === labels.join()) likelihood += p;
  };
  walk(0, 1, []);
  return -Math.log(likelihood);
}

describe("the sum over all alignments", () => {
  test.each([[[1]], [[1, 2]], [[1, 1]], [[2, 1, 2]], [[]]])("of %j", (labels) => {
    const logits = Array.from({ length: 5 }, (_, t) => [...wave(3, 7 * t)]);
    const loss = ctcLoss(tensor([...labels, 0, 0], [1, labels.length + 2]), tensor([logits]));
    expectClose(loss.dataSync(), [bruteForce(labels, logits)], 1e-6);
  });

  test("of probabilities far below the smallest double", () => {
    // 2000 steps at log-probability -30 or so: e^-60000.
    const logits = tensor(
      Float32Array.from({ length: 4000 }, (_, i) => (i % 2 === 0 ? 0 : 30)),
      [1, 2000, 2],
    );
    const { value, grads } = valueAndGrads((x) => sum(ctcLoss([[0]], x)))([logits]);
    expectClose(value.dataSync(), [60000], 1e-6);
    expect(grads[0]!.dataSync().every((g) => Number.isFinite(g))).toBe(true);
  });
});

test("masked and cut off steps are as if they were not there", () => {
  const logits = tensor(wave(2 * 6 * 4, 1), [2, 6, 4]);
  const labels = tensor([
    [1, 3],
    [2, 0],
  ]);
  const mask = tensor([
    [true, true, true, true, false, false],
    [true, true, true, true, true, true],
  ]);
  const alone = ctcLoss(tensor([[1, 3]]), slice(logits, [0, 0, 0], [1, 4, 4])).item();
  const all = ctcLoss(labels, logits).dataSync();
  expect(all[0]).not.toBeCloseTo(alone, 3);
  expectClose(ctcLoss(labels, logits, { inputLengths: [4, 6] }).dataSync(), [alone, all[1]!], 1e-6);
  const { value, grads } = valueAndGrads((x) => lossValue(losses.ctc(), labels, x, null, mask))([logits]);
  expectClose(value.dataSync(), [(alone + all[1]!) / 2], 1e-6);
  const gradient = grads[0]!.dataSync();
  expect(gradient.slice(16, 24).every((g) => g === 0)).toBe(true);
  expect(gradient.slice(0, 16).some((g) => g !== 0)).toBe(true);
});

test("another blank: classes in another order", () => {
  const [a, b, c] = [wave(5, 0), wave(5, 1), wave(5, 2)];
  const first = Array.from({ length: 5 }, (_, t) => [a[t]!, b[t]!, c[t]!]);
  const last = first.map(([blank, one, two]) => [one!, two!, blank!]);
  const moved = ctcLoss([[0, 1, 2, -1]], tensor([last]), { blank: 2 });
  expectClose(moved.dataSync(), ctcLoss([[1, 2, 0]], tensor([first])).dataSync(), 1e-6);
});

describe("sequences too short for their labels", () => {
  const labels = tensor([[1, 1]]);
  const logits = tensor(wave(4, 0), [1, 2, 2]);

  test("are an error that says so", () => {
    expect(() => ctcLoss(labels, logits)).toThrow(
      /example 0 of the batch is too short[\s\S]*2 time steps for 2 labels/,
    );
  });

  test("or count nothing on request", () => {
    const { value, grads } = valueAndGrads((x) => sum(ctcLoss(labels, x, { zeroInfinity: true })))([logits]);
    expect(value.item()).toBe(0);
    expect([...grads[0]!.dataSync()]).toEqual([0, 0, 0, 0]);
  });
});

test("mistakes", () => {
  const logits = tensor(wave(8, 0), [1, 4, 2]);
  expect(() => ctcLoss([[2]], logits)).toThrow(/not a class[\s\S]*2 in example 0/);
  expect(() => ctcLoss([1], logits)).toThrow(/targets \[1\], predictions \[1, 4, 2\]/);
  expect(() => ctcLoss([[1]], tensor([[1, 2]]))).toThrow(/returnSequences: true/);
  expect(() => ctcLoss([[1]], logits, { blank: 2 })).toThrow(/blank is one of the classes/);
  expect(() => ctcLoss([[1]], logits, { inputLengths: [5] })).toThrow(/inputLengths/);
});

test("a model learns to spell, masked steps included", async () => {
  setSeed(3);
  const model = sequential([
    layers.masking({ maskValue: 9 }),
    layers.gru({ units: 8, returnSequences: true }),
    layers.dense({ units: 3 }),
  ]);
  model.compile({ optimizer: "adam", learningRate: 0.05, loss: losses.ctc() });
  const x = tensor([
    [[0], [1], [0], [2], [0], [9]],
    [[0], [2], [0], [1], [9], [9]],
  ]);
  const y = tensor([
    [1, 2],
    [2, 1],
  ]);
  const { history } = await model.fit(x, y, { epochs: 80, shuffle: false });
  expect(history.loss!.at(-1)).toBeLessThan(0.1 * history.loss![0]!);
});
