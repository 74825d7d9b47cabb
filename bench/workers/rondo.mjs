// rondo, on the backend and number of threads given by RONDO_BACKEND and RONDO_THREADS.
import * as rondo from "../../dist/entry/node.js";
import { numbers, serve } from "./protocol.mjs";

await serve({
  describe: () => `rondo, ${rondo.getBackend()}, ${process.env.RONDO_THREADS ?? 1} thread(s)`,
  setup({ cell, mode, batch, time, inputs, units }) {
    const make = { lstm: rondo.layers.lstm, gru: rondo.layers.gru, rnn: rondo.layers.simpleRNN }[cell];
    const layer = make({ units, returnSequences: true, inputShape: [time, inputs] });
    const model = rondo.sequential([layer]);
    const x = rondo.tensor(numbers(batch * time * inputs), [batch, time, inputs]);
    if (mode === "infer") {
      return () =>
        rondo.scope(() => {
          layer.apply(x);
        });
    }
    const optimizer = rondo.optimizers.sgd({ learningRate: 1e-3 });
    model.build([null, time, inputs]);
    return () =>
      optimizer.minimize(() => rondo.mean(rondo.square(layer.apply(x, { training: true }))), model.trainableWeights);
  },
});
