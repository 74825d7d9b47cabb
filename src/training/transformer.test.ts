import { expect, test } from "vitest";
import { layers } from "../layers/index.js";
import { sequential } from "../model/sequential.js";
import { Generator, setSeed } from "../tensor/generator.js";
import { optimizers } from "./optimizers/index.js";

const LETTERS = 6;
const LENGTH = 5;
/** Ends the question; the answer is the question backwards. */
const TURN = LETTERS;

/** Sequences such as 3 1 4 | 4 1 3 without their last token, and what comes after each token. */
function examples(count: number, seed: number): { x: number[][]; y: number[][] } {
  const random = new Generator(seed);
  const rows = Array.from({ length: count }, () => {
    const question = Array.from({ length: LENGTH }, () => random.int(LETTERS));
    return [...question, TURN, ...question.toReversed()];
  });
  return { x: rows.map((row) => row.slice(0, -1)), y: rows.map((row) => row.slice(1)) };
}

test("a causal Transformer learns to reverse, and generates by streaming as by running again", async () => {
  setSeed(11);
  const size = 32;
  const made = sequential([
    layers.embedding({ inputDim: LETTERS + 1, outputDim: size, inputShape: [null] }),
    layers.positionEmbedding({ sequenceLength: 2 * LENGTH }),
    layers.transformerDecoder({ intermediateDim: 2 * size, numHeads: 2, normalizeFirst: true }),
    layers.layerNormalization(),
    layers.dense({ units: LETTERS + 1, activation: "softmax" }),
  ]);
  made.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), loss: "sparseCategoricalCrossentropy" });
  const { x, y } = examples(256, 1);
  // What the question asks is chance: only the answer counts.
  const weights = y.map((row) => row.map((_, t) => (t < LENGTH ? 0 : 1)));
  await made.fit(x, y, { epochs: 10, batchSize: 32, sampleWeight: weights, verbose: 0 });

  const argMax = (values: ArrayLike<number>) => Array.from(values).indexOf(Math.max(...Array.from(values)));
  let right = 0;
  const unseen = examples(20, 2).x;
  for (const row of unseen) {
    const question = row.slice(0, LENGTH + 1);
    const stepper = made.stream();
    let scores = question.map((id) => stepper.step(id).slice()).at(-1)!;
    const streamed: number[] = [];
    const rerun = [...question];
    for (let t = 0; t < LENGTH; t++) {
      streamed.push(argMax(scores));
      if (t < LENGTH - 1) scores = stepper.step(streamed[t]!).slice();
      const all = made.predict([rerun]).arraySync() as number[][][];
      rerun.push(argMax(all[0]!.at(-1)!));
    }
    expect(streamed).toEqual(rerun.slice(LENGTH + 1));
    right += Number(streamed.join() === question.slice(0, LENGTH).toReversed().join());
  }
  expect(right).toBeGreaterThanOrEqual(18);
}, 120_000);
