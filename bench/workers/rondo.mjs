// rondo, on the backend and number of threads given by RONDO_BACKEND and RONDO_THREADS.
import * as rondo from "../../dist/entry/node.js";
import { numbers, samplePlaces, serve, tokens, weightsOf } from "./protocol.mjs";

const { layers, losses, optimizers, sequential, tensor } = rondo;
const makers = { lstm: layers.lstm, gru: layers.gru, rnn: layers.simpleRNN };

function sequenceLayer(test) {
  const { cell, mode, batch, time, inputs, units } = test;
  const layer = makers[cell]({ units, returnSequences: true, inputShape: [time, inputs] });
  const model = sequential([layer]);
  model.build([null, time, inputs]);
  const [kernel, recurrent, bias] = weightsOf(test);
  const width = kernel.length / inputs;
  model.setWeights([
    tensor(kernel, [inputs, width]),
    tensor(recurrent, [units, width]),
    cell === "gru" ? tensor(bias, [2, width]) : tensor(bias, [width]),
  ]);
  const x = tensor(numbers(batch * time * inputs), [batch, time, inputs]);
  const release = () => x.dispose();
  if (mode === "infer") {
    const step = () => rondo.scope(() => void layer.apply(x));
    const sample = () =>
      rondo.scope(() => {
        const y = layer.apply(x).dataSync();
        return samplePlaces(test).map(([b, t, u]) => y[(b * time + t) * units + u]);
      });
    return { step, sample, release };
  }
  const optimizer = optimizers.sgd({ learningRate: 0.05 });
  const loss = () => rondo.mean(rondo.square(layer.apply(x, { training: true })));
  const step = () => optimizer.minimize(loss, model.trainableWeights);
  // The second loss shows that the gradients agree too.
  const value = () => rondo.scope(() => loss().item());
  const sample = () => {
    const before = value();
    step();
    return [before, value()];
  };
  return { step, sample, release };
}

/** The step that `fit` does for a character model. */
function characterModel({ units, inputs, batch, time, vocabulary, layers: depth }) {
  const model = sequential([
    layers.embedding({ inputDim: vocabulary, outputDim: inputs, inputShape: [time] }),
    ...Array.from({ length: depth }, () => layers.lstm({ units, returnSequences: true })),
    layers.dense({ units: vocabulary }),
  ]);
  model.compile({
    optimizer: optimizers.adam({ learningRate: 1e-3, globalClipNorm: 1 }),
    loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }),
  });
  const shape = [batch, time];
  const x = { values: tokens(batch * time, vocabulary, 1), shape };
  const y = { values: tokens(batch * time, vocabulary, 2), shape };
  return { step: () => model.trainOnBatch(x, y) };
}

function stream(test) {
  const { cell, units, layers: depth } = test;
  const model = sequential(
    Array.from({ length: depth }, (_, i) =>
      makers[cell]({ units, returnSequences: true, ...(i === 0 ? { inputShape: [null, units] } : {}) }),
    ),
  );
  model.build([null, null, units]);
  model.setWeights(
    Array.from({ length: depth }, (_, i) => weightsOf(test, i)).flatMap(([kernel, recurrent, bias]) => [
      tensor(kernel, [units, bias.length]),
      tensor(recurrent, [units, bias.length]),
      tensor(bias, [bias.length]),
    ]),
  );
  const stepper = model.stream();
  const x = numbers(units);
  const sample = () => {
    for (let i = 0; i < 2; i++) stepper.step(x);
    return stepper.step(x).slice(0, 16);
  };
  return { step: () => void stepper.step(x), sample };
}

await serve({
  describe: () => `rondo ${rondo.getBackend()}`,
  setup: (test) => ({ train: sequenceLayer, infer: sequenceLayer, text: characterModel, stream })[test.mode](test),
});
