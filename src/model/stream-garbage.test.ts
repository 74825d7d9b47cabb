import { PerformanceObserver } from "node:perf_hooks";
import { expect, it } from "vitest";
import { layers } from "../layers/index.js";
import { sequential } from "./sequential.js";

/** Collections of garbage during `body`. */
async function collections(body: () => void): Promise<number> {
  let count = 0;
  const observer = new PerformanceObserver((list) => {
    count += list.getEntries().length;
  });
  observer.observe({ entryTypes: ["gc"] });
  body();
  await new Promise((resolve) => setTimeout(resolve, 5));
  observer.disconnect();
  return count;
}

it("streaming makes no garbage once its code is compiled", async () => {
  const model = sequential([
    layers.lstm({ units: 4, inputShape: [null, 2], returnSequences: true }),
    layers.gru({ units: 4, returnSequences: true }),
    layers.dense({ units: 2, activation: "softmax" }),
  ]);
  const stream = model.stream();
  const x = new Float32Array([1, 2]);
  // A hundred bytes per step would fill the young generation several times over in each round.
  const round = () => {
    for (let i = 0; i < 100_000; i++) stream.step(x);
  };
  let fewest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 6 && fewest > 0; i++) fewest = Math.min(fewest, await collections(round));
  expect(fewest).toBe(0);
}, 60_000);
