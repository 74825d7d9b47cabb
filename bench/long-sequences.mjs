// What a time step costs in sequences of different lengths: an LSTM's training step and inference on 1 thread, and the
// memory that the gradient of the last output needs, with everything kept and with `rematerialize`.
//
//     node bench/long-sequences.mjs [--publish]
import { parseArgs } from "node:util";
import {
  layers,
  mean,
  memory,
  optimizers,
  profile,
  scope,
  sequential,
  setThreads,
  square,
  tensor,
} from "../dist/entry/node.js";
import { publishPart } from "./lib/part.mjs";
import { table } from "./lib/tables.mjs";
import { numbers } from "./workers/protocol.mjs";

const { values: options } = parseArgs({ options: { publish: { type: "boolean", default: false } } });
const units = 64;
setThreads(1);

function prepare(time, rematerialize) {
  const layer = layers.lstm({ units, rematerialize, inputShape: [time, units] });
  sequential([layer]).build([null, time, units]);
  const x = tensor(numbers(time * units), [1, time, units]);
  const optimizer = optimizers.sgd({ learningRate: 1e-3 });
  const train = () =>
    optimizer.minimize(() => mean(square(layer.apply(x, { training: true }))), layer.trainableWeights);
  return { train, infer: () => scope(() => void layer.apply(x)), release: () => x.dispose() };
}

/** The fastest of several runs, in microseconds per time step. */
function perStep(run, time) {
  run();
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < Math.max(4, Math.min(60, 2e5 / time)); i++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return ((best * 1000) / time).toFixed(2);
}

async function megabytes(run) {
  const held = memory().bytes;
  return (((await profile(run)).peakBytes - held) / 1e6).toFixed(2);
}

const rows = [];
for (const time of [100, 1000, 10000, 30000, 100000]) {
  const kept = prepare(time, false);
  const again = prepare(time, true);
  rows.push([
    ...[String(time), perStep(kept.infer, time), perStep(kept.train, time), await megabytes(kept.train)],
    ...[perStep(again.train, time), await megabytes(again.train)],
  ]);
  kept.release();
  again.release();
}
const head = ["time steps", "inference, µs a step", "training, µs a step", "MB", "rematerialized, µs a step", "MB"];
const text = table([head, ...rows]);
console.log(text);
if (options.publish) publishPart("long", text);
