import { describe, expect, expectTypeOf, test } from "vitest";
import { MinimalGatedUnitCell, ReadoutCell } from "../../test/layers/cells.js";
import { type LayerSample, runLayerTest } from "../../test/layers/layer-test.js";
import { layers, registerLayer } from "./index.js";
import { cellTable, type FactoryName, layerTable } from "./table.js";

registerLayer("MinimalGatedUnitCell", MinimalGatedUnitCell);
registerLayer("ReadoutCell", ReadoutCell);

const shape = [2, 4, 3];
const recurrent = { shape, masked: true };
const both = { returnSequences: true, returnState: true };

/** At least one way to use every layer of the table; a new row without one does not compile. */
const samples: { readonly [N in keyof typeof layerTable]: readonly [LayerSample, ...LayerSample[]] } = {
  Activation: [
    { make: () => layers.activation({ activation: "tanh" }), shape },
    { make: () => layers.activation({ activation: { name: "elu", alpha: 0.5 }, name: "bend" }), shape: [2, 3] },
  ],
  Add: [
    { make: () => layers.add(), ...recurrent, others: [shape, shape] },
    { make: () => layers.add(), shape: [2, 4, 3], others: [[2, 3]] },
  ],
  AdditiveAttention: [{ make: () => layers.additiveAttention(), ...recurrent, others: [[2, 5, 3]] }],
  Attention: [
    { make: () => layers.attention({ useScale: true }), ...recurrent, others: [[2, 5, 3]] },
    {
      make: () => layers.attention({ scoreMode: "concat", dropout: 0.2, seed: 1 }),
      ...recurrent,
      others: [
        [2, 5, 2],
        [2, 5, 3],
      ],
    },
  ],
  Average: [{ make: () => layers.average(), ...recurrent, others: [shape, shape] }],
  Bidirectional: [
    { make: () => layers.bidirectional({ layer: layers.lstm({ units: 2, ...both }) }), ...recurrent },
    { make: () => layers.bidirectional({ layer: layers.gru({ units: 2, ...both }), mergeMode: null }), ...recurrent },
    { make: () => layers.bidirectional({ layer: layers.simpleRNN({ units: 2 }), mergeMode: "mul" }), ...recurrent },
    {
      make: () =>
        layers.bidirectional({
          layer: layers.gru({ units: 2 }),
          backwardLayer: layers.lstm({ units: 3, goBackwards: true }),
        }),
      ...recurrent,
    },
  ],
  Concatenate: [
    { make: () => layers.concatenate(), ...recurrent, others: [[2, 4, 2]] },
    { make: () => layers.concatenate({ axis: 1 }), ...recurrent, others: [[2, 5, 3]] },
  ],
  Dense: [
    { make: () => layers.dense({ units: 2, activation: "softsign", inputShape: [3] }), shape: [4, 3] },
    { make: () => layers.dense({ units: 2, useBias: false, kernelRegularizer: { name: "l2", l2: 0.5 } }), shape },
  ],
  Dot: [
    { make: () => layers.dot({ axes: -1, normalize: true }), shape: [3, 4], others: [[3, 4]] },
    { make: () => layers.dot({ axes: [2, 1] }), shape, others: [[2, 3, 5]] },
  ],
  Dropout: [{ make: () => layers.dropout({ rate: 0.25, noiseShape: [null, 1, null], seed: 3 }), shape }],
  Embedding: [
    { make: () => layers.embedding({ inputDim: 4, outputDim: 3, maskZero: true }), shape: [2, 5], tokens: 4 },
  ],
  Flatten: [{ make: () => layers.flatten(), shape }],
  GRU: [
    { make: () => layers.gru({ units: 2, ...both }), ...recurrent },
    { make: () => layers.gru({ units: 2, resetAfter: false, goBackwards: true, unroll: true }), ...recurrent },
    { make: () => layers.gru({ units: 2, activation: "relu", recurrentActivation: "hardSigmoid" }), ...recurrent },
  ],
  LSTM: [
    { make: () => layers.lstm({ units: 2, ...both }), ...recurrent },
    {
      make: () =>
        layers.lstm({
          units: 2,
          unitForgetBias: false,
          biasInitializer: { name: "constant", value: 0.5 },
          kernelConstraint: { name: "maxNorm", maxValue: 3, axis: [0, 1] },
          dropout: 0.1,
          recurrentDropout: 0.1,
          implementation: 1,
          seed: 7,
          stateful: true,
          trainable: true,
        }),
      ...recurrent,
    },
    { make: () => layers.lstm({ units: 2, activation: "gelu", zeroOutputForMask: true, ...both }), ...recurrent },
  ],
  Masking: [{ make: () => layers.masking({ maskValue: 0.5 }), shape }],
  Maximum: [{ make: () => layers.maximum(), ...recurrent, others: [shape, shape] }],
  Minimum: [{ make: () => layers.minimum(), ...recurrent, others: [shape, shape] }],
  MultiHeadAttention: [
    // Without biases: softmax takes a key's bias away, so its gradient is zero.
    {
      make: () => layers.multiHeadAttention({ numHeads: 2, keyDim: 3, useBias: false }),
      ...recurrent,
      others: [
        [2, 5, 2],
        [2, 5, 4],
      ],
    },
    {
      make: () =>
        layers.multiHeadAttention({ numHeads: 1, keyDim: 2, valueDim: 3, outputShape: 5, useBias: false, seed: 4 }),
      shape,
      others: [[2, 5, 2]],
    },
  ],
  Multiply: [{ make: () => layers.multiply(), ...recurrent, others: [[2, 4, 1]] }],
  RNN: [
    { make: () => layers.rnn({ cell: layers.lstmCell({ units: 2 }), ...both }), ...recurrent },
    {
      make: () => layers.rnn({ cell: [layers.lstmCell({ units: 2 }), layers.gruCell({ units: 3 })], ...both }),
      ...recurrent,
    },
    { make: () => layers.rnn({ cell: new MinimalGatedUnitCell({ units: 2 }), goBackwards: true }), ...recurrent },
  ],
  RepeatVector: [{ make: () => layers.repeatVector({ n: 3 }), shape: [2, 4] }],
  Reshape: [
    { make: () => layers.reshape({ targetShape: [6, -1] }), shape },
    { make: () => layers.reshape({ targetShape: [2, 6] }), shape },
  ],
  SimpleRNN: [
    { make: () => layers.simpleRNN({ units: 2, ...both }), ...recurrent },
    { make: () => layers.simpleRNN({ units: 2, activation: "sigmoid", useBias: false }), ...recurrent },
  ],
  Subtract: [{ make: () => layers.subtract(), ...recurrent, others: [shape] }],
  TimeDistributed: [
    { make: () => layers.timeDistributed({ layer: layers.dense({ units: 2 }) }), ...recurrent },
    { make: () => layers.timeDistributed({ layer: layers.lstm({ units: 2 }) }), shape: [2, 3, 4, 2] },
  ],
};

describe.each(Object.entries(samples))("%s", (className, list) => {
  test.each(list.map((sample, i) => [i, sample] as const))("keeps the promises of a layer, sample %i", (_, sample) => {
    runLayerTest(className, sample);
  });
});

test("a user's plain cell passes as well", () => {
  // Its initial weights are its own business, so the sample fixes them through setWeights.
  runLayerTest("RNN", {
    make: () => layers.rnn({ cell: new ReadoutCell({ units: 3, outputUnits: 2 }), ...both }),
    ...recurrent,
  });
});

test("factories are named as TF.js users know them", () => {
  expectTypeOf<
    FactoryName<"LSTM" | "GRUCell" | "RNN" | "SimpleRNN" | "StackedRNNCells" | "TimeDistributed">
  >().toEqualTypeOf<"lstm" | "gruCell" | "rnn" | "simpleRNN" | "stackedRNNCells" | "timeDistributed">();
  expect(Object.keys(layers).length).toBe(Object.keys(layerTable).length + Object.keys(cellTable).length);
});
