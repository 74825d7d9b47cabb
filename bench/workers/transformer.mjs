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
      return { step: () => rondo.scope(() => void layer.apply(x)) };
    }
    const optimizer = rondo.optimizers.sgd({ learningRate: 1e-3 });
    const loss = () => rondo.mean(rondo.square(layer.apply(x, { training: true })));
    return { step: () => optimizer.minimize(loss, model.trainableWeights) };
  },
});
