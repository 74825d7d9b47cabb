import { describe, expect, expectTypeOf, test } from "vitest";
import { OwnGatedUnitCell, ReadoutCell } from "../../test/layers/cells.js";
import { type LayerSample, runLayerTest } from "../../test/layers/layer-test.js";
import { spatialSamples } from "../../test/layers/spatial-samples.js";
import { mul } from "../tensor/ops/arithmetic.js";
import { layers, registerFunction, registerLayer } from "./index.js";
import type { Cell } from "./recurrent/cell.js";
import { cellTable, type FactoryName, layerTable } from "./table.js";

registerLayer("OwnGatedUnitCell", OwnGatedUnitCell);
registerLayer("ReadoutCell", ReadoutCell);

registerFunction("layer test: squares", (x) => mul(x, x));

const shape = [2, 4, 3];
const plane = [2, 4, 5, 3];
const recurrent = { shape, masked: true };
const both = { returnSequences: true, returnState: true };

/** At least one way to use every layer of the table; a new row without one does not compile. */
const samples: { readonly [N in keyof typeof layerTable]: readonly [LayerSample, ...LayerSample[]] } = {
  ...spatialSamples,
  Activation: [
    { make: () => layers.activation({ activation: "tanh" }), shape },
    { make: () => layers.activation({ activation: { name: "glu", axis: 1 } }), shape },
    { make: () => layers.activation({ activation: { name: "elu", alpha: 0.5 }, name: "bend" }), shape: [2, 3] },
  ],
  ActivityRegularization: [{ make: () => layers.activityRegularization({ l1: 0.1, l2: 0.2 }), ...recurrent }],
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
  AlphaDropout: [{ make: () => layers.alphaDropout({ rate: 0.2, noiseShape: [null, 1, null], seed: 1 }), shape }],
  BatchNormalization: [
    { make: () => layers.batchNormalization(), ...recurrent },
    { make: () => layers.batchNormalization({ axis: 1, scale: false, momentum: 0.5 }), shape: [8, 3] },
  ],
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
    { make: () => layers.dense({ units: 4, activation: "glu" }), shape: [4, 3] },
    { make: () => layers.dense({ units: 2, activityRegularizer: { name: "l1", l1: 0.01 } }), shape: [4, 3] },
    { make: () => layers.dense({ units: 2, useBias: false, kernelRegularizer: { name: "l2", l2: 0.5 } }), shape },
  ],
  Dot: [
    { make: () => layers.dot({ axes: -1, normalize: true }), shape: [3, 4], others: [[3, 4]] },
    { make: () => layers.dot({ axes: [2, 1] }), shape, others: [[2, 3, 5]] },
  ],
  Dropout: [{ make: () => layers.dropout({ rate: 0.25, noiseShape: [null, 1, null], seed: 3 }), shape }],
  ELU: [{ make: () => layers.elu({ alpha: 0.5 }), ...recurrent }],
  Embedding: [
    { make: () => layers.embedding({ inputDim: 4, outputDim: 3, maskZero: true }), shape: [2, 5], tokens: 4 },
  ],
  Flatten: [
    { make: () => layers.flatten(), shape },
    { make: () => layers.flatten({ dataFormat: "channelsFirst" }), shape: plane },
  ],
  GRU: [
    { make: () => layers.gru({ units: 2, ...both }), ...recurrent },
    { make: () => layers.gru({ units: 2, resetAfter: false, goBackwards: true, unroll: true }), ...recurrent },
    { make: () => layers.gru({ units: 2, activation: "relu", recurrentActivation: "hardSigmoid" }), ...recurrent },
  ],
  GaussianDropout: [{ make: () => layers.gaussianDropout({ rate: 0.2 }), ...recurrent }],
  GaussianNoise: [{ make: () => layers.gaussianNoise({ stddev: 0.2, seed: 4 }), ...recurrent }],
  GroupNormalization: [
    { make: () => layers.groupNormalization({ groups: -1 }), ...recurrent },
    { make: () => layers.groupNormalization({ groups: 2, axis: 1, center: false }), shape },
  ],
  GroupQueryAttention: [
    {
      make: () => layers.groupQueryAttention({ headDim: 3, numQueryHeads: 4, numKeyValueHeads: 2, useBias: false }),
      ...recurrent,
      others: [[2, 5, 2]],
    },
    {
      make: () =>
        layers.groupQueryAttention({ headDim: 2, numQueryHeads: 3, numKeyValueHeads: 1, useBias: false, seed: 4 }),
      shape,
      others: [
        [2, 5, 2],
        [2, 5, 4],
      ],
    },
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
  Lambda: [
    { make: () => layers.lambda({ function: "layer test: squares" }), ...recurrent },
    { make: () => layers.lambda({ function: "layer test: squares", outputShape: [4, 3] }), shape },
  ],
  LayerNormalization: [
    { make: () => layers.layerNormalization(), ...recurrent },
    { make: () => layers.layerNormalization({ axis: [2], epsilon: 0.01, gammaRegularizer: "l2" }), shape },
  ],
  LeakyReLU: [{ make: () => layers.leakyReLU(), ...recurrent }],
  Identity: [{ make: () => layers.identity(), ...recurrent }],
  LengthMasking: [
    { make: () => layers.lengthMasking(), shape, others: [[2]], tokens: [null, 5] },
    { make: () => layers.lengthMasking(), shape: [3, 5, 2, 2], others: [[3, 1]], tokens: [null, 6] },
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
    {
      make: () =>
        layers.multiHeadAttention({ numHeads: 2, keyDim: 2, slidingWindow: 2, useGate: true, useBias: false }),
      ...recurrent,
      others: [[2, 4, 3]],
    },
  ],
  Multiply: [{ make: () => layers.multiply(), ...recurrent, others: [[2, 4, 1]] }],
  PReLU: [
    { make: () => layers.prelu({ sharedAxes: [1], alphaInitializer: "ones" }), ...recurrent },
    { make: () => layers.prelu(), shape },
  ],
  Permute: [{ make: () => layers.permute({ dims: [2, 1] }), ...recurrent }],
  PositionEmbedding: [{ make: () => layers.positionEmbedding({ sequenceLength: 5 }), ...recurrent }],
  RMSNormalization: [{ make: () => layers.rmsNormalization(), ...recurrent }],
  RNN: [
    { make: () => layers.rnn({ cell: layers.lstmCell({ units: 2 }), ...both }), ...recurrent },
    {
      make: () => layers.rnn({ cell: [layers.lstmCell({ units: 2 }), layers.gruCell({ units: 3 })], ...both }),
      ...recurrent,
    },
    { make: () => layers.rnn({ cell: new OwnGatedUnitCell({ units: 2 }), goBackwards: true }), ...recurrent },
  ],
  ReLU: [
    { make: () => layers.reLU(), ...recurrent },
    { make: () => layers.reLU({ maxValue: 0.5, negativeSlope: 0.1, threshold: 0.2 }), shape },
  ],
  RepeatVector: [{ make: () => layers.repeatVector({ n: 3 }), shape: [2, 4] }],
  Rescaling: [
    { make: () => layers.rescaling({ scale: 0.5, offset: -1 }), ...recurrent },
    { make: () => layers.rescaling({ scale: [1, 2, 3], offset: [0, 1, -1] }), shape },
  ],
  Reshape: [
    { make: () => layers.reshape({ targetShape: [6, -1] }), shape },
    { make: () => layers.reshape({ targetShape: [2, 6] }), shape },
  ],
  ReversibleEmbedding: [
    { make: () => layers.reversibleEmbedding({ inputDim: 5, outputDim: 3 }), shape: [2, 4], tokens: 5 },
    {
      make: () => layers.reversibleEmbedding({ inputDim: 5, outputDim: 3, logitSoftCap: 2, maskZero: true }),
      shape: [2, 4],
      tokens: 5,
    },
  ],
  RotaryEmbedding: [
    { make: () => layers.rotaryEmbedding({ maxWavelength: 50 }), shape: [2, 4, 6], masked: true },
    { make: () => layers.rotaryEmbedding({ scalingFactor: 0.5, sequenceAxis: -1, featureAxis: 1 }), ...recurrent },
  ],
  SimpleRNN: [
    { make: () => layers.simpleRNN({ units: 2, ...both }), ...recurrent },
    { make: () => layers.simpleRNN({ units: 2, activation: "sigmoid", useBias: false }), ...recurrent },
  ],
  Subtract: [{ make: () => layers.subtract(), ...recurrent, others: [shape] }],
  SinePositionEncoding: [{ make: () => layers.sinePositionEncoding({ maxWavelength: 100 }), ...recurrent }],
  Softmax: [
    { make: () => layers.softmax(), ...recurrent },
    { make: () => layers.softmax({ axis: 1 }), ...recurrent },
  ],
  SpectralNormalization: [
    { make: () => layers.spectralNormalization({ layer: layers.dense({ units: 2 }) }), ...recurrent },
    {
      make: () =>
        layers.spectralNormalization({ layer: layers.conv1d({ filters: 2, kernelSize: 2 }), powerIterations: 2 }),
      shape,
    },
  ],
  TimeDistributed: [
    { make: () => layers.timeDistributed({ layer: layers.dense({ units: 2 }) }), ...recurrent },
    { make: () => layers.timeDistributed({ layer: layers.lstm({ units: 2 }) }), shape: [2, 3, 4, 2] },
  ],
  TransformerDecoder: [
    { make: () => layers.transformerDecoder({ intermediateDim: 5, numHeads: 2 }), shape: [2, 4, 6], masked: true },
    {
      make: () =>
        layers.transformerDecoder({ intermediateDim: 5, numHeads: 2, normalizeFirst: true, activation: "gelu" }),
      shape: [2, 4, 4],
      masked: true,
      others: [[2, 5, 3]],
    },
  ],
  TransformerEncoder: [
    { make: () => layers.transformerEncoder({ intermediateDim: 5, numHeads: 1 }), ...recurrent },
    {
      make: () =>
        layers.transformerEncoder({
          intermediateDim: 5,
          numHeads: 4,
          numKeyValueHeads: 2,
          ropeMaxWavelength: 100,
          alibi: true,
          dropout: 0.1,
          layerNormEpsilon: 0.01,
        }),
      shape: [2, 4, 8],
      masked: true,
    },
  ],
  UnitNormalization: [{ make: () => layers.unitNormalization({ axis: [1, 2] }), ...recurrent }],
};

describe.each(Object.entries(samples))("%s", (className, list) => {
  test.each(list.map((sample, i) => [i, sample] as const))(
    "keeps the promises of a layer, sample %i",
    async (_, sample) => {
      await runLayerTest(className, sample);
    },
  );
});

/** At least one way to use every cell of the table, run over time. */
const cells: { readonly [N in keyof typeof cellTable]: readonly [() => Cell, ...(() => Cell)[]] } = {
  ChainedTanhCell: [
    () => layers.chainedTanhCell({ units: 3, outputUnits: 2, implementation: 1, dropout: 0.1, recurrentDropout: 0.1 }),
    () => layers.chainedTanhCell({ units: 2, useContent: false, useBias: false }),
  ],
  CoupledLSTMCell: [() => layers.coupledLSTMCell({ units: 2 })],
  GRUCell: [() => layers.gruCell({ units: 2, resetAfter: false })],
  JordanCell: [
    () => layers.jordanCell({ units: 3, outputUnits: 2 }),
    () => layers.jordanCell({ units: 3, outputUnits: 2, outputActivation: "sigmoid", useBias: false }),
  ],
  LSTMCell: [() => layers.lstmCell({ units: 2, activation: "softsign" })],
  LayerNormGRUCell: [() => layers.layerNormGRUCell({ units: 3, epsilon: 0.01 })],
  LayerNormLSTMCell: [() => layers.layerNormLSTMCell({ units: 3, useBias: false })],
  MinimalGatedUnitCell: [() => layers.minimalGatedUnitCell({ units: 2, recurrentActivation: "hardSigmoid" })],
  PeepholeLSTMCell: [() => layers.peepholeLSTMCell({ units: 2, peepholeInitializer: "ones" })],
  ProjectedLSTMCell: [() => layers.projectedLSTMCell({ units: 3, projectionUnits: 2 })],
  SimpleRNNCell: [() => layers.simpleRNNCell({ units: 2, activation: "relu" })],
  StackedRNNCells: [
    () =>
      layers.stackedRNNCells({
        cells: [layers.jordanCell({ units: 3, outputUnits: 2 }), layers.gruCell({ units: 2 })],
      }),
  ],
  TripleGatedCell: [
    () => layers.tripleGatedCell({ units: 2, inputUnits: 5, outputUnits: 3, outputActivation: "tanh" }),
    () => layers.tripleGatedCell({ units: 2, useBias: false }),
  ],
  ZoneoutCell: [
    () => layers.zoneoutCell({ cell: layers.lstmCell({ units: 2 }), rates: [0.1, 0.5], seed: 3 }),
    () => layers.zoneoutCell({ cell: layers.gruCell({ units: 2 }), rates: 0.2 }),
  ],
};

describe.each(Object.entries(cells))("%s", (className, list) => {
  test.each(list.map((make, i) => [i, make] as const))("keeps the promises of a cell, sample %i", async (_, make) => {
    expect(make().className).toBe(className);
    await runLayerTest("RNN", { make: () => layers.rnn({ cell: make(), ...both }), ...recurrent });
  });
});

test("a user's plain cell passes as well", async () => {
  // Its initial weights are its own business, so the sample fixes them through setWeights.
  await runLayerTest("RNN", {
    make: () => layers.rnn({ cell: new ReadoutCell({ units: 3, outputUnits: 2 }), ...both }),
    ...recurrent,
  });
});

test("factories are named as TF.js users know them", () => {
  expectTypeOf<
    FactoryName<"LSTM" | "GRUCell" | "RNN" | "SimpleRNN" | "StackedRNNCells" | "TimeDistributed">
  >().toEqualTypeOf<"lstm" | "gruCell" | "rnn" | "simpleRNN" | "stackedRNNCells" | "timeDistributed">();
  expectTypeOf<
    FactoryName<
      "Conv1D" | "Conv2DTranspose" | "UpSampling1D" | "RMSNormalization" | "PReLU" | "ReLU" | "ELU" | "LeakyReLU"
    >
  >().toEqualTypeOf<
    "conv1d" | "conv2dTranspose" | "upSampling1d" | "rmsNormalization" | "prelu" | "reLU" | "elu" | "leakyReLU"
  >();
  expect(Object.keys(layers).length).toBe(Object.keys(layerTable).length + Object.keys(cellTable).length);
});
