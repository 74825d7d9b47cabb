// One training step in rondo: prints how far the process grew, and the most that tensors took, beyond what was there.
import { readFileSync, writeFileSync } from "node:fs";
import * as rondo from "../../dist/entry/node.js";
import { numbers } from "./protocol.mjs";

const test = JSON.parse(process.argv[2]);
const status = (key) =>
  Number(new RegExp(`^${key}:\\s*(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;

function prepare({ cell, batch, time, inputs, units }) {
  const make = { lstm: rondo.layers.lstm, gru: rondo.layers.gru, rnn: rondo.layers.simpleRNN }[cell];
  const layer = make({ units, returnSequences: true, inputShape: [time, inputs] });
  rondo.sequential([layer]).build([null, time, inputs]);
  const x = rondo.tensor(numbers(batch * time * inputs), [batch, time, inputs]);
  const optimizer = rondo.optimizers.sgd({ learningRate: 1e-3 });
  return () =>
    optimizer.minimize(() => rondo.mean(rondo.square(layer.apply(x, { training: true }))), layer.trainableWeights);
}

// Code is loaded and compiled before the measurement, as far as that goes.
const small = prepare({ ...test, batch: 1, time: 2, inputs: 8, units: 8 });
for (let i = 0; i < 200; i++) small();
const step = prepare(test);
const before = status("VmRSS");
const held = rondo.memory().bytes;
writeFileSync("/proc/self/clear_refs", "5"); // the peak begins anew
for (let i = 0; i < 2; i++) step();
const growth = status("VmHWM") - before;
const { peakBytes } = await rondo.profile(step);
console.log(JSON.stringify({ growth, peakTensors: peakBytes - held }));
