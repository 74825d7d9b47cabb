// A million streaming steps: how often the garbage collector ran, and how long a step took. Usage: node bench/garbage.mjs
import { PerformanceObserver } from "node:perf_hooks";
import { layers, sequential } from "../dist/entry/node.js";

const steps = 1e6;
const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

for (const name of ["lstm", "gru", "simpleRNN"]) {
  const model = sequential([
    layers[name]({ units: 16, inputShape: [null, 4], returnSequences: true }),
    layers.dense({ units: 2, activation: "softmax" }),
  ]);
  const stream = model.stream();
  const x = new Float32Array([1, 2, 3, 4]);
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  observer.observe({ entryTypes: ["gc"] });
  for (let i = 0; i < 50_000; i++) stream.step(x); // until the code is compiled
  await turn();
  collections = 0;
  const start = performance.now();
  for (let i = 0; i < steps; i++) stream.step(x);
  const microseconds = ((performance.now() - start) * 1000) / steps;
  await turn();
  observer.disconnect();
  console.log(`${name}: ${collections} collections in ${steps} steps, ${microseconds.toFixed(2)} µs per step`);
}
