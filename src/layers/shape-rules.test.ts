import { describe, expect, test } from "vitest";
import { RondoError } from "../errors.js";
import { type BatchShape, Dense, type DenseOptions, input, type Layer, layers, type SymbolicTensor } from "./index.js";
import type { Double } from "./shape-rules.js";
import type { InputCheck, InWords, Mistake } from "./shape-types.js";
import type { Factories, layerTable } from "./table.js";

// `npm run check` compiles this file, and with it what the literals below say of the types; run, it shows that shapes and
// refusals are those of the layers.

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? unknown : never;

/** The type of a tensor's shape is `typed`; at run time the sizes it knows are those there are. */
function agrees<S extends BatchShape, const T extends BatchShape>(y: SymbolicTensor<S>, typed: T & Same<S, T>): void {
  const shape: BatchShape = y.shape;
  expect(shape.map((n, i) => ((typed as BatchShape)[i] === null ? null : n))).toEqual(typed);
}

/** Nothing is known of the type of a tensor's shape. */
function open<S extends BatchShape>(y: SymbolicTensor<S> & Same<S, BatchShape>): void {
  expect(y.shape.length).toBeGreaterThan(0);
}

type MessageOf<C> = C extends Mistake<infer M> ? M : never;

/** The compiler refuses an input with this message, and the layer with an error about shapes that names it. */
function refuses<L extends Layer, const X>(layer: L, x: X, message: MessageOf<InputCheck<L, X>>): void {
  expect(message).toMatch(/ (but is given|takes one input but is given) /);
  const error = (() => {
    try {
      return layer.apply(x as never);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(RondoError);
  expect(error).toMatchObject({ code: "shape", message: expect.stringContaining(layer.name) });
}

const flat = input({ shape: [6] });
const sequence = input({ shape: [12, 4] });
const sequences = input({ shape: [5, 12, 4] });
const image = input({ shape: [8, 9, 3] });
const film = input({ shape: [5, 8, 9, 3] });
const tokens = input({ shape: [7], dtype: "int32" });
const own: BatchShape = [12, 4];
const unknown = input({ shape: own });

const hint = "; did an earlier recurrent layer forget returnSequences: true?" as const;

function unchanged(list: readonly (() => SymbolicTensor<readonly [null, 12, 4]>)[]): void {
  for (const make of list) expect(make().shape).toEqual([null, 12, 4]);
}

/** Every layer says what it does to shapes. A new row of the table without an entry here does not compile. */
const rules: { readonly [N in keyof typeof layerTable]: () => void } = {
  Activation() {
    agrees(layers.activation({ activation: "tanh" }).apply(sequence), [null, 12, 4]);
    agrees(layers.activation({ activation: "glu" }).apply(sequence), [null, null, null]);
    agrees(layers.activation({ activation: { name: "glu", axis: 1 } }).apply(sequence), [null, null, null]);
    agrees(layers.activation({ activation: { name: "elu", alpha: 2 } }).apply(sequence), [null, 12, 4]);
    agrees(layers.activation({ activation: (x) => x }).apply(sequence), [null, 12, 4]);
  },
  ActivityRegularization: () => unchanged([() => layers.activityRegularization().apply(sequence)]),
  Add() {
    agrees(layers.add().apply([sequence, sequence]), [null, 12, 4]);
    agrees(layers.add().apply([flat, input({ shape: [1] }), input({ shape: [null] })]), [null, 6]);
    agrees(layers.add().apply([sequence, input({ shape: [4] })]), [null, 12, 4]);
    agrees(layers.add().apply([input({ shape: [null, 1] }), input({ shape: [1, 4] })]), [null, null, 4]);
    open(layers.add().apply([unknown, sequence]));
    const both: (typeof sequence)[] = [sequence, sequence];
    open(layers.add().apply(both));
    refuses(
      layers.add(),
      [flat, sequence],
      "add takes tensors whose sizes agree, or are 1, on every axis but is given [null, 6], [null, 12, 4]",
    );
    refuses(layers.add(), flat, "add merges several tensors but is given [null, 6]");
    refuses(layers.add(), [flat], "add merges several tensors but is given [null, 6]");
  },
  AdditiveAttention() {
    agrees(layers.additiveAttention().apply([sequence, sequence]), [null, 12, 4]);
    refuses(
      layers.additiveAttention(),
      [flat, sequence],
      "additiveAttention takes [query, value] or [query, value, key], each [batch, steps, size], but is given [null, 6], [null, 12, 4]",
    );
  },
  Attention() {
    agrees(layers.attention().apply([input({ shape: [3, 4] }), sequence]), [null, 3, 4]);
    agrees(layers.attention().apply([sequence, input({ shape: [7, 2] }), input({ shape: [7, 4] })]), [null, 12, 2]);
    agrees(layers.attention().apply([unknown, sequence]), [null, null, 4]);
    refuses(
      layers.attention(),
      sequence,
      "attention takes [query, value] or [query, value, key], each [batch, steps, size], but is given [null, 12, 4]",
    );
  },
  Average() {
    agrees(layers.average().apply([sequence, sequence]), [null, 12, 4]);
    refuses(
      layers.average(),
      [flat, sequence],
      "average takes tensors whose sizes agree, or are 1, on every axis but is given [null, 6], [null, 12, 4]",
    );
  },
  AlphaDropout: () => unchanged([() => layers.alphaDropout({ rate: 0.1 }).apply(sequence)]),
  AveragePooling1D() {
    agrees(layers.averagePooling1d().apply(sequence), [null, null, 4]);
    agrees(layers.averagePooling1d({ dataFormat: "channelsFirst" }).apply(sequence), [null, 12, null]);
    refuses(
      layers.averagePooling1d(),
      flat,
      `averagePooling1d takes [batch, time, features] but is given [null, 6]${hint}`,
    );
  },
  AveragePooling2D() {
    agrees(layers.averagePooling2d().apply(image), [null, null, null, 3]);
    refuses(
      layers.averagePooling2d(),
      sequence,
      "averagePooling2d takes [batch, height, width, channels] but is given [null, 12, 4]",
    );
  },
  BatchNormalization: () => unchanged([() => layers.batchNormalization().apply(sequence)]),
  Bidirectional() {
    const forward = layers.gru({ units: 5, returnSequences: true });
    agrees(layers.bidirectional({ layer: forward }).apply(sequence), [null, 12, 10]);
    agrees(layers.bidirectional({ layer: forward, mergeMode: "ave" }).apply(sequence), [null, 12, 5]);
    agrees(layers.bidirectional({ layer: forward, mergeMode: null }).apply(sequence), [null, 12, 5]);
    const backwardLayer = layers.lstm({ units: 3, returnSequences: true, goBackwards: true });
    agrees(layers.bidirectional({ layer: forward, backwardLayer }).apply(sequence), [null, 12, null]);
    agrees(layers.bidirectional({ layer: layers.rnn({ cell: layers.gruCell({ units: 2 }) }) }).apply(sequence), [
      null,
      null,
    ]);
    refuses(
      layers.bidirectional({ layer: forward }),
      flat,
      `gru takes [batch, time, features] but is given [null, 6]${hint}`,
    );
  },
  Concatenate() {
    agrees(layers.concatenate().apply([sequence, sequence]), [null, 12, null]);
    agrees(layers.concatenate({ axis: 1 }).apply([sequence, input({ shape: [null, 4] }), sequence]), [null, null, 4]);
    agrees(layers.concatenate({ axis: -2 }).apply([sequence, sequence]), [null, null, 4]);
    open(layers.concatenate().apply([sequence, unknown]));
    refuses(
      layers.concatenate(),
      [flat, sequence],
      "concatenate along axis -1 takes tensors with the same sizes on all other axes but is given [null, 6], [null, 12, 4]",
    );
    refuses(
      layers.concatenate({ axis: 1 }),
      [sequence, input({ shape: [12, 5] })],
      "concatenate along axis 1 takes tensors with the same sizes on all other axes but is given [null, 12, 4], [null, 12, 5]",
    );
  },
  Conv1D() {
    agrees(layers.conv1d({ filters: 6, kernelSize: 3 }).apply(sequence), [null, null, 6]);
    agrees(layers.conv1d({ filters: 6, kernelSize: 3, dataFormat: "channelsFirst" }).apply(sequence), [null, 6, null]);
    agrees(layers.conv1d({ filters: 6, kernelSize: 3, activation: "glu" }).apply(sequence), [null, null, null]);
    agrees(layers.conv1d({ filters: 6, kernelSize: 3 }).apply(unknownSequence()), [null, null, 6]);
    const conv = layers.conv1d({ filters: 6, kernelSize: 3 });
    refuses(conv, flat, `conv1d takes [batch, time, features] but is given [null, 6]${hint}`);
    refuses(conv, image, "conv1d takes [batch, time, features] but is given [null, 8, 9, 3]");
  },
  Conv1DTranspose() {
    agrees(layers.conv1dTranspose({ filters: 6, kernelSize: 3 }).apply(sequence), [null, null, 6]);
    refuses(
      layers.conv1dTranspose({ filters: 6, kernelSize: 3 }),
      flat,
      `conv1dTranspose takes [batch, time, features] but is given [null, 6]${hint}`,
    );
  },
  Conv2D() {
    agrees(layers.conv2d({ filters: 6, kernelSize: 3 }).apply(image), [null, null, null, 6]);
    const first = layers.conv2d({ filters: 6, kernelSize: 3, dataFormat: "channelsFirst" });
    agrees(first.apply(image), [null, 6, null, null]);
    refuses(
      layers.conv2d({ filters: 6, kernelSize: 3 }),
      sequence,
      "conv2d takes [batch, height, width, channels] but is given [null, 12, 4]",
    );
    refuses(
      layers.conv2d({ filters: 6, kernelSize: 3, dataFormat: "channelsFirst" }),
      film,
      "conv2d takes [batch, channels, height, width] but is given [null, 5, 8, 9, 3]",
    );
  },
  Conv2DTranspose() {
    agrees(layers.conv2dTranspose({ filters: 6, kernelSize: 3 }).apply(image), [null, null, null, 6]);
    refuses(
      layers.conv2dTranspose({ filters: 6, kernelSize: 3 }),
      sequence,
      "conv2dTranspose takes [batch, height, width, channels] but is given [null, 12, 4]",
    );
  },
  ConvLSTM1D() {
    const options = { filters: 2, kernelSize: 2 } as const;
    agrees(layers.convLSTM1d(options).apply(sequences), [null, null, 2]);
    agrees(layers.convLSTM1d({ ...options, returnSequences: true }).apply(sequences), [null, 5, null, 2]);
    refuses(
      layers.convLSTM1d(options),
      sequence,
      "convLSTM1d takes [batch, time, width, features] but is given [null, 12, 4]",
    );
  },
  ConvLSTM2D() {
    const options = { filters: 2, kernelSize: 2 } as const;
    agrees(layers.convLSTM2d(options).apply(film), [null, null, null, 2]);
    agrees(layers.convLSTM2d({ ...options, returnSequences: true }).apply(film), [null, 5, null, null, 2]);
    const first = { ...options, dataFormat: "channelsFirst", returnSequences: true } as const;
    agrees(layers.convLSTM2d(first).apply(film), [null, 5, 2, null, null]);
    refuses(
      layers.convLSTM2d(options),
      image,
      "convLSTM2d takes [batch, time, height, width, features] but is given [null, 8, 9, 3]",
    );
  },
  Cropping1D() {
    agrees(layers.cropping1d().apply(sequence), [null, null, 4]);
    refuses(layers.cropping1d(), flat, `cropping1d takes [batch, time, features] but is given [null, 6]${hint}`);
  },
  Cropping2D() {
    agrees(layers.cropping2d().apply(image), [null, null, null, 3]);
    refuses(
      layers.cropping2d(),
      sequence,
      "cropping2d takes [batch, height, width, channels] but is given [null, 12, 4]",
    );
  },
  Dense() {
    agrees(layers.dense({ units: 7 }).apply(flat), [null, 7]);
    agrees(layers.dense({ units: 7, activation: "relu" }).apply(film), [null, 5, 8, 9, 7]);
    agrees(layers.dense({ units: 8, activation: "glu" }).apply(sequence), [null, null, null]);
    open(layers.dense({ units: 7 }).apply(unknown));
    refuses(layers.dense({ units: 7 }), input({ shape: [] }), "dense takes [batch, ..., features] but is given [null]");
    refuses(
      layers.dense({ units: 7 }),
      [flat, sequence],
      "Dense takes one input but is given [null, 6], [null, 12, 4]; merge them first, for example with layers.concatenate()",
    );
  },
  DepthwiseConv1D() {
    agrees(layers.depthwiseConv1d({ kernelSize: 3 }).apply(sequence), [null, null, null]);
    refuses(
      layers.depthwiseConv1d({ kernelSize: 3 }),
      flat,
      `depthwiseConv1d takes [batch, time, features] but is given [null, 6]${hint}`,
    );
  },
  DepthwiseConv2D() {
    agrees(layers.depthwiseConv2d({ kernelSize: 3 }).apply(image), [null, null, null, null]);
    refuses(
      layers.depthwiseConv2d({ kernelSize: 3 }),
      flat,
      "depthwiseConv2d takes [batch, height, width, channels] but is given [null, 6]",
    );
  },
  Dot() {
    agrees(layers.dot({ axes: -1 }).apply([flat, flat]), [null, 1]);
    agrees(layers.dot({ axes: 2 }).apply([sequence, sequence]), [null, null, null]);
    agrees(layers.dot({ axes: [2, 1] }).apply([sequence, input({ shape: [4] })]), [null, null]);
    refuses(layers.dot({ axes: 1 }), flat, "dot takes two tensors but is given [null, 6]");
  },
  Dropout: () => unchanged([() => layers.dropout({ rate: 0.1 }).apply(sequence)]),
  ELU: () => unchanged([() => layers.elu().apply(sequence)]),
  Embedding: () => agrees(layers.embedding({ inputDim: 9, outputDim: 5 }).apply(tokens), [null, 7, 5]),
  Flatten() {
    agrees(layers.flatten().apply(sequence), [null, null]);
    agrees(layers.flatten().apply(flat), [null, 6]);
  },
  GlobalAveragePooling1D() {
    agrees(layers.globalAveragePooling1d().apply(sequence), [null, 4]);
    agrees(layers.globalAveragePooling1d({ keepdims: true }).apply(sequence), [null, 1, 4]);
    agrees(layers.globalAveragePooling1d({ dataFormat: "channelsFirst" }).apply(sequence), [null, 12]);
  },
  GlobalAveragePooling2D() {
    agrees(layers.globalAveragePooling2d().apply(image), [null, 3]);
    agrees(layers.globalAveragePooling2d({ keepdims: true }).apply(image), [null, 1, 1, 3]);
  },
  GlobalMaxPooling1D() {
    agrees(layers.globalMaxPooling1d().apply(sequence), [null, 4]);
    refuses(
      layers.globalMaxPooling1d(),
      flat,
      `globalMaxPooling1d takes [batch, time, features] but is given [null, 6]${hint}`,
    );
  },
  GlobalMaxPooling2D() {
    agrees(layers.globalMaxPooling2d({ dataFormat: "channelsFirst", keepdims: true }).apply(image), [null, 8, 1, 1]);
    refuses(
      layers.globalMaxPooling2d(),
      sequence,
      "globalMaxPooling2d takes [batch, height, width, channels] but is given [null, 12, 4]",
    );
  },
  GRU() {
    agrees(layers.gru({ units: 3 }).apply(sequence), [null, 3]);
    agrees(layers.gru({ units: 3, returnSequences: true }).apply(sequence), [null, 12, 3]);
    refuses(layers.gru({ units: 3 }), flat, `gru takes [batch, time, features] but is given [null, 6]${hint}`);
  },
  GaussianDropout: () => unchanged([() => layers.gaussianDropout({ rate: 0.1 }).apply(sequence)]),
  GaussianNoise: () => unchanged([() => layers.gaussianNoise({ stddev: 0.1 }).apply(sequence)]),
  GroupNormalization: () => unchanged([() => layers.groupNormalization({ groups: 2 }).apply(sequence)]),
  GroupQueryAttention() {
    const options = { headDim: 3, numQueryHeads: 4, numKeyValueHeads: 2 };
    agrees(layers.groupQueryAttention(options).apply([sequence, sequence]), [null, 12, 4]);
    refuses(
      layers.groupQueryAttention(options),
      [sequence, flat],
      "groupQueryAttention takes [query, value] or [query, value, key], each [batch, steps, size], but is given [null, 12, 4], [null, 6]",
    );
  },
  Identity: () => unchanged([() => layers.identity().apply(sequence)]),
  LengthMasking() {
    agrees(layers.lengthMasking().apply([sequence, input({ shape: [1] })]), [null, 12, 4]);
    refuses(
      layers.lengthMasking(),
      [sequence, sequence],
      "lengthMasking takes [batch, time, ...] and [batch] or [batch, 1] but is given [null, 12, 4], [null, 12, 4]",
    );
  },
  LSTM() {
    agrees(layers.lstm({ units: 3 }).apply(sequence), [null, 3]);
    const [output, h] = layers.lstm({ units: 3, returnState: true }).apply(sequence);
    expect(output?.shape).toEqual(h?.shape);
    const returnSequences: boolean = own.length > 1;
    open(layers.lstm({ units: 3, returnSequences }).apply(sequence));
    refuses(layers.lstm({ units: 3 }), flat, `lstm takes [batch, time, features] but is given [null, 6]${hint}`);
  },
  Lambda() {
    open(layers.lambda({ function: (x) => x }).apply(sequence));
    agrees(layers.lambda({ function: (x) => x, outputShape: [12, 4] }).apply(sequence), [null, 12, 4]);
  },
  LayerNormalization: () => unchanged([() => layers.layerNormalization().apply(sequence)]),
  LeakyReLU: () => unchanged([() => layers.leakyReLU().apply(sequence)]),
  Masking: () => unchanged([() => layers.masking().apply(sequence)]),
  Maximum: () => agrees(layers.maximum().apply([sequence, sequence]), [null, 12, 4]),
  MaxPooling2D() {
    agrees(layers.maxPooling2d().apply(image), [null, null, null, 3]);
    refuses(
      layers.maxPooling2d({ dataFormat: "channelsFirst" }),
      sequence,
      "maxPooling2d takes [batch, channels, height, width] but is given [null, 12, 4]",
    );
  },
  Minimum: () => agrees(layers.minimum().apply([sequence, sequence]), [null, 12, 4]),
  MultiHeadAttention() {
    const options = { numHeads: 2, keyDim: 3 };
    agrees(layers.multiHeadAttention(options).apply([sequence, sequence]), [null, 12, 4]);
    agrees(layers.multiHeadAttention({ ...options, outputShape: 9 }).apply([sequence, sequence]), [null, 12, 9]);
    refuses(
      layers.multiHeadAttention(options),
      flat,
      "multiHeadAttention takes [query, value] or [query, value, key], each [batch, steps, size], but is given [null, 6]",
    );
  },
  Multiply: () => agrees(layers.multiply().apply([sequence, sequence]), [null, 12, 4]),
  MaxPooling1D: () => agrees(layers.maxPooling1d().apply(sequence), [null, null, 4]),
  PReLU: () => unchanged([() => layers.prelu().apply(sequence)]),
  Permute() {
    agrees(layers.permute({ dims: [2, 1] }).apply(sequence), [null, 4, 12]);
    agrees(layers.permute({ dims: [3, 1, 2] }).apply(image), [null, 3, 8, 9]);
    refuses(
      layers.permute({ dims: [2, 1] }),
      flat,
      "permute with dims [2, 1] takes as many axes behind the batch but is given [null, 6]",
    );
  },
  PositionEmbedding() {
    agrees(layers.positionEmbedding({ sequenceLength: 20 }).apply(sequence), [null, 12, 4]);
    refuses(
      layers.positionEmbedding({ sequenceLength: 20 }),
      flat,
      `positionEmbedding takes [batch, time, features] but is given [null, 6]${hint}`,
    );
  },
  Rescaling: () => unchanged([() => layers.rescaling({ scale: 2 }).apply(sequence)]),
  RMSNormalization: () => unchanged([() => layers.rmsNormalization().apply(sequence)]),
  RNN() {
    const cell = layers.lstmCell({ units: 3 });
    expect(layers.rnn({ cell }).apply(sequence).shape satisfies readonly [null, number]).toEqual([null, 3]);
    const all = layers.rnn({ cell, returnSequences: true }).apply(sequence);
    expect(all.shape satisfies readonly [null, 12, number]).toEqual([null, 12, 3]);
    refuses(layers.rnn({ cell }), flat, `rnn takes [batch, time, features] but is given [null, 6]${hint}`);
  },
  ReLU: () => unchanged([() => layers.reLU().apply(sequence)]),
  RepeatVector() {
    agrees(layers.repeatVector({ n: 3 }).apply(flat), [null, 3, 6]);
    refuses(layers.repeatVector({ n: 3 }), sequence, "repeatVector takes [batch, features] but is given [null, 12, 4]");
  },
  Reshape: () => agrees(layers.reshape({ targetShape: [6, -1] }).apply(sequence), [null, 6, null]),
  ReversibleEmbedding() {
    open(layers.reversibleEmbedding({ inputDim: 9, outputDim: 5 }).apply(tokens));
  },
  RotaryEmbedding() {
    agrees(layers.rotaryEmbedding().apply(sequence), [null, 12, 4]);
    refuses(
      layers.rotaryEmbedding(),
      flat,
      `rotaryEmbedding takes [batch, time, features] but is given [null, 6]${hint}`,
    );
  },
  SeparableConv1D: () => agrees(layers.separableConv1d({ filters: 6, kernelSize: 3 }).apply(sequence), [null, null, 6]),
  SeparableConv2D: () =>
    agrees(layers.separableConv2d({ filters: 6, kernelSize: 3 }).apply(image), [null, null, null, 6]),
  SimpleRNN() {
    agrees(layers.simpleRNN({ units: 3, returnSequences: true }).apply(sequence), [null, 12, 3]);
    refuses(
      layers.simpleRNN({ units: 3 }),
      flat,
      `simpleRNN takes [batch, time, features] but is given [null, 6]${hint}`,
    );
  },
  SpatialDropout2D() {
    agrees(layers.spatialDropout2d({ rate: 0.1 }).apply(image), [null, 8, 9, 3]);
    refuses(
      layers.spatialDropout2d({ rate: 0.1 }),
      sequence,
      "spatialDropout2d takes [batch, height, width, channels] but is given [null, 12, 4]",
    );
  },
  SpectralNormalization() {
    agrees(layers.spectralNormalization({ layer: layers.dense({ units: 3 }) }).apply(sequence), [null, 12, 3]);
    refuses(
      layers.spectralNormalization({ layer: layers.conv2d({ filters: 3, kernelSize: 2 }) }),
      sequence,
      "conv2d takes [batch, height, width, channels] but is given [null, 12, 4]",
    );
  },
  Subtract() {
    agrees(layers.subtract().apply([sequence, sequence]), [null, 12, 4]);
    refuses(
      layers.subtract(),
      [flat, flat, flat],
      "subtract merges two tensors but is given [null, 6], [null, 6], [null, 6]",
    );
  },
  SinePositionEncoding() {
    agrees(layers.sinePositionEncoding().apply(sequence), [null, 12, 4]);
    refuses(
      layers.sinePositionEncoding(),
      flat,
      `sinePositionEncoding takes [batch, time, features] but is given [null, 6]${hint}`,
    );
  },
  Softmax: () => unchanged([() => layers.softmax().apply(sequence)]),
  SpatialDropout1D() {
    agrees(layers.spatialDropout1d({ rate: 0.1 }).apply(sequence), [null, 12, 4]);
    refuses(
      layers.spatialDropout1d({ rate: 0.1 }),
      flat,
      `spatialDropout1d takes [batch, time, features] but is given [null, 6]${hint}`,
    );
  },
  TimeDistributed() {
    agrees(layers.timeDistributed({ layer: layers.dense({ units: 7 }) }).apply(sequence), [null, 12, 7]);
    agrees(layers.timeDistributed({ layer: layers.lstm({ units: 7 }) }).apply(sequences), [null, 5, 7]);
    const conv = layers.conv2d({ filters: 2, kernelSize: 3 });
    agrees(layers.timeDistributed({ layer: conv }).apply(film), [null, 5, null, null, 2]);
    refuses(
      layers.timeDistributed({ layer: layers.conv2d({ filters: 2, kernelSize: 3 }) }),
      image,
      "conv2d takes [batch, height, width, channels] but is given [null, 9, 3]",
    );
    refuses(
      layers.timeDistributed({ layer: layers.dense({ units: 7 }) }),
      flat,
      `timeDistributed takes [batch, time, ...] but is given [null, 6]${hint}`,
    );
  },
  TransformerDecoder() {
    const options = { intermediateDim: 8, numHeads: 2 };
    agrees(layers.transformerDecoder(options).apply(sequence), [null, 12, 4]);
    agrees(layers.transformerDecoder(options).apply([sequence, input({ shape: [3, 5] })]), [null, 12, 4]);
    refuses(
      layers.transformerDecoder(options),
      flat,
      `transformerDecoder takes [batch, time, features], alone or with the encoder's output, but is given [null, 6]${hint}`,
    );
  },
  TransformerEncoder() {
    const options = { intermediateDim: 8, numHeads: 2 };
    agrees(layers.transformerEncoder(options).apply(sequence), [null, 12, 4]);
    refuses(
      layers.transformerEncoder(options),
      flat,
      `transformerEncoder takes [batch, time, features] but is given [null, 6]${hint}`,
    );
    refuses(
      layers.transformerEncoder(options),
      [sequence, sequence],
      "transformerEncoder takes [batch, time, features] but is given [null, 12, 4], [null, 12, 4]",
    );
  },
  UnitNormalization: () => unchanged([() => layers.unitNormalization().apply(sequence)]),
  UpSampling1D: () => agrees(layers.upSampling1d().apply(sequence), [null, null, 4]),
  UpSampling2D: () => agrees(layers.upSampling2d().apply(image), [null, null, null, 3]),
  ZeroPadding1D: () => agrees(layers.zeroPadding1d().apply(sequence), [null, null, 4]),
  ZeroPadding2D: () => agrees(layers.zeroPadding2d().apply(image), [null, null, null, 3]),
};

/** A tensor of which nothing but a sequence is known to us, and nothing to the compiler. */
function unknownSequence(): SymbolicTensor {
  return input({ shape: own });
}

describe("what layers do to shapes", () => {
  test.each(Object.entries(rules))("%s", (_name, check) => {
    expect.hasAssertions();
    check();
  });

  test("a factory that does not say it is refused", () => {
    const bare = (options: DenseOptions): Dense => new Dense(options);
    // @ts-expect-error The type lacks Shaped<...>.
    const factory: Factories["dense"] = bare;
    expect(factory({ units: 2 }).className).toBe("Dense");
  });

  test("what may be anything is never refused", () => {
    // biome-ignore lint/suspicious/noExplicitAny: this is about it.
    const anything: any = { units: 3 };
    open(layers.lstm(anything).apply(unknown));
    const list: Layer[] = [layers.lstm({ units: 3 }), layers.dense({ units: 2 })];
    for (const layer of list.slice(1)) open(layer.apply(flat));
    const either = own.length > 1 ? layers.lstm({ units: 3 }) : layers.gru({ units: 3 });
    agrees(either.apply(sequence), [null, 3]);
    expect(layers.dense({ units: 3 }).apply(anything.nothing ?? [[1, 2]])).toMatchObject({ shape: [1, 3] });
  });
});

describe("words and numbers", () => {
  test("doubling", () => {
    const doubles: [Double<1>, Double<256>, Double<1995>, Double<number>] = [2, 512, 3990, null];
    expect(doubles.slice(0, 3)).toEqual([1 * 2, 256 * 2, 1995 * 2]);
  });

  test("shapes in words", () => {
    const words: [InWords<readonly [null, 3]>, InWords<readonly [null, number]>, InWords<BatchShape>] = [
      "[null, 3]",
      "[null, any]",
      "[...]",
    ];
    expect(words).toHaveLength(3);
  });
});
