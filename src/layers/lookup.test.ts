import { expect, test } from "vitest";
import { input, layers, losses, model, optimizers, sequential } from "../entry/node.js";
import type { Layer } from "./layer.js";

// Nine sequences of ten steps over six symbols: more than twice as many steps as rows, so that rows are looked up.
const [batch, time, rows] = [9, 10, 6];
const x = Array.from({ length: batch }, (_, b) => Array.from({ length: time }, (_, t) => (b * 7 + t * t) % rows));
const y = x.map((steps, b) => steps.map((_, t) => (b + t) % 3));

const recurrent: Record<string, () => Layer> = {
  lstm: () => layers.lstm({ units: 5, returnSequences: true }),
  gru: () => layers.gru({ units: 5, returnSequences: true, goBackwards: true }),
  simpleRNN: () => layers.simpleRNN({ units: 5, returnSequences: true, dropout: 0 }),
  "wide lstm": () => layers.lstm({ units: 33, returnSequences: true, stateful: true }),
  bidirectional: () => layers.bidirectional({ layer: layers.lstm({ units: 4, returnSequences: true }) }),
};

/** The same network with the embedding written out: dropout of nothing stands between, which no lookup passes. */
function pair(make: () => Layer, maskZero: boolean) {
  const build = (between: readonly Layer[]) => {
    const embedding = layers.embedding({ inputDim: rows, outputDim: 7, maskZero, inputShape: [time] });
    const net = sequential([embedding, ...between, make(), layers.dense({ units: 3 })] as Layer[]);
    net.build([null, time]);
    net.compile({
      optimizer: optimizers.sgd({ learningRate: 0.5 }),
      loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }),
    });
    return net;
  };
  const [lookedUp, written] = [build([]), build([layers.identity()])];
  written.setWeights(lookedUp.getWeights());
  return { lookedUp, written };
}

const close = (a: readonly number[], b: readonly number[]) => {
  expect(a.length).toBe(b.length);
  for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThan(3e-6);
};
const numbers = (net: { getWeights(): readonly { dataSync(): ArrayLike<number> }[] }) =>
  net.getWeights().flatMap((w) => Array.from(w.dataSync()));

test.each(Object.keys(recurrent))("%s learns the same from rows as from written embeddings", async (name) => {
  for (const maskZero of [false, true]) {
    const { lookedUp, written } = pair(recurrent[name]!, maskZero);
    close(Array.from(lookedUp.predict(x).dataSync()), Array.from(written.predict(x).dataSync()));
    for (let step = 0; step < 3; step++) {
      const losses: number[] = [];
      for (const net of [lookedUp, written]) {
        net.resetStates();
        losses.push((await net.trainOnBatch(x, y))["loss"] as number);
      }
      expect(Math.abs(losses[0]! - losses[1]!)).toBeLessThan(2e-6);
    }
    close(numbers(lookedUp), numbers(written));
    // Weights that inference arranged before the training steps are not used after them.
    close(Array.from(lookedUp.predict(x).dataSync()), Array.from(written.predict(x).dataSync()));
  }
});

test("rows are multiplied once, not once a step", () => {
  const { lookedUp, written } = pair(recurrent["lstm"]!, false);
  const gathers = (net: typeof written) => {
    const embedding = net.layers[0]!;
    let calls = 0;
    const call = embedding.callWithMasks.bind(embedding);
    embedding.callWithMasks = (...args) => {
      calls++;
      return call(...args);
    };
    net.predict(x);
    return calls;
  };
  expect([gathers(lookedUp), gathers(written)]).toEqual([0, 1]);
});

test("an embedding that others see too is written out", () => {
  const tokens = input({ shape: [time], dtype: "int32" });
  const embedded = layers.embedding({ inputDim: rows, outputDim: 7 }).apply(tokens);
  const sequence = layers.lstm({ units: 5, returnSequences: true }).apply(embedded);
  const both = model({ inputs: tokens, outputs: [sequence, embedded] });
  const alone = model({ inputs: tokens, outputs: sequence });
  const [first, vectors] = both.predict(x);
  expect(vectors!.shape).toEqual([batch, time, 7]);
  close(Array.from(alone.predict(x).dataSync()), Array.from(first!.dataSync()));
});

test("a token without a row is named as ever", () => {
  const { lookedUp } = pair(recurrent["lstm"]!, false);
  const wrong = x.map((steps) => [...steps.slice(0, -1), rows]);
  expect(() => lookedUp.predict(wrong)).toThrow(/embedding.*index out of range[\s\S]*6 at position 9/);
});
