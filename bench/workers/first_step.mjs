// A fresh process: milliseconds to import a library, and from there to the end of a model's first training step.
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
    return model.trainOnBatch(tensor(x, [batch, time, inputs]), tensor(y, [batch, 1]));
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
    return model.trainOnBatch(tf.tensor(x, [batch, time, inputs]), tf.tensor(y, [batch, 1]));
  };
}

const began = performance.now();
const first = await { rondo, tfjs }[system]();
const imported = performance.now();
await first();
console.log(JSON.stringify({ import: imported - began, firstStep: performance.now() - imported }));
process.exit(0);
