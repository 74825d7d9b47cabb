import { ELU } from "./activation/elu.js";
import { LeakyReLU } from "./activation/leaky-relu.js";
import { PReLU } from "./activation/prelu.js";
import { ReLU } from "./activation/relu.js";
import { Softmax } from "./activation/softmax.js";
import { AdditiveAttention, Attention } from "./attention/attention.js";
import { GroupQueryAttention } from "./attention/group-query-attention.js";
import { MultiHeadAttention } from "./attention/multi-head-attention.js";
import { RotaryEmbedding } from "./attention/rotary-embedding.js";
import { TransformerDecoder } from "./attention/transformer-decoder.js";
import { TransformerEncoder } from "./attention/transformer-encoder.js";
import { Conv1D } from "./convolution/conv1d.js";
import { Conv1DTranspose } from "./convolution/conv1d-transpose.js";
import { Conv2D } from "./convolution/conv2d.js";
import { Conv2DTranspose } from "./convolution/conv2d-transpose.js";
import { DepthwiseConv1D } from "./convolution/depthwise-conv1d.js";
import { DepthwiseConv2D } from "./convolution/depthwise-conv2d.js";
import { SeparableConv1D } from "./convolution/separable-conv1d.js";
import { SeparableConv2D } from "./convolution/separable-conv2d.js";
import { ActivationLayer as Activation } from "./core/activation.js";
import { ActivityRegularization } from "./core/activity-regularization.js";
import { Concatenate } from "./core/concatenate.js";
import { Dense } from "./core/dense.js";
import { Dot } from "./core/dot.js";
import { Dropout } from "./core/dropout.js";
import { Embedding } from "./core/embedding.js";
import { Flatten } from "./core/flatten.js";
import { Identity } from "./core/identity.js";
import { Lambda } from "./core/lambda.js";
import { LengthMasking } from "./core/length-masking.js";
import { Masking } from "./core/masking.js";
import { Add, Average, Maximum, Minimum, Multiply, Subtract } from "./core/merge.js";
import { PositionEmbedding } from "./core/position-embedding.js";
import { RepeatVector } from "./core/repeat-vector.js";
import { Rescaling } from "./core/rescaling.js";
import { Reshape } from "./core/reshape.js";
import { ReversibleEmbedding } from "./core/reversible-embedding.js";
import { SinePositionEncoding } from "./core/sine-position-encoding.js";
import { TimeDistributed } from "./core/time-distributed.js";
import { AlphaDropout } from "./noise/alpha-dropout.js";
import { GaussianDropout } from "./noise/gaussian-dropout.js";
import { GaussianNoise } from "./noise/gaussian-noise.js";
import { SpatialDropout1D } from "./noise/spatial-dropout1d.js";
import { SpatialDropout2D } from "./noise/spatial-dropout2d.js";
import { BatchNormalization } from "./normalization/batch-normalization.js";
import { GroupNormalization } from "./normalization/group-normalization.js";
import { LayerNormalization } from "./normalization/layer-normalization.js";
import { RMSNormalization } from "./normalization/rms-normalization.js";
import { SpectralNormalization } from "./normalization/spectral-normalization.js";
import { UnitNormalization } from "./normalization/unit-normalization.js";
import { AveragePooling1D } from "./pooling/average-pooling1d.js";
import { AveragePooling2D } from "./pooling/average-pooling2d.js";
import { GlobalAveragePooling1D } from "./pooling/global-average-pooling1d.js";
import { GlobalAveragePooling2D } from "./pooling/global-average-pooling2d.js";
import { GlobalMaxPooling1D } from "./pooling/global-max-pooling1d.js";
import { GlobalMaxPooling2D } from "./pooling/global-max-pooling2d.js";
import { MaxPooling1D } from "./pooling/max-pooling1d.js";
import { MaxPooling2D } from "./pooling/max-pooling2d.js";
import { Bidirectional } from "./recurrent/bidirectional.js";
import { ChainedTanhCell } from "./recurrent/chained-tanh-cell.js";
import { ConvLSTM1D } from "./recurrent/conv-lstm1d.js";
import { ConvLSTM2D } from "./recurrent/conv-lstm2d.js";
import { CoupledLSTMCell } from "./recurrent/coupled-lstm-cell.js";
import { GRU } from "./recurrent/gru.js";
import { GRUCell } from "./recurrent/gru-cell.js";
import { JordanCell } from "./recurrent/jordan-cell.js";
import { LayerNormGRUCell } from "./recurrent/layer-norm-gru-cell.js";
import { LayerNormLSTMCell } from "./recurrent/layer-norm-lstm-cell.js";
import { LSTM } from "./recurrent/lstm.js";
import { LSTMCell } from "./recurrent/lstm-cell.js";
import { MinimalGatedUnitCell } from "./recurrent/minimal-gated-unit-cell.js";
import { PeepholeLSTMCell } from "./recurrent/peephole-lstm-cell.js";
import { ProjectedLSTMCell } from "./recurrent/projected-lstm-cell.js";
import { RNN } from "./recurrent/rnn.js";
import { SimpleRNN } from "./recurrent/simple-rnn.js";
import { SimpleRNNCell } from "./recurrent/simple-rnn-cell.js";
import { StackedRNNCells } from "./recurrent/stacked-cells.js";
import { TripleGatedCell } from "./recurrent/triple-gated-cell.js";
import { ZoneoutCell } from "./recurrent/zoneout-cell.js";
import { Cropping1D } from "./reshaping/cropping1d.js";
import { Cropping2D } from "./reshaping/cropping2d.js";
import { Permute } from "./reshaping/permute.js";
import { UpSampling1D } from "./reshaping/up-sampling1d.js";
import { UpSampling2D } from "./reshaping/up-sampling2d.js";
import { ZeroPadding1D } from "./reshaping/zero-padding1d.js";
import { ZeroPadding2D } from "./reshaping/zero-padding2d.js";
import type { Shaped, ShapeFunction } from "./shape-types.js";

/** Every layer by className. A new layer needs a row here and a factory in index.ts; the compiler and the tests insist. */
export const layerTable = {
  Activation,
  ActivityRegularization,
  Add,
  AdditiveAttention,
  Attention,
  Average,
  AveragePooling2D,
  Bidirectional,
  Concatenate,
  Conv1DTranspose,
  Conv2D,
  Conv2DTranspose,
  ConvLSTM1D,
  ConvLSTM2D,
  Cropping2D,
  Dense,
  DepthwiseConv2D,
  Dot,
  AlphaDropout,
  AveragePooling1D,
  BatchNormalization,
  Conv1D,
  Cropping1D,
  DepthwiseConv1D,
  Dropout,
  ELU,
  Embedding,
  Flatten,
  GlobalAveragePooling2D,
  GlobalMaxPooling2D,
  GRU,
  GaussianDropout,
  GaussianNoise,
  GlobalAveragePooling1D,
  GlobalMaxPooling1D,
  GroupNormalization,
  GroupQueryAttention,
  Identity,
  LengthMasking,
  LSTM,
  Lambda,
  LayerNormalization,
  LeakyReLU,
  Masking,
  Maximum,
  MaxPooling2D,
  Minimum,
  MultiHeadAttention,
  Multiply,
  MaxPooling1D,
  PReLU,
  Permute,
  PositionEmbedding,
  Rescaling,
  RMSNormalization,
  RNN,
  ReLU,
  RepeatVector,
  Reshape,
  ReversibleEmbedding,
  RotaryEmbedding,
  SeparableConv1D,
  SeparableConv2D,
  SimpleRNN,
  SpatialDropout2D,
  SpectralNormalization,
  Subtract,
  SinePositionEncoding,
  Softmax,
  SpatialDropout1D,
  TimeDistributed,
  TransformerDecoder,
  TransformerEncoder,
  UnitNormalization,
  UpSampling1D,
  UpSampling2D,
  ZeroPadding1D,
  ZeroPadding2D,
};

/** Every cell by className. */
export const cellTable = {
  ChainedTanhCell,
  CoupledLSTMCell,
  GRUCell,
  JordanCell,
  LSTMCell,
  LayerNormGRUCell,
  LayerNormLSTMCell,
  MinimalGatedUnitCell,
  PeepholeLSTMCell,
  ProjectedLSTMCell,
  SimpleRNNCell,
  StackedRNNCells,
  TripleGatedCell,
  ZoneoutCell,
};

/**
 * className -> name of the factory: LSTM -> lstm, RNN -> rnn, SimpleRNN -> simpleRNN, GRUCell -> gruCell,
 * MaxPooling1D -> maxPooling1d, Conv2DTranspose -> conv2dTranspose.
 */
export type FactoryName<N extends string> = N extends `${infer Kind}1D${infer Rest}`
  ? `${Initial<Kind>}1d${Rest}`
  : N extends `${infer Kind}2D${infer Rest}`
    ? `${Initial<Kind>}2d${Rest}`
    : Initial<N>;

type Initial<N extends string> = N extends `${Acronym}${infer Rest}`
  ? N extends `${infer Short extends Acronym}${Rest}`
    ? `${Lowercase<Short>}${Rest}`
    : never
  : Uncapitalize<N>;

type Acronym = "LSTM" | "GRU" | "RNN" | "RMS" | "ELU" | "PReLU";

type Table = typeof layerTable & typeof cellTable;

/** One factory per row: from the constructor's options to the layer, which must say what it does to shapes. */
export type Factories = {
  readonly [N in keyof Table as FactoryName<N>]: (
    ...options: ConstructorParameters<Table[N]>
  ) => InstanceType<Table[N]> & (N extends keyof typeof layerTable ? Shaped<ShapeFunction> : unknown);
};
