import { expect, test } from "vitest";
import { numbersLike } from "../../../test/support/sine.js";
import { tensor } from "../../tensor/tensor.js";
import { ctcDecode } from "./ctc-decode.js";
import { ctcLoss } from "./index.js";

const [time, classes] = [5, 3];
const logits8 = numbersLike(8 * 5, 0.4, 2);
const logits = numbersLike(time * classes, 0.4, 2);

/** Every alignment there is: labels to the log of their probability, by plain sums. */
function everyLabelling(values: readonly number[], frames: number): Map<string, number> {
  const rows = Array.from({ length: frames }, (_, t) => {
    const powers = values.slice(t * classes, (t + 1) * classes).map(Math.exp);
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((p) => p / sum);
  });
  const found = new Map<string, number>();
  for (let code = 0; code < classes ** frames; code++) {
    const path = Array.from({ length: frames }, (_, t) => Math.floor(code / classes ** t) % classes);
    const labels = path.filter((c, t) => c !== 0 && c !== path[t - 1]);
    const p = path.reduce((product, c, t) => product * rows[t]![c]!, 1);
    found.set(labels.join(" "), (found.get(labels.join(" ")) ?? 0) + p);
  }
  return found;
}

test("a wide beam finds the likeliest labels with their exact probability", () => {
  const best = [...everyLabelling(logits, time)].sort((a, b) => b[1] - a[1]).slice(0, 4);
  const [paths] = ctcDecode(tensor(logits, [1, time, classes]), { strategy: "beamSearch", topPaths: 4 });
  expect(paths!.map(({ labels }) => labels.join(" "))).toEqual(best.map(([labels]) => labels));
  paths!.forEach(({ logProbability }, i) => {
    expect(logProbability).toBeCloseTo(Math.log(best[i]![1]), 5);
  });
});

test("beam search gives Keras' paths and scores", () => {
  // keras.ops.ctc_decode(x, [8], strategy="beam_search", beam_width=200, top_paths=3, mask_index=0)
  const [paths] = ctcDecode(tensor(logits8, [1, 8, 5]), { strategy: "beamSearch", beamWidth: 200, topPaths: 3 });
  expect(paths!.map(({ labels }) => labels)).toEqual([
    [4, 1, 3, 2, 4],
    [4, 1, 2, 4],
    [4, 1, 4, 2, 4],
  ]);
  [-4.101719379, -4.242042065, -4.324332714].forEach((score, i) => {
    expect(paths![i]!.logProbability).toBeCloseTo(score, 5);
  });
});

test("the loss of what a beam search finds is minus its log probability", () => {
  const [[path]] = ctcDecode(tensor(logits, [1, time, classes]), { strategy: "beamSearch" }) as [
    [{ labels: number[]; logProbability: number }],
  ];
  const loss = ctcLoss(tensor([path.labels]), tensor(logits, [1, time, classes]));
  expect(loss.dataSync()[0]).toBeCloseTo(-path.logProbability, 4);
});

test("greedy: repeats merge, blanks vanish, frames after the length do not count", () => {
  const frames = [1, 1, 0, 1, 2, 2];
  const scores = frames.flatMap((c) => [0, 1, 2].map((k) => (k === c ? 5 : 0)));
  const x = tensor([...scores, ...scores], [2, 6, 3]);
  const sure = Math.log(Math.exp(5) / (Math.exp(5) + 2));
  const [all, three] = ctcDecode(x, { lengths: [6, 3] });
  expect(all![0]!.labels).toEqual([1, 1, 2]);
  expect(all![0]!.logProbability).toBeCloseTo(6 * sure, 5);
  expect(three![0]!.labels).toEqual([1]);
  expect(ctcDecode(x, { mergeRepeated: false })[0]![0]!.labels).toEqual([1, 1, 1, 2, 2]);
  expect(ctcDecode(x, { blank: 2 })[0]![0]!.labels).toEqual([1, 0, 1]);
});

test("the best path and the best labels may differ", () => {
  // Blank wins both frames with 0.4 · 0.4, but "1" has 2 · 0.4 · 0.3 + 0.3 · 0.3.
  const row = [0.4, 0.3, 0.3].map(Math.log);
  const x = tensor([...row, ...row], [1, 2, 3]);
  expect(ctcDecode(x)[0]![0]!.labels).toEqual([]);
  expect(ctcDecode(x, { strategy: "beamSearch" })[0]![0]!.labels).toHaveLength(1);
});

test("mistakes", () => {
  const x = tensor(logits, [1, time, classes]);
  expect(() => ctcDecode(tensor([[1]]))).toThrow(/\[batch, time, classes\]/);
  expect(() => ctcDecode(x, { strategy: "beam" as never })).toThrow(/greedy/);
  expect(() => ctcDecode(x, { topPaths: 2 })).toThrow(/one path/);
  expect(() => ctcDecode(x, { blank: 3 })).toThrow(/0 to 2/);
  expect(() => ctcDecode(x, { lengths: [6] })).toThrow(/from 0 to 5/);
  expect(() => ctcDecode(x, { beamwidth: 3 } as never)).toThrow(/did you mean "beamWidth"/);
});
