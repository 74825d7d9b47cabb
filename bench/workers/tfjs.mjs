// TensorFlow.js on its WASM backend: the layers a user would write.
import { createRequire } from "node:module";
import { numbers, serve } from "./protocol.mjs";

// The packages may be installed elsewhere than beside this file.
const require = createRequire(`${process.env.RONDO_BENCH_PEERS}/`);
const tf = require("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-backend-cpu");
require("@tensorflow/tfjs-backend-wasm");
const layers = require("@tensorflow/tfjs-layers");

await serve({
  async describe() {
    await tf.setBackend("wasm");
    await tf.ready();
    return `TensorFlow.js ${tf.version_core}, ${tf.getBackend()}`;
  },
  setup({ cell, mode, batch, time, inputs, units }) {
    tf.disposeVariables();
    // Orthogonal initialisation takes TF.js minutes; it does not matter for the time of a step.
    const options = {
      units,
      returnSequences: true,
      recurrentInitializer: "glorotNormal",
      inputShape: [time, inputs],
      ...(cell === "rnn" ? {} : { recurrentActivation: "sigmoid" }),
    };
    const make = { lstm: layers.layers.lstm, gru: layers.layers.gru, rnn: layers.layers.simpleRNN }[cell];
    const model = layers.sequential({ layers: [make(options)] });
    const x = tf.tensor(numbers(batch * time * inputs), [batch, time, inputs]);
    if (mode === "infer") {
      return () =>
        tf.tidy(() => {
          model.predict(x, { batchSize: batch }).dataSync();
        });
    }
    const optimizer = tf.train.sgd(1e-3);
    const variables = model.trainableWeights.map((w) => w.val);
    return () => {
      const loss = optimizer.minimize(() => tf.mean(tf.square(model.apply(x, { training: true }))), true, variables);
      loss.dataSync();
      loss.dispose();
    };
  },
});
