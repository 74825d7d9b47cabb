import { AdditiveAttention, Attention } from "./attention/attention.js";
import { MultiHeadAttention } from "./attention/multi-head-attention.js";
import { ActivationLayer as Activation } from "./core/activation.js";
import { Concatenate } from "./core/concatenate.js";
import { Dense } from "./core/dense.js";
import { Dot } from "./core/dot.js";
import { Dropout } from "./core/dropout.js";
import { Embedding } from "./core/embedding.js";
import { Flatten } from "./core/flatten.js";
import { Masking } from "./core/masking.js";
import { Add, Average, Maximum, Minimum, Multiply, Subtract } from "./core/merge.js";
import { RepeatVector } from "./core/repeat-vector.js";
import { Reshape } from "./core/reshape.js";
import { TimeDistributed } from "./core/time-distributed.js";
import { Bidirectional } from "./recurrent/bidirectional.js";
import { GRU } from "./recurrent/gru.js";
import { GRUCell } from "./recurrent/gru-cell.js";
import { LSTM } from "./recurrent/lstm.js";
import { LSTMCell } from "./recurrent/lstm-cell.js";
import { RNN } from "./recurrent/rnn.js";
import { SimpleRNN } from "./recurrent/simple-rnn.js";
import { SimpleRNNCell } from "./recurrent/simple-rnn-cell.js";
import { StackedRNNCells } from "./recurrent/stacked-cells.js";

/** Every layer by className. A new layer needs a row here and a factory in index.ts; the compiler and the tests insist. */
export const layerTable = {
  Activation,
  Add,
  AdditiveAttention,
  Attention,
  Average,
  Bidirectional,
  Concatenate,
  Dense,
  Dot,
  Dropout,
  Embedding,
  Flatten,
  GRU,
  LSTM,
  Masking,
  Maximum,
  Minimum,
  MultiHeadAttention,
  Multiply,
  RNN,
  RepeatVector,
  Reshape,
  SimpleRNN,
  Subtract,
  TimeDistributed,
};

/** Every cell by className. */
export const cellTable = {
  GRUCell,
  LSTMCell,
  SimpleRNNCell,
  StackedRNNCells,
};

/** className -> name of the factory: LSTM -> lstm, RNN -> rnn, SimpleRNN -> simpleRNN, GRUCell -> gruCell. */
export type FactoryName<N extends string> = N extends `${Acronym}${infer Rest}`
  ? N extends `${infer Short extends Acronym}${Rest}`
    ? `${Lowercase<Short>}${Rest}`
    : never
  : Uncapitalize<N>;

type Acronym = "LSTM" | "GRU" | "RNN";

type Table = typeof layerTable & typeof cellTable;

/** One factory per row: from the constructor's options to the layer. */
export type Factories = {
  readonly [N in keyof Table as FactoryName<N>]: (
    ...options: ConstructorParameters<Table[N]>
  ) => InstanceType<Table[N]>;
};
