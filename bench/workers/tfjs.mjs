// TensorFlow.js on its WASM backend: the layers a user would write.
import { createRequire } from "node:module";
import { numbers, samplePlaces, serve, weightsOf } from "./protocol.mjs";

// The packages may be installed elsewhere than beside this file.
const require = createRequire(`${process.env.RONDO_BENCH_PEERS}/`);
const tf = require("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-backend-cpu");
require("@tensorflow/tfjs-backend-wasm");
const { layers, sequential } = require("@tensorflow/tfjs-layers");
const makers = { lstm: layers.lstm, gru: layers.gru, rnn: layers.simpleRNN };

await serve({
  async describe() {
    await tf.setBackend("wasm");
    await tf.ready();
    return `TensorFlow.js ${tf.version_core} ${tf.getBackend()}`;
  },
  setup(test) {
    const { cell, mode, batch, time, inputs, units } = test;
    tf.disposeVariables();
    // Orthogonal initialisation takes TF.js minutes; the weights are replaced anyway.
    const options = {
      ...{ units, returnSequences: true, recurrentInitializer: "glorotNormal", inputShape: [time, inputs] },
      ...(cell === "rnn" ? {} : { recurrentActivation: "sigmoid" }),
    };
    const model = sequential({ layers: [makers[cell](options)] });
    // Its GRU has the other position of the reset gate (and one bias): another network of the same size.
    const comparable = cell !== "gru";
    if (comparable) {
      const [kernel, recurrent, bias] = weightsOf(test);
      model.setWeights([
        tf.tensor(kernel, [inputs, bias.length]),
        tf.tensor(recurrent, [units, bias.length]),
        tf.tensor(bias),
      ]);
    }
    const x = tf.tensor(numbers(batch * time * inputs), [batch, time, inputs]);
    const release = () => x.dispose();
    if (mode === "infer") {
      const predict = () => tf.tidy(() => model.predict(x, { batchSize: batch }).dataSync());
      const sample = () => {
        const y = predict();
        return samplePlaces(test).map(([b, t, u]) => y[(b * time + t) * units + u]);
      };
      return { step: () => void predict(), sample: comparable ? sample : undefined, release };
    }
    const optimizer = tf.train.sgd(0.05);
    const variables = model.trainableWeights.map((w) => w.val);
    const loss = () => tf.mean(tf.square(model.apply(x, { training: true })));
    const step = () => {
      const value = optimizer.minimize(loss, true, variables);
      value.dataSync();
      value.dispose();
    };
    const value = () => tf.tidy(() => loss().dataSync()[0]);
    const sample = () => {
      const before = value();
      step();
      return [before, value()];
    };
    return { step, sample: comparable ? sample : undefined, release };
  },
});
