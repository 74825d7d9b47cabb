import type { OpCode } from "../../backend/kernels.js";
import type { OperationName } from "../../tensor/forward/table.js";
import type { OperationRecord } from "../../tensor/run.js";
import type { Tensor } from "../../tensor/tensor.js";

/** Tensors whose elements a rule reads: inputs by position ("all" of them), and whether outputs. */
interface Reads {
  readonly inputs: readonly number[] | "all";
  readonly outputs?: boolean;
}

const nothing: Reads = { inputs: [] };
const everyInput: Reads = { inputs: "all" };
const output: Reads = { inputs: [], outputs: true };
const both: Reads = { inputs: "all", outputs: true };

const unary: { readonly [K in OpCode<"unary">]: Reads } = {
  neg: nothing,
  abs: everyInput,
  sign: nothing,
  exp: output,
  expm1: everyInput,
  log: everyInput,
  log1p: everyInput,
  sqrt: output,
  rsqrt: both,
  square: everyInput,
  reciprocal: output,
  sin: everyInput,
  cos: everyInput,
  tanh: output,
  sigmoid: output,
  hardSigmoid: everyInput,
  relu: everyInput,
  softplus: everyInput,
  softsign: everyInput,
  elu: everyInput,
  gelu: everyInput,
  silu: everyInput,
  erf: everyInput,
  floor: nothing,
  ceil: nothing,
  round: nothing,
};

type Needs = readonly boolean[];
/** Each operand is read for the gradient of the other. */
const crosswise = ([a, b]: Needs): Reads => ({ inputs: [...(b ? [0] : []), ...(a ? [1] : [])] });

function binary(op: OpCode<"binary">, needs: Needs): Reads {
  if (op === "add" || op === "sub" || op === "floorDiv") return nothing;
  if (op === "mul") return crosswise(needs);
  return op === "pow" ? both : everyInput;
}

type Row = Reads | ((attributes: never, needs: Needs) => Reads);

/** What each rule reads; a mistake here makes a gradient fail because "this tensor was already freed". */
const table: { readonly [K in OperationName]: Row } = {
  unary: ({ op }: { op: OpCode<"unary"> }) => unary[op],
  unaryInt: nothing,
  classify: nothing,
  binary: ({ op }: { op: OpCode<"binary"> }, needs: Needs) => binary(op, needs),
  binaryInt: nothing,
  compare: nothing,
  select: { inputs: [0] },
  clip: everyInput,
  clipGrad: everyInput,
  cast: nothing,
  reduce: ({ op }: { op: OpCode<"reduce"> }) => (op === "sum" || op === "mean" ? nothing : both),
  reduceInt: nothing,
  argReduce: nothing,
  cumulativeSum: nothing,
  matMul: (_attributes: object, needs: Needs) => crosswise(needs),
  reshape: nothing,
  transpose: nothing,
  broadcastTo: nothing,
  slice: nothing,
  pad: nothing,
  concat: nothing,
  split: nothing,
  gather: { inputs: [1] },
  scatterAdd: { inputs: [0] },
  pick: { inputs: [1] },
  pickAdd: { inputs: [0] },
  oneHot: nothing,
  topK: output,
  softmax: output,
  softmaxGrad: everyInput,
  logSoftmax: output,
  logSoftmaxGrad: everyInput,
  sparseCrossEntropy: { inputs: [1] },
  sparseCrossEntropyGrad: everyInput,
  attention: both,
  attentionGrad: nothing,
  recurrent: everyInput,
  recurrentGrad: everyInput,
  rematerialized: everyInput,
  custom: both,
};

/** The tensors whose elements the operation's rule will read. @internal */
export function tensorsRead(operation: OperationRecord, needs: Needs): Tensor[] {
  const row = table[operation.name];
  const { inputs, outputs } = typeof row === "function" ? row(operation.attributes as never, needs) : row;
  const read = inputs === "all" ? [...operation.inputs] : inputs.map((i) => operation.inputs[i]!);
  if (outputs) read.push(...operation.outputs);
  read.push(...operation.saved);
  return read;
}
