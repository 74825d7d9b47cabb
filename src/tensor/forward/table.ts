import type { Tensor } from "../tensor.js";
import { attention, attentionGrad } from "./attention.js";
import { custom } from "./custom.js";
import { binary, binaryInt, cast, classify, clip, clipGrad, compare, select, unary, unaryInt } from "./elementwise.js";
import { gather, oneHot, pick, pickAdd, scatterAdd, topK } from "./indexing.js";
import { matMul } from "./matmul.js";
import { broadcastTo, concat, pad, reshape, slice, split, transpose } from "./movement.js";
import { recurrent, recurrentGrad } from "./recurrent.js";
import { argReduce, cumulativeSum, reduce, reduceInt } from "./reduce.js";
import { rematerialized } from "./rematerialized.js";
import {
  logSoftmax,
  logSoftmaxGrad,
  softmax,
  softmaxGrad,
  sparseCrossEntropy,
  sparseCrossEntropyGrad,
} from "./softmax.js";

/**
 * The forward half of an operation: already checked inputs in, fresh tensors out.
 * `keep` says that a gradient will be asked for, so that `saved` must hold what backward needs.
 */
export type Forward<A> = (
  inputs: readonly Tensor[],
  attributes: A,
  keep: boolean,
) => { outputs: readonly Tensor[]; saved?: readonly Tensor[] };

/** Every differentiable or recordable operation. A row here needs a row in autograd's rule table: the compiler insists. */
export const forwardTable = {
  unary,
  unaryInt,
  classify,
  binary,
  binaryInt,
  compare,
  select,
  clip,
  clipGrad,
  cast,
  reduce,
  reduceInt,
  argReduce,
  cumulativeSum,
  matMul,
  reshape,
  transpose,
  broadcastTo,
  slice,
  pad,
  concat,
  split,
  gather,
  scatterAdd,
  pick,
  pickAdd,
  oneHot,
  topK,
  softmax,
  softmaxGrad,
  logSoftmax,
  logSoftmaxGrad,
  sparseCrossEntropy,
  sparseCrossEntropyGrad,
  recurrent,
  recurrentGrad,
  attention,
  attentionGrad,
  rematerialized,
  custom,
} satisfies Record<string, Forward<never>>;

export type OperationName = keyof typeof forwardTable;
export type AttributesOf<K extends OperationName> = (typeof forwardTable)[K] extends Forward<infer A> ? A : never;
