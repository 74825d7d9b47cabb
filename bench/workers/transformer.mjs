// One causal Transformer block in rondo, on the backend and number of threads given by RONDO_BACKEND and RONDO_THREADS.
import * as rondo from "../../dist/entry/node.js";
import { numbers, serve } from "./protocol.mjs";

await serve({
  describe: () => `rondo, ${rondo.getBackend()}, ${process.env.RONDO_THREADS ?? 1} thread(s)`,
  setup({ mode, batch, time, size, heads }) {
    const options = { intermediateDim: 4 * size, numHeads: heads, normalizeFirst: true, inputShape: [time, size] };
    const layer = rondo.layers.transformerDecoder(options);
    const model = rondo.sequential([layer]);
    const x = rondo.tensor(numbers(batch * time * size), [batch, time, size]);
    if (mode === "infer") {
      return () =>
        rondo.scope(() => {
          layer.apply(x);
        });
    }
    const optimizer = rondo.optimizers.sgd({ learningRate: 1e-3 });
    return () =>
      optimizer.minimize(() => rondo.mean(rondo.square(layer.apply(x, { training: true }))), model.trainableWeights);
  },
});
