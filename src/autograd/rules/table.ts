import type { AttributesOf, OperationName } from "../../tensor/forward/table.js";
import type { OperationRecord } from "../../tensor/run.js";
import type { Tensor } from "../../tensor/tensor.js";
import { attention, attentionGrad } from "./attention.js";
import { custom } from "./custom.js";
import { binary, clip, clipGradRule, select, unary } from "./elementwise.js";
import { gather, pick, pickAdd, scatterAdd, topK } from "./indexing.js";
import { matMul } from "./matmul.js";
import { broadcastTo, concat, pad, reshape, slice, split, transpose } from "./movement.js";
import { recurrent, recurrentGrad } from "./recurrent.js";
import { cumulativeSum, reduce } from "./reduce.js";
import { rematerialized } from "./rematerialized.js";
import type { Rule } from "./rule.js";
import {
  logSoftmax,
  logSoftmaxGrad,
  softmax,
  softmaxGrad,
  sparseCrossEntropy,
  sparseCrossEntropyGrad,
} from "./softmax.js";

/** One rule per operation; `null` marks an operation through which no gradient flows (an end of it is an integer). */
const rules: { readonly [K in OperationName]: Rule<AttributesOf<K>> | null } = {
  unary,
  unaryInt: null,
  classify: null,
  binary,
  binaryInt: null,
  compare: null,
  select,
  clip,
  clipGrad: clipGradRule,
  cast: null,
  reduce,
  reduceInt: null,
  argReduce: null,
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
  oneHot: null,
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
};

/** @internal */
export function gradientOf(
  operation: OperationRecord,
  dy: readonly (Tensor | null)[],
  needs: readonly boolean[],
  take: (input: number) => Tensor | null,
): readonly (Tensor | null)[] {
  const rule = rules[operation.name] as Rule<object> | null;
  if (!rule) return operation.inputs.map(() => null);
  const { inputs, outputs, saved, attributes } = operation;
  return rule({ inputs, outputs, saved, attributes, needs, take }, dy);
}
