/**
 * The same few training steps in Node and in a page: an LSTM learns to tell rising from falling sequences.
 *
 * @param rondo the library, whichever entry point it came from
 * @param sizes threads to use, units of the LSTM, sequences per step
 * @returns the loss after every epoch and predictions at the end
 */
export async function trainTiny(rondo, { threads = 1, units = 12, batchSize = 8 } = {}) {
  rondo.setThreads(threads);
  rondo.setSeed(7);
  const count = 32;
  const time = 9;
  const x = new Float32Array(count * time);
  const y = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const rising = i % 2 === 0;
    for (let t = 0; t < time; t++)
      x[i * time + t] = Math.fround(((rising ? t : time - t) / time) * (1 + 0.1 * (i % 5)));
    y[i] = rising ? 1 : 0;
  }
  const model = rondo.sequential([
    rondo.layers.lstm({ units, inputShape: [time, 1] }),
    rondo.layers.dense({ units: 1, activation: "sigmoid" }),
  ]);
  model.compile({ optimizer: rondo.optimizers.adam({ learningRate: 0.02 }), loss: "binaryCrossentropy" });
  const inputs = rondo.tensor(x, [count, time, 1]);
  const targets = rondo.tensor(y, [count, 1]);
  const history = await model.fit(inputs, targets, { epochs: 15, batchSize, verbose: 0 });
  return {
    backend: rondo.getBackend(),
    loss: [...history.history.loss],
    predictions: [...model.predict(inputs).dataSync()],
  };
}
