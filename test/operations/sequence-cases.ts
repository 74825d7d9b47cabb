import { noGrad } from "../../src/autograd/index.js";
import { recordOn, Tape } from "../../src/autograd/tape.js";
import { opCodes } from "../../src/backend/kernels.js";
import type { AttentionOperand } from "../../src/tensor/forward/attention.js";
import { run } from "../../src/tensor/run.js";
import type { Shape } from "../../src/tensor/shape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { floats, type Input, type OperationCase, operation, positive } from "./inputs.js";

/** Inputs of a recurrence: batch 2, time 3, inputs 2, units 3. */
function recurrentInputs(gates: number, names: readonly string[], biasShape: Shape = [3 * gates]) {
  const shapes: Record<string, Input> = {
    x: floats([2, 3, 2]),
    kernel: floats([2, 3 * gates]),
    recurrent: floats([3, 3 * gates]),
    bias: floats(biasShape),
    h0: floats([2, 3]),
    c0: floats([2, 3]),
    mask: { dtype: "bool", shape: [2, 3], data: [1, 1, 0, 0, 1, 1] },
  };
  return names.map((name) => shapes[name]!);
}

const plain = ["x", "kernel", "recurrent"] as const;
const full = ["x", "kernel", "recurrent", "bias", "h0", "mask"] as const;
const fullLstm = ["x", "kernel", "recurrent", "bias", "h0", "c0", "mask"] as const;
const flags = { sequences: true, goBackwards: false, zeroOutputForMask: false };
const otherFlags = { sequences: false, goBackwards: true, zeroOutputForMask: true };

const recurrentCases: readonly OperationCase[] = [
  ...opCodes.activation.map((activation) =>
    // The preactivations lie well above 0, where relu is smooth.
    operation(
      "recurrent",
      [floats([2, 3, 2], [[0.1, 0.5]]), floats([2, 3], [[0.1, 0.5]]), floats([3, 3], [[0.1, 0.5]])],
      { cell: { kind: "rnn", activation }, operands: plain, ...flags },
      { firstOrderOnly: true },
    ),
  ),
  operation(
    "recurrent",
    recurrentInputs(1, full),
    { cell: { kind: "rnn", activation: "tanh" }, operands: full, ...otherFlags },
    { firstOrderOnly: true },
  ),
  operation(
    "recurrent",
    recurrentInputs(4, plain),
    { cell: { kind: "lstm" }, operands: plain, ...flags },
    { firstOrderOnly: true },
  ),
  operation(
    "recurrent",
    recurrentInputs(4, fullLstm),
    { cell: { kind: "lstm" }, operands: fullLstm, ...otherFlags },
    { firstOrderOnly: true },
  ),
  ...[true, false].flatMap((resetAfter) => [
    operation(
      "recurrent",
      recurrentInputs(3, plain),
      { cell: { kind: "gru", resetAfter }, operands: plain, ...flags },
      { firstOrderOnly: true },
    ),
    operation(
      "recurrent",
      recurrentInputs(3, full, resetAfter ? [2, 9] : [9]),
      { cell: { kind: "gru", resetAfter }, operands: full, ...otherFlags },
      { firstOrderOnly: true },
    ),
  ]),
];

/** Inputs of attention: batch 2, 3 queries, 4 keys, sizes 2 and 3. */
function attentionInputs(heads: number, keyHeads: number, names: readonly AttentionOperand[]) {
  const shapes: Record<AttentionOperand, Input> = {
    query: floats([2, 3, heads, 2]),
    key: floats([2, 4, keyHeads, 2]),
    value: floats([2, 4, keyHeads, 3]),
    keyMask: { dtype: "bool", shape: [2, 4], data: [1, 0, 1, 1, 0, 1, 0, 0] },
    queryMask: { dtype: "bool", shape: [2, 3], data: [1, 1, 0, 1, 1, 1] },
    slopes: floats([heads], positive),
  };
  return names.map((name) => shapes[name]);
}

const attentionPlain = ["query", "key", "value"] as const;
const attentionMasked = [...attentionPlain, "keyMask", "queryMask"] as const;
const attentionCases: readonly OperationCase[] = [
  operation(
    "attention",
    attentionInputs(2, 2, attentionPlain),
    { operands: attentionPlain, scale: 0.7, causal: false },
    { firstOrderOnly: true },
  ),
  operation(
    "attention",
    attentionInputs(1, 1, attentionPlain),
    { operands: attentionPlain, scale: 1, causal: true },
    { firstOrderOnly: true },
  ),
  operation(
    "attention",
    attentionInputs(4, 2, attentionMasked),
    { operands: attentionMasked, scale: 0.7, causal: true },
    { firstOrderOnly: true },
  ),
];

/** Cases for operations over whole sequences. */
export const sequenceCases = {
  recurrent: recurrentCases,
  recurrentGrad: [
    {
      label: "recurrentGrad of an LSTM's last output",
      inputs: recurrentInputs(4, plain),
      firstOrderOnly: true,
      call: (tensors) => {
        const attributes = { cell: { kind: "lstm" as const }, operands: plain, ...flags, sequences: false };
        // Only a recorded forward keeps what backward needs.
        const tape = new Tape(new Set());
        tape.watch(...tensors);
        const [y] = recordOn(tape, () => run("recurrent", tensors, attributes));
        return noGrad(() => tape.gradient([y!], tensors) as Tensor[]);
      },
    },
  ],
  attention: attentionCases,
  attentionGrad: [
    {
      label: "attentionGrad",
      inputs: attentionInputs(2, 1, attentionMasked),
      firstOrderOnly: true,
      call: (tensors) => {
        const attributes = { operands: attentionMasked, scale: 0.7, causal: false };
        const sources = tensors.slice(0, 3);
        const tape = new Tape(new Set());
        tape.watch(...sources);
        const [y] = recordOn(tape, () => run("attention", tensors, attributes));
        return noGrad(() => tape.gradient([y!], sources) as Tensor[]);
      },
    },
  ],
} satisfies Readonly<Record<string, readonly OperationCase[]>>;
