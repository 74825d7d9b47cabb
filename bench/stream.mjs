// One streaming step of an LSTM at batch 1: median and 99th percentile in microseconds.
import { layers, sequential, setThreads } from "../dist/entry/node.js";
import { numbers } from "./workers/protocol.mjs";

setThreads(1);
console.log("| hidden size | layers | median µs | 99 % µs |");
console.log("|---|---|---|---|");
for (const units of [32, 64, 128, 256, 512]) {
  for (const depth of [1, 2, 3]) {
    const stack = Array.from({ length: depth }, (_, i) =>
      layers.lstm({ units, returnSequences: true, ...(i === 0 ? { inputShape: [null, units] } : {}) }),
    );
    const stream = sequential(stack).stream();
    const input = numbers(units);
    const steps = Math.max(2000, Math.round(2e9 / (8 * units * units * 2 * depth)) >> 3);
    for (let i = 0; i < 500; i++) stream.step(input);
    const times = new Float64Array(steps);
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      stream.step(input);
      times[i] = performance.now() - start;
    }
    times.sort();
    const at = (part) => (times[Math.floor(part * steps)] * 1000).toFixed(1);
    console.log(`| ${units} | ${depth} | ${at(0.5)} | ${at(0.99)} |`);
  }
}
