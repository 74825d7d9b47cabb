// A fresh process: milliseconds to import a library, from there to the end of a model's first training step, and for the
// next one.
import { createRequire } from "node:module";
import { numbers } from "./protocol.mjs";

const [system, batch, time, units] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const inputs = 8;
const x = numbers(batch * time * inputs);
const y = numbers(batch, 2);

async function rondo() {
  const { layers, optimizers, sequential, tensor } = await import("../../dist/entry/node.js");
  return () => {
    const model = sequential([layers.lstm({ units, inputShape: [time, inputs] }), layers.dense({ units: 1 })]);
    model.compile({ optimizer: optimizers.adam({ learningRate: 1e-3 }), loss: "meanSquaredError" });
    return () => model.trainOnBatch(tensor(x, [batch, time, inputs]), tensor(y, [batch, 1]));
  };
}

async function tfjs() {
  const require = createRequire(`${process.env.RONDO_BENCH_PEERS}/`);
  const tf = require("@tensorflow/tfjs-core");
  require("@tensorflow/tfjs-backend-cpu");
  require("@tensorflow/tfjs-backend-wasm");
  const { layers, sequential } = require("@tensorflow/tfjs-layers");
  return async () => {
    await tf.setBackend("wasm");
    const options = { units, inputShape: [time, inputs], recurrentInitializer: "glorotNormal" };
    const model = sequential({ layers: [layers.lstm(options), layers.dense({ units: 1 })] });
    model.compile({ optimizer: tf.train.adam(1e-3), loss: "meanSquaredError" });
    return () => model.trainOnBatch(tf.tensor(x, [batch, time, inputs]), tf.tensor(y, [batch, 1]));
  };
}

const began = performance.now();
const make = await { rondo, tfjs }[system]();
const imported = performance.now();
const step = await make();
await step();
const first = performance.now();
await step();
const second = performance.now() - first;
console.log(JSON.stringify({ import: imported - began, first: first - imported, second }));
process.exit(0);
