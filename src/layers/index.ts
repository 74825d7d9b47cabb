import {
  AdditiveAttention,
  type AdditiveAttentionOptions,
  Attention,
  type AttentionOptions,
} from "./attention/attention.js";
import { MultiHeadAttention, type MultiHeadAttentionOptions } from "./attention/multi-head-attention.js";
import { ActivationLayer, type ActivationOptions } from "./core/activation.js";
import { Concatenate, type ConcatenateOptions } from "./core/concatenate.js";
import { Dense, type DenseOptions } from "./core/dense.js";
import { Dot, type DotOptions } from "./core/dot.js";
import { Dropout, type DropoutOptions } from "./core/dropout.js";
import { Embedding, type EmbeddingOptions } from "./core/embedding.js";
import { Flatten, type FlattenOptions } from "./core/flatten.js";
import { Masking, type MaskingOptions } from "./core/masking.js";
import { Add, Average, Maximum, type MergeOptions, Minimum, Multiply, Subtract } from "./core/merge.js";
import { RepeatVector, type RepeatVectorOptions } from "./core/repeat-vector.js";
import { Reshape, type ReshapeOptions } from "./core/reshape.js";
import { TimeDistributed, type TimeDistributedOptions } from "./core/time-distributed.js";
import { Bidirectional, type BidirectionalOptions } from "./recurrent/bidirectional.js";
import { GRU, type GRUOptions } from "./recurrent/gru.js";
import { GRUCell, type GRUCellOptions } from "./recurrent/gru-cell.js";
import { LSTM, type LSTMOptions } from "./recurrent/lstm.js";
import { LSTMCell, type LSTMCellOptions } from "./recurrent/lstm-cell.js";
import { RNN, type RNNOptions } from "./recurrent/rnn.js";
import { SimpleRNN, type SimpleRNNOptions } from "./recurrent/simple-rnn.js";
import { SimpleRNNCell, type SimpleRNNCellOptions } from "./recurrent/simple-rnn-cell.js";
import { StackedRNNCells, type StackedRNNCellsOptions } from "./recurrent/stacked-cells.js";
import type { Factories } from "./table.js";

/**
 * Makes layers. Names, options and defaults are those of Keras 3, in camelCase; unknown options are errors.
 *
 * @example sequential([layers.embedding({ inputDim: 1000, outputDim: 32 }), layers.lstm({ units: 64 }), layers.dense({ units: 1 })])
 */
export const layers = {
  /** Applies an activation function. @see ActivationLayer */
  activation: (options: ActivationOptions) => new ActivationLayer(options),
  /** Sum of tensors. @see Add */
  add: (options?: MergeOptions) => new Add(options),
  /** Attention by a sum of tanh (Bahdanau). @see AdditiveAttention */
  additiveAttention: (options?: AdditiveAttentionOptions) => new AdditiveAttention(options),
  /** Attention by products of query and key (Luong). @see Attention */
  attention: (options?: AttentionOptions) => new Attention(options),
  /** Mean of tensors. @see Average */
  average: (options?: MergeOptions) => new Average(options),
  /** Runs a recurrent layer in both directions. @see Bidirectional */
  bidirectional: (options: BidirectionalOptions) => new Bidirectional(options),
  /** Tensors one after the other along an axis. @see Concatenate */
  concatenate: (options?: ConcatenateOptions) => new Concatenate(options),
  /** activation(x · kernel + bias) over the last axis. @see Dense */
  dense: (options: DenseOptions) => new Dense(options),
  /** Products of the vectors of two tensors. @see Dot */
  dot: (options: DotOptions) => new Dot(options),
  /** Drops random elements while training. @see Dropout */
  dropout: (options: DropoutOptions) => new Dropout(options),
  /** Turns whole numbers into trainable vectors. @see Embedding */
  embedding: (options: EmbeddingOptions) => new Embedding(options),
  /** All axes but the batch as one. @see Flatten */
  flatten: (options?: FlattenOptions) => new Flatten(options),
  /** Gated recurrent unit over time. @see GRU */
  gru: (options: GRUOptions) => new GRU(options),
  /** One step of a gated recurrent unit. @see GRUCell */
  gruCell: (options: GRUCellOptions) => new GRUCell(options),
  /** Long short-term memory over time. @see LSTM */
  lstm: (options: LSTMOptions) => new LSTM(options),
  /** One step of a long short-term memory. @see LSTMCell */
  lstmCell: (options: LSTMCellOptions) => new LSTMCell(options),
  /** Masks the steps whose features all have one value. @see Masking */
  masking: (options?: MaskingOptions) => new Masking(options),
  /** Largest of tensors, element by element. @see Maximum */
  maximum: (options?: MergeOptions) => new Maximum(options),
  /** Smallest of tensors, element by element. @see Minimum */
  minimum: (options?: MergeOptions) => new Minimum(options),
  /** Several heads of scaled attention, with projections. @see MultiHeadAttention */
  multiHeadAttention: (options: MultiHeadAttentionOptions) => new MultiHeadAttention(options),
  /** Product of tensors, element by element. @see Multiply */
  multiply: (options?: MergeOptions) => new Multiply(options),
  /** Repeats a vector over time. @see RepeatVector */
  repeatVector: (options: RepeatVectorOptions) => new RepeatVector(options),
  /** The same elements under another shape. @see Reshape */
  reshape: (options: ReshapeOptions) => new Reshape(options),
  /** Runs any cell, or a stack of cells, over time. @see RNN */
  rnn: (options: RNNOptions) => new RNN(options),
  /** Simple (Elman) network over time. @see SimpleRNN */
  simpleRNN: (options: SimpleRNNOptions) => new SimpleRNN(options),
  /** One step of a simple network. @see SimpleRNNCell */
  simpleRNNCell: (options: SimpleRNNCellOptions) => new SimpleRNNCell(options),
  /** Several cells as one. @see StackedRNNCells */
  stackedRNNCells: (options: StackedRNNCellsOptions) => new StackedRNNCells(options),
  /** One tensor minus another. @see Subtract */
  subtract: (options?: MergeOptions) => new Subtract(options),
  /** Applies a layer to every step. @see TimeDistributed */
  timeDistributed: (options: TimeDistributedOptions) => new TimeDistributed(options),
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
  Add,
  AdditiveAttention,
  type AdditiveAttentionOptions,
  Attention,
  type AttentionOptions,
  Average,
  Bidirectional,
  type BidirectionalOptions,
  Concatenate,
  type ConcatenateOptions,
  Dense,
  type DenseOptions,
  Dot,
  type DotOptions,
  Dropout,
  type DropoutOptions,
  Embedding,
  type EmbeddingOptions,
  Flatten,
  type FlattenOptions,
  GRU,
  GRUCell,
  type GRUCellOptions,
  type GRUOptions,
  LSTM,
  LSTMCell,
  type LSTMCellOptions,
  type LSTMOptions,
  Masking,
  type MaskingOptions,
  Maximum,
  type MergeOptions,
  Minimum,
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
  Multiply,
  RepeatVector,
  type RepeatVectorOptions,
  Reshape,
  type ReshapeOptions,
  RNN,
  type RNNOptions,
  SimpleRNN,
  SimpleRNNCell,
  type SimpleRNNCellOptions,
  type SimpleRNNOptions,
  StackedRNNCells,
  type StackedRNNCellsOptions,
  Subtract,
  TimeDistributed,
  type TimeDistributedOptions,
};
