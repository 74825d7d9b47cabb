import { ELU, type ELUOptions } from "./activation/elu.js";
import { LeakyReLU, type LeakyReLUOptions } from "./activation/leaky-relu.js";
import { PReLU, type PReLUOptions } from "./activation/prelu.js";
import { ReLU, type ReLUOptions } from "./activation/relu.js";
import { Softmax, type SoftmaxOptions } from "./activation/softmax.js";
import {
  AdditiveAttention,
  type AdditiveAttentionOptions,
  Attention,
  type AttentionOptions,
} from "./attention/attention.js";
import { GroupQueryAttention, type GroupQueryAttentionOptions } from "./attention/group-query-attention.js";
import { MultiHeadAttention, type MultiHeadAttentionOptions } from "./attention/multi-head-attention.js";
import { RotaryEmbedding, type RotaryEmbeddingOptions } from "./attention/rotary-embedding.js";
import { TransformerDecoder, type TransformerDecoderOptions } from "./attention/transformer-decoder.js";
import { TransformerEncoder, type TransformerEncoderOptions } from "./attention/transformer-encoder.js";
import { Conv1D, type Conv1DOptions } from "./convolution/conv1d.js";
import { Conv1DTranspose, type Conv1DTransposeOptions } from "./convolution/conv1d-transpose.js";
import { Conv2D, type Conv2DOptions } from "./convolution/conv2d.js";
import { Conv2DTranspose, type Conv2DTransposeOptions } from "./convolution/conv2d-transpose.js";
import { DepthwiseConv1D, type DepthwiseConv1DOptions } from "./convolution/depthwise-conv1d.js";
import { DepthwiseConv2D, type DepthwiseConv2DOptions } from "./convolution/depthwise-conv2d.js";
import { SeparableConv1D, type SeparableConv1DOptions } from "./convolution/separable-conv1d.js";
import { SeparableConv2D, type SeparableConv2DOptions } from "./convolution/separable-conv2d.js";
import { ActivationLayer, type ActivationOptions } from "./core/activation.js";
import { ActivityRegularization, type ActivityRegularizationOptions } from "./core/activity-regularization.js";
import { Concatenate, type ConcatenateOptions } from "./core/concatenate.js";
import { Dense, type DenseOptions } from "./core/dense.js";
import { Dot, type DotOptions } from "./core/dot.js";
import { Dropout, type DropoutOptions } from "./core/dropout.js";
import { Embedding, type EmbeddingOptions } from "./core/embedding.js";
import { Flatten, type FlattenOptions } from "./core/flatten.js";
import { Identity, type IdentityOptions } from "./core/identity.js";
import { Lambda, type LambdaOptions, registerFunction } from "./core/lambda.js";
import { LengthMasking, type LengthMaskingOptions } from "./core/length-masking.js";
import { Masking, type MaskingOptions } from "./core/masking.js";
import { Add, Average, Maximum, type MergeOptions, Minimum, Multiply, Subtract } from "./core/merge.js";
import { PositionEmbedding, type PositionEmbeddingOptions } from "./core/position-embedding.js";
import { RepeatVector, type RepeatVectorOptions } from "./core/repeat-vector.js";
import { Rescaling, type RescalingOptions } from "./core/rescaling.js";
import { Reshape, type ReshapeOptions } from "./core/reshape.js";
import { ReversibleEmbedding, type ReversibleEmbeddingOptions } from "./core/reversible-embedding.js";
import { SinePositionEncoding, type SinePositionEncodingOptions } from "./core/sine-position-encoding.js";
import { TimeDistributed, type TimeDistributedOptions } from "./core/time-distributed.js";
import type { BatchShape, Layer } from "./layer.js";
import { AlphaDropout, type AlphaDropoutOptions } from "./noise/alpha-dropout.js";
import { GaussianDropout, type GaussianDropoutOptions } from "./noise/gaussian-dropout.js";
import { GaussianNoise, type GaussianNoiseOptions } from "./noise/gaussian-noise.js";
import { SpatialDropout1D, type SpatialDropout1DOptions } from "./noise/spatial-dropout1d.js";
import { SpatialDropout2D, type SpatialDropout2DOptions } from "./noise/spatial-dropout2d.js";
import { BatchNormalization, type BatchNormalizationOptions } from "./normalization/batch-normalization.js";
import { GroupNormalization, type GroupNormalizationOptions } from "./normalization/group-normalization.js";
import { LayerNormalization, type LayerNormalizationOptions } from "./normalization/layer-normalization.js";
import { RMSNormalization, type RMSNormalizationOptions } from "./normalization/rms-normalization.js";
import { SpectralNormalization, type SpectralNormalizationOptions } from "./normalization/spectral-normalization.js";
import { UnitNormalization, type UnitNormalizationOptions } from "./normalization/unit-normalization.js";
import { AveragePooling1D, type AveragePooling1DOptions } from "./pooling/average-pooling1d.js";
import { AveragePooling2D, type AveragePooling2DOptions } from "./pooling/average-pooling2d.js";
import { GlobalAveragePooling1D, type GlobalAveragePooling1DOptions } from "./pooling/global-average-pooling1d.js";
import { GlobalAveragePooling2D, type GlobalAveragePooling2DOptions } from "./pooling/global-average-pooling2d.js";
import { GlobalMaxPooling1D, type GlobalMaxPooling1DOptions } from "./pooling/global-max-pooling1d.js";
import { GlobalMaxPooling2D, type GlobalMaxPooling2DOptions } from "./pooling/global-max-pooling2d.js";
import { MaxPooling1D, type MaxPooling1DOptions } from "./pooling/max-pooling1d.js";
import { MaxPooling2D, type MaxPooling2DOptions } from "./pooling/max-pooling2d.js";
import { Bidirectional, type BidirectionalOptions, type MergeMode } from "./recurrent/bidirectional.js";
import { ChainedTanhCell, type ChainedTanhCellOptions } from "./recurrent/chained-tanh-cell.js";
import { ConvLSTM1D, type ConvLSTM1DOptions } from "./recurrent/conv-lstm1d.js";
import { ConvLSTM2D, type ConvLSTM2DOptions } from "./recurrent/conv-lstm2d.js";
import { CoupledLSTMCell, type CoupledLSTMCellOptions } from "./recurrent/coupled-lstm-cell.js";
import { GRU, type GRUOptions } from "./recurrent/gru.js";
import { GRUCell, type GRUCellOptions } from "./recurrent/gru-cell.js";
import { JordanCell, type JordanCellOptions } from "./recurrent/jordan-cell.js";
import { LayerNormGRUCell, type LayerNormGRUCellOptions } from "./recurrent/layer-norm-gru-cell.js";
import { LayerNormLSTMCell, type LayerNormLSTMCellOptions } from "./recurrent/layer-norm-lstm-cell.js";
import { LSTM, type LSTMOptions } from "./recurrent/lstm.js";
import { LSTMCell, type LSTMCellOptions } from "./recurrent/lstm-cell.js";
import { MinimalGatedUnitCell, type MinimalGatedUnitCellOptions } from "./recurrent/minimal-gated-unit-cell.js";
import { PeepholeLSTMCell, type PeepholeLSTMCellOptions } from "./recurrent/peephole-lstm-cell.js";
import { ProjectedLSTMCell, type ProjectedLSTMCellOptions } from "./recurrent/projected-lstm-cell.js";
import type { RecurrentLayer } from "./recurrent/recurrent-layer.js";
import { RNN, type RNNOptions } from "./recurrent/rnn.js";
import { SimpleRNN, type SimpleRNNOptions } from "./recurrent/simple-rnn.js";
import { SimpleRNNCell, type SimpleRNNCellOptions } from "./recurrent/simple-rnn-cell.js";
import { StackedRNNCells, type StackedRNNCellsOptions } from "./recurrent/stacked-cells.js";
import { TripleGatedCell, type TripleGatedCellOptions } from "./recurrent/triple-gated-cell.js";
import { ZoneoutCell, type ZoneoutCellOptions } from "./recurrent/zoneout-cell.js";
import { Cropping1D, type Cropping1DOptions } from "./reshaping/cropping1d.js";
import { Cropping2D, type Cropping2DOptions } from "./reshaping/cropping2d.js";
import { Permute, type PermuteOptions } from "./reshaping/permute.js";
import { UpSampling1D, type UpSampling1DOptions } from "./reshaping/up-sampling1d.js";
import { UpSampling2D, type UpSampling2DOptions } from "./reshaping/up-sampling2d.js";
import { ZeroPadding1D, type ZeroPadding1DOptions } from "./reshaping/zero-padding1d.js";
import { ZeroPadding2D, type ZeroPadding2DOptions } from "./reshaping/zero-padding2d.js";
import type {
  Activated,
  ActivationOption,
  Appends,
  As,
  Becomes,
  BothWays,
  Convolved,
  ConvRecurrent,
  Flat,
  LastBecomes,
  NamedActivation,
  Permuted,
  PerStep,
  Pooled,
  Recurrent,
  Repeated,
  Resampled,
  Same,
  SamePlane,
  SameSteps,
  Unless,
} from "./shape-rules.js";
import type { Attended, Block, Concatenated, Dotted, Merged, Projected, WithLengths } from "./shape-rules-joint.js";
import type { Shaped, Start } from "./shape-types.js";
import type { DataFormat } from "./spatial/spatial-layer.js";
import type { Factories } from "./table.js";

/**
 * Makes layers. Names, options and defaults are those of Keras 3, in camelCase; unknown options are errors.
 *
 * @example sequential([layers.embedding({ inputDim: 1000, outputDim: 32 }), layers.lstm({ units: 64 }), layers.dense({ units: 1 })])
 */
export const layers = {
  /** Applies an activation function. @see ActivationLayer */
  activation: <const A extends NamedActivation, const I extends BatchShape = BatchShape>(
    options: ActivationOptions & Start<I> & { activation: ActivationOption<A> },
  ) => new ActivationLayer(options) as ActivationLayer & Shaped<Activated<A, Same>, I>,
  /** Adds a penalty on what passes through to the loss. @see ActivityRegularization */
  activityRegularization: <const I extends BatchShape = BatchShape>(
    options?: ActivityRegularizationOptions & Start<I>,
  ) => new ActivityRegularization(options) as ActivityRegularization & Shaped<Same, I>,
  /** Sum of tensors. @see Add */
  add: (options?: MergeOptions) => new Add(options) as Add & Shaped<Merged<"add">>,
  /** Attention by a sum of tanh (Bahdanau). @see AdditiveAttention */
  additiveAttention: (options?: AdditiveAttentionOptions) =>
    new AdditiveAttention(options) as AdditiveAttention & Shaped<Attended<"additiveAttention">>,
  /** Attention by products of query and key (Luong). @see Attention */
  attention: (options?: AttentionOptions) => new Attention(options) as Attention & Shaped<Attended<"attention">>,
  /** Mean of tensors. @see Average */
  average: (options?: MergeOptions) => new Average(options) as Average & Shaped<Merged<"average">>,
  /** Means of windows of a plane. @see AveragePooling2D */
  averagePooling2d: <const D extends DataFormat = "channelsLast", const I extends BatchShape = BatchShape>(
    options?: AveragePooling2DOptions & Start<I> & { dataFormat?: D },
  ) => new AveragePooling2D(options) as AveragePooling2D & Shaped<Resampled<"averagePooling2d", 2, D>, I>,
  /** Runs a recurrent layer in both directions. @see Bidirectional */
  bidirectional: <
    L extends RecurrentLayer,
    const M extends MergeMode = "concat",
    B extends RecurrentLayer = never,
    const I extends BatchShape = BatchShape,
  >(
    options: BidirectionalOptions & Start<I> & { layer: L; mergeMode?: M; backwardLayer?: B },
  ) => new Bidirectional(options) as Bidirectional & Shaped<BothWays<L, M, B>, I>,
  /** One step of a simple network whose hidden units pass through further tanh layers. @see ChainedTanhCell */
  chainedTanhCell: (options: ChainedTanhCellOptions) => new ChainedTanhCell(options),
  /** Tensors one after the other along an axis. @see Concatenate */
  concatenate: <const X extends number = -1>(options?: ConcatenateOptions & { axis?: X }) =>
    new Concatenate(options) as Concatenate & Shaped<Concatenated<X>>,
  /** Transposed convolution over time, which makes sequences longer. @see Conv1DTranspose */
  conv1dTranspose: <
    const F extends number,
    const A extends NamedActivation = "linear",
    const D extends DataFormat = "channelsLast",
    const I extends BatchShape = BatchShape,
  >(
    options: Conv1DTransposeOptions & Start<I> & { filters: F; activation?: ActivationOption<A>; dataFormat?: D },
  ) => new Conv1DTranspose(options) as Conv1DTranspose & Shaped<Activated<A, Convolved<"conv1dTranspose", 1, F, D>>, I>,
  /** Convolution over a plane. @see Conv2D */
  conv2d: <
    const F extends number,
    const A extends NamedActivation = "linear",
    const D extends DataFormat = "channelsLast",
    const I extends BatchShape = BatchShape,
  >(
    options: Conv2DOptions & Start<I> & { filters: F; activation?: ActivationOption<A>; dataFormat?: D },
  ) => new Conv2D(options) as Conv2D & Shaped<Activated<A, Convolved<"conv2d", 2, F, D>>, I>,
  /** Transposed convolution over a plane, which makes images larger. @see Conv2DTranspose */
  conv2dTranspose: <
    const F extends number,
    const A extends NamedActivation = "linear",
    const D extends DataFormat = "channelsLast",
    const I extends BatchShape = BatchShape,
  >(
    options: Conv2DTransposeOptions & Start<I> & { filters: F; activation?: ActivationOption<A>; dataFormat?: D },
  ) => new Conv2DTranspose(options) as Conv2DTranspose & Shaped<Activated<A, Convolved<"conv2dTranspose", 2, F, D>>, I>,
  /** LSTM over a row of places, by convolutions. @see ConvLSTM1D */
  convLSTM1d: <
    const F extends number | undefined,
    const R extends boolean = Unless<F>,
    const D extends DataFormat = "channelsLast",
    const I extends BatchShape = BatchShape,
  >(
    options: ConvLSTM1DOptions & Start<I> & { filters: F; returnSequences?: R; dataFormat?: D },
  ) => new ConvLSTM1D(options) as ConvLSTM1D & Shaped<ConvRecurrent<"convLSTM1d", 1, F, R, D>, I>,
  /** LSTM over images, by convolutions. @see ConvLSTM2D */
  convLSTM2d: <
    const F extends number | undefined,
    const R extends boolean = Unless<F>,
    const D extends DataFormat = "channelsLast",
    const I extends BatchShape = BatchShape,
  >(
    options: ConvLSTM2DOptions & Start<I> & { filters: F; returnSequences?: R; dataFormat?: D },
  ) => new ConvLSTM2D(options) as ConvLSTM2D & Shaped<ConvRecurrent<"convLSTM2d", 2, F, R, D>, I>,
  /** Takes rows and columns off. @see Cropping2D */
  cropping2d: <const D extends DataFormat = "channelsLast", const I extends BatchShape = BatchShape>(
    options?: Cropping2DOptions & Start<I> & { dataFormat?: D },
  ) => new Cropping2D(options) as Cropping2D & Shaped<Resampled<"cropping2d", 2, D>, I>,
  /** activation(x · kernel + bias) over the last axis. @see Dense */
  dense: <const U extends number, const A extends NamedActivation = "linear", const I extends BatchShape = BatchShape>(
    options: DenseOptions & Start<I> & { units: U; activation?: ActivationOption<A> },
  ) => new Dense(options) as Dense & Shaped<Activated<A, LastBecomes<"dense", U>>, I>,
  /** Convolution over a plane of every channel on its own. @see DepthwiseConv2D */
  depthwiseConv2d: <const D extends DataFormat = "channelsLast", const I extends BatchShape = BatchShape>(
    options: DepthwiseConv2DOptions & Start<I> & { dataFormat?: D },
  ) => new DepthwiseConv2D(options) as DepthwiseConv2D & Shaped<Convolved<"depthwiseConv2d", 2, null, D>, I>,
  /** Products of the vectors of two tensors. @see Dot */
  dot: (options: DotOptions) => new Dot(options) as Dot & Shaped<Dotted>,
  /** Dropout that suits selu units. @see AlphaDropout */
  alphaDropout: <const I extends BatchShape = BatchShape>(options: AlphaDropoutOptions & Start<I>) =>
    new AlphaDropout(options) as AlphaDropout & Shaped<Same, I>,
  /** Means of windows over time. @see AveragePooling1D */
  averagePooling1d: <const D extends DataFormat = "channelsLast", const I extends BatchShape = BatchShape>(
    options?: AveragePooling1DOptions & Start<I> & { dataFormat?: D },
  ) => new AveragePooling1D(options) as AveragePooling1D & Shaped<Resampled<"averagePooling1d", 1, D>, I>,
  /** Normalizes every feature over the batch. @see BatchNormalization */
  batchNormalization: <const I extends BatchShape = BatchShape>(options?: BatchNormalizationOptions & Start<I>) =>
    new BatchNormalization(options) as BatchNormalization & Shaped<Same, I>,
  /** Convolution over time. @see Conv1D */
  conv1d: <
    const F extends number,
    const A extends NamedActivation = "linear",
    const D extends DataFormat = "channelsLast",
    const I extends BatchShape = BatchShape,
  >(
    options: Conv1DOptions & Start<I> & { filters: F; activation?: ActivationOption<A>; dataFormat?: D },
  ) => new Conv1D(options) as Conv1D & Shaped<Activated<A, Convolved<"conv1d", 1, F, D>>, I>,
  /** One step of an LSTM whose input and forget gates are one. @see CoupledLSTMCell */
  coupledLSTMCell: (options: CoupledLSTMCellOptions) => new CoupledLSTMCell(options),
  /** Takes steps off the start and the end. @see Cropping1D */
  cropping1d: <const D extends DataFormat = "channelsLast", const I extends BatchShape = BatchShape>(
    options?: Cropping1DOptions & Start<I> & { dataFormat?: D },
  ) => new Cropping1D(options) as Cropping1D & Shaped<Resampled<"cropping1d", 1, D>, I>,
  /** Convolution over time of every feature on its own. @see DepthwiseConv1D */
  depthwiseConv1d: <const D extends DataFormat = "channelsLast", const I extends BatchShape = BatchShape>(
    options: DepthwiseConv1DOptions & Start<I> & { dataFormat?: D },
  ) => new DepthwiseConv1D(options) as DepthwiseConv1D & Shaped<Convolved<"depthwiseConv1d", 1, null, D>, I>,
  /** Drops random elements while training. @see Dropout */
  dropout: <const I extends BatchShape = BatchShape>(options: DropoutOptions & Start<I>) =>
    new Dropout(options) as Dropout & Shaped<Same, I>,
  /** Exponential linear unit. @see ELU */
  elu: <const I extends BatchShape = BatchShape>(options?: ELUOptions & Start<I>) =>
    new ELU(options) as ELU & Shaped<Same, I>,
  /** Turns whole numbers into trainable vectors. @see Embedding */
  embedding: <const U extends number, const I extends BatchShape = BatchShape>(
    options: EmbeddingOptions & Start<I> & { outputDim: U },
  ) => new Embedding(options) as Embedding & Shaped<Appends<U>, I>,
  /** All axes but the batch as one. @see Flatten */
  flatten: <const I extends BatchShape = BatchShape>(options?: FlattenOptions & Start<I>) =>
    new Flatten(options) as Flatten & Shaped<Flat, I>,
  /** Multiplies by random numbers around 1 while training. @see GaussianDropout */
  gaussianDropout: <const I extends BatchShape = BatchShape>(options: GaussianDropoutOptions & Start<I>) =>
    new GaussianDropout(options) as GaussianDropout & Shaped<Same, I>,
  /** Adds random numbers while training. @see GaussianNoise */
  gaussianNoise: <const I extends BatchShape = BatchShape>(options: GaussianNoiseOptions & Start<I>) =>
    new GaussianNoise(options) as GaussianNoise & Shaped<Same, I>,
  /** Means over all of time. @see GlobalAveragePooling1D */
  globalAveragePooling1d: <
    const D extends DataFormat = "channelsLast",
    const K extends boolean = false,
    const I extends BatchShape = BatchShape,
  >(
    options?: GlobalAveragePooling1DOptions & Start<I> & { dataFormat?: D; keepdims?: K },
  ) =>
    new GlobalAveragePooling1D(options) as GlobalAveragePooling1D &
      Shaped<Pooled<"globalAveragePooling1d", 1, D, K>, I>,
  /** Largest values over all of time. @see GlobalMaxPooling1D */
  globalMaxPooling1d: <
    const D extends DataFormat = "channelsLast",
    const K extends boolean = false,
    const I extends BatchShape = BatchShape,
  >(
    options?: GlobalMaxPooling1DOptions & Start<I> & { dataFormat?: D; keepdims?: K },
  ) => new GlobalMaxPooling1D(options) as GlobalMaxPooling1D & Shaped<Pooled<"globalMaxPooling1d", 1, D, K>, I>,
  /** Means over the plane. @see GlobalAveragePooling2D */
  globalAveragePooling2d: <
    const D extends DataFormat = "channelsLast",
    const K extends boolean = false,
    const I extends BatchShape = BatchShape,
  >(
    options?: GlobalAveragePooling2DOptions & Start<I> & { dataFormat?: D; keepdims?: K },
  ) =>
    new GlobalAveragePooling2D(options) as GlobalAveragePooling2D &
      Shaped<Pooled<"globalAveragePooling2d", 2, D, K>, I>,
  /** Largest values of the plane. @see GlobalMaxPooling2D */
  globalMaxPooling2d: <
    const D extends DataFormat = "channelsLast",
    const K extends boolean = false,
    const I extends BatchShape = BatchShape,
  >(
    options?: GlobalMaxPooling2DOptions & Start<I> & { dataFormat?: D; keepdims?: K },
  ) => new GlobalMaxPooling2D(options) as GlobalMaxPooling2D & Shaped<Pooled<"globalMaxPooling2d", 2, D, K>, I>,
  /** Normalizes groups of channels. @see GroupNormalization */
  groupNormalization: <const I extends BatchShape = BatchShape>(options?: GroupNormalizationOptions & Start<I>) =>
    new GroupNormalization(options) as GroupNormalization & Shaped<Same, I>,
  /** Attention whose heads share keys and values in groups. @see GroupQueryAttention */
  groupQueryAttention: (options: GroupQueryAttentionOptions) =>
    new GroupQueryAttention(options) as GroupQueryAttention & Shaped<Projected<"groupQueryAttention", null>>,
  /** Gated recurrent unit over time. @see GRU */
  gru: <
    const U extends number | undefined,
    const R extends boolean = Unless<U>,
    const I extends BatchShape = BatchShape,
  >(
    options: GRUOptions & Start<I> & { units: U; returnSequences?: R },
  ) => new GRU(options) as GRU & Shaped<Recurrent<"gru", U, R>, I>,
  /** One step of a gated recurrent unit. @see GRUCell */
  gruCell: (options: GRUCellOptions) => new GRUCell(options),
  /** Passes its input on. @see Identity */
  identity: <const I extends BatchShape = BatchShape>(options?: IdentityOptions & Start<I>) =>
    new Identity(options) as Identity & Shaped<Same, I>,
  /** One step of a network that feeds back its output. @see JordanCell */
  jordanCell: (options: JordanCellOptions) => new JordanCell(options),
  /** Any function of a tensor. @see Lambda */
  lambda: <const T extends BatchShape = BatchShape, const I extends BatchShape = BatchShape>(
    options: LambdaOptions & Start<I> & { outputShape?: T | null },
  ) => new Lambda(options) as Lambda & Shaped<Becomes<T>, I>,
  /** Normalizes the features of every step. @see LayerNormalization */
  layerNormalization: <const I extends BatchShape = BatchShape>(options?: LayerNormalizationOptions & Start<I>) =>
    new LayerNormalization(options) as LayerNormalization & Shaped<Same, I>,
  /** One step of a GRU with layer normalization. @see LayerNormGRUCell */
  layerNormGRUCell: (options: LayerNormGRUCellOptions) => new LayerNormGRUCell(options),
  /** One step of an LSTM with layer normalization. @see LayerNormLSTMCell */
  layerNormLSTMCell: (options: LayerNormLSTMCellOptions) => new LayerNormLSTMCell(options),
  /** Rectifier with a slope below 0. @see LeakyReLU */
  leakyReLU: <const I extends BatchShape = BatchShape>(options?: LeakyReLUOptions & Start<I>) =>
    new LeakyReLU(options) as LeakyReLU & Shaped<Same, I>,
  /** Masks what lies beyond each sequence's length, which is a second input. @see LengthMasking */
  lengthMasking: (options?: LengthMaskingOptions) => new LengthMasking(options) as LengthMasking & Shaped<WithLengths>,
  /** Long short-term memory over time. @see LSTM */
  lstm: <
    const U extends number | undefined,
    const R extends boolean = Unless<U>,
    const I extends BatchShape = BatchShape,
  >(
    options: LSTMOptions & Start<I> & { units: U; returnSequences?: R },
  ) => new LSTM(options) as LSTM & Shaped<Recurrent<"lstm", U, R>, I>,
  /** One step of a long short-term memory. @see LSTMCell */
  lstmCell: (options: LSTMCellOptions) => new LSTMCell(options),
  /** Masks the steps whose features all have one value. @see Masking */
  masking: <const I extends BatchShape = BatchShape>(options?: MaskingOptions & Start<I>) =>
    new Masking(options) as Masking & Shaped<Same, I>,
  /** Largest of tensors, element by element. @see Maximum */
  maximum: (options?: MergeOptions) => new Maximum(options) as Maximum & Shaped<Merged<"maximum">>,
  /** Largest values of windows of a plane. @see MaxPooling2D */
  maxPooling2d: <const D extends DataFormat = "channelsLast", const I extends BatchShape = BatchShape>(
    options?: MaxPooling2DOptions & Start<I> & { dataFormat?: D },
  ) => new MaxPooling2D(options) as MaxPooling2D & Shaped<Resampled<"maxPooling2d", 2, D>, I>,
  /** Smallest of tensors, element by element. @see Minimum */
  minimum: (options?: MergeOptions) => new Minimum(options) as Minimum & Shaped<Merged<"minimum">>,
  /** Several heads of scaled attention, with projections. @see MultiHeadAttention */
  multiHeadAttention: <const N extends number | null = null>(
    options: MultiHeadAttentionOptions & { outputShape?: N },
  ) => new MultiHeadAttention(options) as MultiHeadAttention & Shaped<Projected<"multiHeadAttention", N>>,
  /** Product of tensors, element by element. @see Multiply */
  multiply: (options?: MergeOptions) => new Multiply(options) as Multiply & Shaped<Merged<"multiply">>,
  /** Largest values of windows over time. @see MaxPooling1D */
  maxPooling1d: <const D extends DataFormat = "channelsLast", const I extends BatchShape = BatchShape>(
    options?: MaxPooling1DOptions & Start<I> & { dataFormat?: D },
  ) => new MaxPooling1D(options) as MaxPooling1D & Shaped<Resampled<"maxPooling1d", 1, D>, I>,
  /** One step of a recurrent unit with a single gate. @see MinimalGatedUnitCell */
  minimalGatedUnitCell: (options: MinimalGatedUnitCellOptions) => new MinimalGatedUnitCell(options),
  /** One step of an LSTM whose gates see its memory. @see PeepholeLSTMCell */
  peepholeLSTMCell: (options: PeepholeLSTMCellOptions) => new PeepholeLSTMCell(options),
  /** Puts the axes in another order. @see Permute */
  permute: <const T extends readonly number[], const I extends BatchShape = BatchShape>(
    options: PermuteOptions & Start<I> & { dims: T },
  ) => new Permute(options) as Permute & Shaped<Permuted<T>, I>,
  /** Adds a trained vector to every step. @see PositionEmbedding */
  positionEmbedding: <const I extends BatchShape = BatchShape>(options: PositionEmbeddingOptions & Start<I>) =>
    new PositionEmbedding(options) as PositionEmbedding & Shaped<SameSteps<"positionEmbedding">, I>,
  /** Rectifier with trained slopes below 0. @see PReLU */
  prelu: <const I extends BatchShape = BatchShape>(options?: PReLUOptions & Start<I>) =>
    new PReLU(options) as PReLU & Shaped<Same, I>,
  /** One step of an LSTM with a smaller output than memory. @see ProjectedLSTMCell */
  projectedLSTMCell: (options: ProjectedLSTMCellOptions) => new ProjectedLSTMCell(options),
  /** Rectifier. @see ReLU */
  reLU: <const I extends BatchShape = BatchShape>(options?: ReLUOptions & Start<I>) =>
    new ReLU(options) as ReLU & Shaped<Same, I>,
  /** Repeats a vector over time. @see RepeatVector */
  repeatVector: <const N extends number, const I extends BatchShape = BatchShape>(
    options: RepeatVectorOptions & Start<I> & { n: N },
  ) => new RepeatVector(options) as RepeatVector & Shaped<Repeated<N>, I>,
  /** Multiplies by one number and adds another. @see Rescaling */
  rescaling: <const I extends BatchShape = BatchShape>(options: RescalingOptions & Start<I>) =>
    new Rescaling(options) as Rescaling & Shaped<Same, I>,
  /** The same elements under another shape. @see Reshape */
  reshape: <const T extends readonly number[], const I extends BatchShape = BatchShape>(
    options: ReshapeOptions & Start<I> & { targetShape: T },
  ) => new Reshape(options) as Reshape & Shaped<Becomes<T>, I>,
  /** An embedding that also scores tokens, by the same weights. @see ReversibleEmbedding */
  reversibleEmbedding: <const I extends BatchShape = BatchShape>(options: ReversibleEmbeddingOptions & Start<I>) =>
    // Backwards it appends no axis: its rule leaves the shape open.
    new ReversibleEmbedding(options) as ReversibleEmbedding & Shaped<Becomes<BatchShape>, I>,
  /** Divides the features of every step by their root mean square. @see RMSNormalization */
  rmsNormalization: <const I extends BatchShape = BatchShape>(options?: RMSNormalizationOptions & Start<I>) =>
    new RMSNormalization(options) as RMSNormalization & Shaped<Same, I>,
  /** Runs any cell, or a stack of cells, over time. @see RNN */
  rnn: <
    C extends RNNOptions["cell"] | undefined,
    const R extends boolean = Unless<C>,
    const I extends BatchShape = BatchShape,
  >(
    options: RNNOptions & Start<I> & { cell: C; returnSequences?: R },
  ) => new RNN(options) as RNN & Shaped<Recurrent<"rnn", number, R>, I>,
  /** Turns features by their step: rotary positions. @see RotaryEmbedding */
  rotaryEmbedding: <const I extends BatchShape = BatchShape>(options?: RotaryEmbeddingOptions & Start<I>) =>
    new RotaryEmbedding(options) as RotaryEmbedding & Shaped<SameSteps<"rotaryEmbedding">, I>,
  /** Convolution of every feature on its own, then a mix of the features. @see SeparableConv1D */
  separableConv1d: <
    const F extends number,
    const A extends NamedActivation = "linear",
    const D extends DataFormat = "channelsLast",
    const I extends BatchShape = BatchShape,
  >(
    options: SeparableConv1DOptions & Start<I> & { filters: F; activation?: ActivationOption<A>; dataFormat?: D },
  ) => new SeparableConv1D(options) as SeparableConv1D & Shaped<Activated<A, Convolved<"separableConv1d", 1, F, D>>, I>,
  /** Convolution of every channel on its own, then a mixture of all. @see SeparableConv2D */
  separableConv2d: <
    const F extends number,
    const A extends NamedActivation = "linear",
    const D extends DataFormat = "channelsLast",
    const I extends BatchShape = BatchShape,
  >(
    options: SeparableConv2DOptions & Start<I> & { filters: F; activation?: ActivationOption<A>; dataFormat?: D },
  ) => new SeparableConv2D(options) as SeparableConv2D & Shaped<Activated<A, Convolved<"separableConv2d", 2, F, D>>, I>,
  /** Simple (Elman) network over time. @see SimpleRNN */
  simpleRNN: <
    const U extends number | undefined,
    const R extends boolean = Unless<U>,
    const I extends BatchShape = BatchShape,
  >(
    options: SimpleRNNOptions & Start<I> & { units: U; returnSequences?: R },
  ) => new SimpleRNN(options) as SimpleRNN & Shaped<Recurrent<"simpleRNN", U, R>, I>,
  /** One step of a simple network. @see SimpleRNNCell */
  simpleRNNCell: (options: SimpleRNNCellOptions) => new SimpleRNNCell(options),
  /** Adds waves that tell where a step is. @see SinePositionEncoding */
  sinePositionEncoding: <const I extends BatchShape = BatchShape>(options?: SinePositionEncodingOptions & Start<I>) =>
    new SinePositionEncoding(options) as SinePositionEncoding & Shaped<SameSteps<"sinePositionEncoding">, I>,
  /** Shares that add up to 1. @see Softmax */
  softmax: <const I extends BatchShape = BatchShape>(options?: SoftmaxOptions & Start<I>) =>
    new Softmax(options) as Softmax & Shaped<Same, I>,
  /** Drops whole features while training. @see SpatialDropout1D */
  spatialDropout1d: <const I extends BatchShape = BatchShape>(options: SpatialDropout1DOptions & Start<I>) =>
    new SpatialDropout1D(options) as SpatialDropout1D & Shaped<SameSteps<"spatialDropout1d">, I>,
  /** Drops whole channels while training. @see SpatialDropout2D */
  spatialDropout2d: <const I extends BatchShape = BatchShape>(options: SpatialDropout2DOptions & Start<I>) =>
    new SpatialDropout2D(options) as SpatialDropout2D & Shaped<SamePlane<"spatialDropout2d">, I>,
  /** Keeps the largest singular value of a layer's weights near 1. @see SpectralNormalization */
  spectralNormalization: <L extends Layer, const I extends BatchShape = BatchShape>(
    options: SpectralNormalizationOptions & Start<I> & { layer: L },
  ) => new SpectralNormalization(options) as SpectralNormalization & Shaped<As<L>, I>,
  /** Several cells as one. @see StackedRNNCells */
  stackedRNNCells: (options: StackedRNNCellsOptions) => new StackedRNNCells(options),
  /** One tensor minus another. @see Subtract */
  subtract: (options?: MergeOptions) => new Subtract(options) as Subtract & Shaped<Merged<"subtract", true>>,
  /** Applies a layer to every step. @see TimeDistributed */
  timeDistributed: <L extends Layer, const I extends BatchShape = BatchShape>(
    options: TimeDistributedOptions & Start<I> & { layer: L },
  ) => new TimeDistributed(options) as TimeDistributed & Shaped<PerStep<L>, I>,
  /** Causal self-attention, attention to an encoder, dense layers. @see TransformerDecoder */
  transformerDecoder: <const I extends BatchShape = BatchShape>(options: TransformerDecoderOptions & Start<I>) =>
    new TransformerDecoder(options) as TransformerDecoder & Shaped<Block<"transformerDecoder", 1 | 2>, I>,
  /** Self-attention and dense layers. @see TransformerEncoder */
  transformerEncoder: <const I extends BatchShape = BatchShape>(options: TransformerEncoderOptions & Start<I>) =>
    new TransformerEncoder(options) as TransformerEncoder & Shaped<Block<"transformerEncoder", 1>, I>,
  /** One step of a unit with three separate gates and an output layer. @see TripleGatedCell */
  tripleGatedCell: (options: TripleGatedCellOptions) => new TripleGatedCell(options),
  /** Vectors of length 1. @see UnitNormalization */
  unitNormalization: <const I extends BatchShape = BatchShape>(options?: UnitNormalizationOptions & Start<I>) =>
    new UnitNormalization(options) as UnitNormalization & Shaped<Same, I>,
  /** Repeats every step. @see UpSampling1D */
  upSampling1d: <const D extends DataFormat = "channelsLast", const I extends BatchShape = BatchShape>(
    options?: UpSampling1DOptions & Start<I> & { dataFormat?: D },
  ) => new UpSampling1D(options) as UpSampling1D & Shaped<Resampled<"upSampling1d", 1, D>, I>,
  /** Adds steps of zeros. @see ZeroPadding1D */
  zeroPadding1d: <const D extends DataFormat = "channelsLast", const I extends BatchShape = BatchShape>(
    options?: ZeroPadding1DOptions & Start<I> & { dataFormat?: D },
  ) => new ZeroPadding1D(options) as ZeroPadding1D & Shaped<Resampled<"zeroPadding1d", 1, D>, I>,
  /** Repeats rows and columns. @see UpSampling2D */
  upSampling2d: <const D extends DataFormat = "channelsLast", const I extends BatchShape = BatchShape>(
    options?: UpSampling2DOptions & Start<I> & { dataFormat?: D },
  ) => new UpSampling2D(options) as UpSampling2D & Shaped<Resampled<"upSampling2d", 2, D>, I>,
  /** Adds rows and columns of zeros. @see ZeroPadding2D */
  zeroPadding2d: <const D extends DataFormat = "channelsLast", const I extends BatchShape = BatchShape>(
    options?: ZeroPadding2DOptions & Start<I> & { dataFormat?: D },
  ) => new ZeroPadding2D(options) as ZeroPadding2D & Shaped<Resampled<"zeroPadding2d", 2, D>, I>,
  /** A cell whose units keep their old state at random. @see ZoneoutCell */
  zoneoutCell: (options: ZoneoutCellOptions) => new ZoneoutCell(options),
} satisfies Factories;

export {
  type Activation,
  type ActivationName,
  type ActivationSpec,
  activations,
  getActivation,
} from "./activations.js";
export type { Component, LayerState, Weight } from "./component.js";
export { type Constraint, type ConstraintSpec, constraints, getConstraint } from "./constraints.js";
export { sequenceMask } from "./core/sequence-mask.js";
export { getInitializer, type Initializer, type InitializerSpec, initializers } from "./initializers.js";
export {
  type ApplyOptions,
  type BatchShape,
  type CallContext,
  Layer,
  type LayerOptions,
  type RunContext,
  resetLayerNames,
} from "./layer.js";
export { MultiInputLayer } from "./multi-input-layer.js";
export { Cell, type CellContext, type RNNCell, type StepResult } from "./recurrent/cell.js";
export { RecurrentLayer, type RecurrentOptions } from "./recurrent/recurrent-layer.js";
export { getRegularizer, type Regularizer, type RegularizerSpec, regularizers } from "./regularizers.js";
export { deserializeLayer, type LayerSpec, registerLayer, serializeLayer } from "./serialize.js";
export { type InputOptions, input, SymbolicTensor } from "./symbolic.js";
export {
  ActivationLayer,
  type ActivationOptions,
  ActivityRegularization,
  type ActivityRegularizationOptions,
  Add,
  AdditiveAttention,
  type AdditiveAttentionOptions,
  AlphaDropout,
  type AlphaDropoutOptions,
  Attention,
  type AttentionOptions,
  Average,
  AveragePooling1D,
  type AveragePooling1DOptions,
  AveragePooling2D,
  type AveragePooling2DOptions,
  BatchNormalization,
  type BatchNormalizationOptions,
  Bidirectional,
  type BidirectionalOptions,
  ChainedTanhCell,
  type ChainedTanhCellOptions,
  Concatenate,
  type ConcatenateOptions,
  Conv1D,
  type Conv1DOptions,
  Conv1DTranspose,
  type Conv1DTransposeOptions,
  Conv2D,
  type Conv2DOptions,
  Conv2DTranspose,
  type Conv2DTransposeOptions,
  ConvLSTM1D,
  type ConvLSTM1DOptions,
  ConvLSTM2D,
  type ConvLSTM2DOptions,
  CoupledLSTMCell,
  type CoupledLSTMCellOptions,
  Cropping1D,
  type Cropping1DOptions,
  Cropping2D,
  type Cropping2DOptions,
  Dense,
  type DenseOptions,
  DepthwiseConv1D,
  type DepthwiseConv1DOptions,
  DepthwiseConv2D,
  type DepthwiseConv2DOptions,
  Dot,
  type DotOptions,
  Dropout,
  type DropoutOptions,
  ELU,
  type ELUOptions,
  Embedding,
  type EmbeddingOptions,
  Flatten,
  type FlattenOptions,
  GaussianDropout,
  type GaussianDropoutOptions,
  GaussianNoise,
  type GaussianNoiseOptions,
  GlobalAveragePooling1D,
  type GlobalAveragePooling1DOptions,
  GlobalAveragePooling2D,
  type GlobalAveragePooling2DOptions,
  GlobalMaxPooling1D,
  type GlobalMaxPooling1DOptions,
  GlobalMaxPooling2D,
  type GlobalMaxPooling2DOptions,
  GRU,
  GRUCell,
  type GRUCellOptions,
  type GRUOptions,
  GroupNormalization,
  type GroupNormalizationOptions,
  Identity,
  type IdentityOptions,
  JordanCell,
  type JordanCellOptions,
  Lambda,
  type LambdaOptions,
  LayerNormalization,
  type LayerNormalizationOptions,
  LayerNormGRUCell,
  type LayerNormGRUCellOptions,
  LayerNormLSTMCell,
  type LayerNormLSTMCellOptions,
  LeakyReLU,
  type LeakyReLUOptions,
  LengthMasking,
  type LengthMaskingOptions,
  LSTM,
  LSTMCell,
  type LSTMCellOptions,
  type LSTMOptions,
  Masking,
  type MaskingOptions,
  Maximum,
  MaxPooling1D,
  type MaxPooling1DOptions,
  MaxPooling2D,
  type MaxPooling2DOptions,
  type MergeOptions,
  MinimalGatedUnitCell,
  type MinimalGatedUnitCellOptions,
  Minimum,
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
  Multiply,
  PeepholeLSTMCell,
  type PeepholeLSTMCellOptions,
  Permute,
  type PermuteOptions,
  PositionEmbedding,
  type PositionEmbeddingOptions,
  PReLU,
  type PReLUOptions,
  ProjectedLSTMCell,
  type ProjectedLSTMCellOptions,
  ReLU,
  type ReLUOptions,
  RepeatVector,
  type RepeatVectorOptions,
  Rescaling,
  type RescalingOptions,
  Reshape,
  type ReshapeOptions,
  ReversibleEmbedding,
  type ReversibleEmbeddingOptions,
  RMSNormalization,
  type RMSNormalizationOptions,
  RNN,
  type RNNOptions,
  registerFunction,
  SeparableConv1D,
  type SeparableConv1DOptions,
  SeparableConv2D,
  type SeparableConv2DOptions,
  SimpleRNN,
  SimpleRNNCell,
  type SimpleRNNCellOptions,
  type SimpleRNNOptions,
  SinePositionEncoding,
  type SinePositionEncodingOptions,
  Softmax,
  type SoftmaxOptions,
  SpatialDropout1D,
  type SpatialDropout1DOptions,
  SpatialDropout2D,
  type SpatialDropout2DOptions,
  SpectralNormalization,
  type SpectralNormalizationOptions,
  StackedRNNCells,
  type StackedRNNCellsOptions,
  Subtract,
  TimeDistributed,
  type TimeDistributedOptions,
  TripleGatedCell,
  type TripleGatedCellOptions,
  UnitNormalization,
  type UnitNormalizationOptions,
  UpSampling1D,
  type UpSampling1DOptions,
  UpSampling2D,
  type UpSampling2DOptions,
  ZeroPadding1D,
  type ZeroPadding1DOptions,
  ZeroPadding2D,
  type ZeroPadding2DOptions,
  ZoneoutCell,
  type ZoneoutCellOptions,
};
