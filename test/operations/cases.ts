import { customGrad, noGrad } from "../../src/autograd/index.js";
import { rematerialize } from "../../src/autograd/rematerialize.js";
import { recordOn, Tape } from "../../src/autograd/tape.js";
import { type OpCode, opCodes } from "../../src/backend/kernels.js";
import type { AttentionOperand } from "../../src/tensor/forward/attention.js";
import type { AttributesOf, OperationName } from "../../src/tensor/forward/table.js";
import { mul, square } from "../../src/tensor/ops/index.js";
import { run } from "../../src/tensor/run.js";
import type { DType, Shape } from "../../src/tensor/shape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { Source } from "../parity/inputs.js";

/** A tensor to be made on whichever backend the test runs. */
export interface Input {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/** One way to call an operation. Every float32 input is differentiated. */
export interface OperationCase {
  readonly label: string;
  readonly inputs: readonly Input[];
  readonly call: (inputs: readonly Tensor[]) => readonly Tensor[];
  /** Backward calls a kernel that has no gradient itself. */
  readonly firstOrderOnly?: boolean;
}

const source = new Source(20);
const size = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** Where a function is smooth: intervals to draw from. Derivatives are checked numerically, so kinks are kept away from. */
type Domain = readonly (readonly [low: number, high: number])[];
const anywhere: Domain = [[-1.5, 1.5]];
const positive: Domain = [[0.4, 2]];
const notZero: Domain = [
  [-2, -0.4],
  [0.4, 2],
];
const betweenWholes: Domain = [
  [-1.8, -1.2],
  [0.2, 0.8],
  [1.2, 1.8],
];

function floats(shape: Shape, domain: Domain = anywhere): Input {
  const data = Float32Array.from({ length: size(shape) }, (_, i) => {
    const [low, high] = domain[i % domain.length]!;
    return low + (high - low) * source.next();
  });
  return { dtype: "float32", shape, data };
}

/** Different values at least `gap` apart in random order, for operations that compare elements. */
function apart(shape: Shape, gap = 0.2): Input {
  const order = Array.from({ length: size(shape) }, (_, i) => ({ i, key: source.next() })).sort(
    (a, b) => a.key - b.key,
  );
  const data = new Float32Array(order.length);
  order.forEach(({ i }, rank) => {
    data[i] = (rank - order.length / 2) * gap;
  });
  return { dtype: "float32", shape, data };
}

function ints(shape: Shape, low: number, high: number): Input {
  return { dtype: "int32", shape, data: source.ints(size(shape), low, high) };
}

function bools(shape: Shape): Input {
  return { dtype: "bool", shape, data: source.ints(size(shape), 0, 2) };
}

function operation<K extends OperationName>(
  name: K,
  inputs: readonly Input[],
  attributes: AttributesOf<K>,
  more: { firstOrderOnly?: boolean } = {},
): OperationCase {
  const shapes = inputs.map((i) => `${i.dtype} [${i.shape}]`).join(", ");
  const label = `${name} ${JSON.stringify(attributes)} of ${shapes}`;
  return { label, inputs, call: (tensors) => run(name, tensors, attributes), ...more };
}

const unaryDomains: { readonly [K in OpCode<"unary">]: Domain } = {
  neg: anywhere,
  abs: notZero,
  sign: notZero,
  exp: anywhere,
  expm1: anywhere,
  log: positive,
  log1p: positive,
  sqrt: positive,
  rsqrt: positive,
  square: anywhere,
  reciprocal: notZero,
  sin: anywhere,
  cos: anywhere,
  tanh: anywhere,
  sigmoid: anywhere,
  hardSigmoid: [
    [-2.5, 2.5],
    [-5, -3.5],
    [3.5, 5],
  ],
  relu: notZero,
  softplus: [[-3, 3]],
  softsign: notZero,
  elu: notZero,
  gelu: [[-2, 2]],
  silu: [[-3, 3]],
  erf: anywhere,
  floor: betweenWholes,
  ceil: betweenWholes,
  round: [
    [-1.3, -0.7],
    [0.7, 1.3],
  ],
};

/** Domains of a and b; the results must not come near a kink either. */
const binaryDomains: { readonly [K in OpCode<"binary">]: readonly [Domain, Domain] } = {
  add: [anywhere, anywhere],
  sub: [anywhere, anywhere],
  mul: [anywhere, anywhere],
  div: [anywhere, notZero],
  pow: [positive, anywhere],
  maximum: [
    [[1, 2]],
    [
      [-2, 0],
      [3, 4],
    ],
  ],
  minimum: [
    [[1, 2]],
    [
      [-2, 0],
      [3, 4],
    ],
  ],
  mod: [
    [
      [1.2, 1.8],
      [-1.8, -1.2],
    ],
    [[0.95, 1.05]],
  ],
  floorDiv: [
    [
      [1.2, 1.8],
      [-1.8, -1.2],
    ],
    [[0.95, 1.05]],
  ],
  squaredDifference: [anywhere, anywhere],
  tanhGrad: [[[-0.9, 0.9]], anywhere],
  sigmoidGrad: [[[0.1, 0.9]], anywhere],
  reluGrad: [notZero, anywhere],
  geluGrad: [anywhere, anywhere],
  siluGrad: [anywhere, anywhere],
  softplusGrad: [anywhere, anywhere],
  eluGrad: [notZero, anywhere],
};

/** Pairs of shapes: equal, broadcast from either side, from both, scalars, nothing at all. */
const pairs: readonly (readonly [Shape, Shape])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [
    [1, 3],
    [2, 3],
  ],
  [
    [2, 1, 2],
    [3, 1],
  ],
  [[], [2, 2]],
  [[0, 2], [2]],
];

const matMulShapes: readonly (readonly [Shape, Shape, boolean, boolean])[] = [
  [[2, 3], [3, 4], false, false],
  [[3, 2], [3, 4], true, false],
  [[2, 3], [4, 3], false, true],
  [[3, 2], [4, 3], true, true],
  [[2, 2, 3], [3, 2], false, false],
  [[2, 2, 3], [2, 3], false, true],
  [[2, 3, 2], [3, 2], true, false],
  [[2, 3, 2], [2, 3], true, true],
  [[2, 3], [2, 3, 2], false, false],
  [[3, 2], [2, 2, 3], true, true],
  [[2, 2, 3], [2, 3, 2], false, false],
  [[2, 3, 2], [2, 2, 3], true, true],
  [[2, 0], [0, 3], false, false],
  [[0, 3], [3, 2], false, false],
];

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

const logits = floats([3, 4]);
const classes: Input = { dtype: "int32", shape: [3], data: [2, 0, 3] };

/** Cases for every operation; the compiler insists that none is forgotten. */
export const operationCases: { readonly [K in OperationName]: readonly OperationCase[] } = {
  unary: opCodes.unary.flatMap((op) => [
    operation("unary", [floats([2, 4], unaryDomains[op])], { op }),
    operation("unary", [floats([], unaryDomains[op])], { op }),
  ]),
  unaryInt: opCodes.unaryInt.map((op) => operation("unaryInt", [ints([2, 5], -3, 4)], { op })),
  classify: opCodes.classify.flatMap((op) => [
    operation("classify", [floats([3])], { op }),
    operation("classify", [{ dtype: "float32", shape: [4], data: [1, -Infinity, Number.NaN, Infinity] }], { op }),
  ]),
  binary: opCodes.binary.flatMap((op) =>
    pairs.map(([a, b]) => {
      const [domainA, domainB] = binaryDomains[op];
      return operation("binary", [floats(a, domainA), floats(b, domainB)], { op });
    }),
  ),
  binaryInt: opCodes.binaryInt.flatMap((op) =>
    pairs.map(([a, b]) =>
      op.startsWith("logical")
        ? operation("binaryInt", [bools(a), bools(b)], { op })
        : operation("binaryInt", [ints(a, -5, 6), ints(b, -2, 3)], { op }),
    ),
  ),
  compare: opCodes.compare.flatMap((op) => [
    ...pairs.map(([a, b]) => operation("compare", [ints(a, 0, 3), ints(b, 0, 3)], { op })),
    ...pairs.map(([a, b]) => operation("compare", [floats(a), floats(b)], { op })),
  ]),
  select: [
    operation("select", [bools([2, 4]), floats([2, 4]), floats([2, 4])], {}),
    operation("select", [bools([5]), ints([5], 0, 9), ints([5], 0, 9)], {}),
  ],
  clip: [
    operation(
      "clip",
      [
        floats(
          [7],
          [
            [-0.8, 0.8],
            [1.2, 3],
            [-3, -1.2],
          ],
        ),
      ],
      { low: -1, high: 1 },
    ),
  ],
  clipGrad: [
    operation(
      "clipGrad",
      [
        floats(
          [7],
          [
            [-0.8, 0.8],
            [1.2, 3],
            [-3, -1.2],
          ],
        ),
        floats([7]),
      ],
      { low: -1, high: 1 },
    ),
  ],
  cast: [
    operation("cast", [floats([6], betweenWholes)], { dtype: "int32" }),
    operation("cast", [floats([6])], { dtype: "bool" }),
    operation("cast", [ints([6], -3, 4)], { dtype: "float32" }),
    operation("cast", [ints([6], -1, 2)], { dtype: "bool" }),
    operation("cast", [bools([6])], { dtype: "float32" }),
    operation("cast", [bools([6])], { dtype: "int32" }),
  ],
  reduce: opCodes.reduce.flatMap((op) =>
    [
      { axis: 0, count: 3 },
      { axis: 0, count: 1 },
      { axis: 1, count: 1 },
      { axis: 2, count: 1 },
      { axis: 1, count: 2 },
      { axis: 0, count: 0 },
    ].map((axes) => operation("reduce", [apart([2, 3, 2])], { op, ...axes })),
  ),
  reduceInt: opCodes.reduceInt.flatMap((op) =>
    [
      { axis: 0, count: 2 },
      { axis: 0, count: 1 },
      { axis: 1, count: 1 },
    ].map((axes) => operation("reduceInt", [ints([3, 4], -4, 5)], { op, ...axes })),
  ),
  argReduce: opCodes.argReduce.flatMap((op) => [
    operation("argReduce", [apart([3, 4])], { op, axis: 0 }),
    operation("argReduce", [apart([3, 4])], { op, axis: 1 }),
  ]),
  cumulativeSum: [true, false].flatMap((exclusive) =>
    [true, false].flatMap((reverse) =>
      [0, 1, 2].map((axis) => operation("cumulativeSum", [floats([2, 3, 2])], { axis, exclusive, reverse })),
    ),
  ),
  matMul: matMulShapes.map(([a, b, transposeA, transposeB]) =>
    operation("matMul", [floats(a), floats(b)], { transposeA, transposeB }),
  ),
  reshape: [
    operation("reshape", [floats([2, 3])], { shape: [3, 1, 2] }),
    operation("reshape", [floats([1])], { shape: [] }),
    operation("reshape", [ints([4], 0, 9)], { shape: [2, 2] }),
  ],
  transpose: [
    operation("transpose", [floats([2, 3])], { perm: [1, 0] }),
    operation("transpose", [floats([2, 3, 4])], { perm: [2, 0, 1] }),
    operation("transpose", [floats([2, 1, 3, 2])], { perm: [3, 1, 0, 2] }),
    operation("transpose", [ints([2, 3], 0, 9)], { perm: [1, 0] }),
  ],
  broadcastTo: [
    operation("broadcastTo", [floats([])], { shape: [2, 3] }),
    operation("broadcastTo", [floats([3])], { shape: [2, 3] }),
    operation("broadcastTo", [floats([2, 1, 3])], { shape: [2, 2, 2, 3] }),
    operation("broadcastTo", [floats([2, 2])], { shape: [2, 2] }),
    operation("broadcastTo", [floats([1, 2])], { shape: [0, 2] }),
  ],
  slice: [
    operation("slice", [floats([5])], { begin: [1], size: [3], step: [1] }),
    operation("slice", [floats([3, 4])], { begin: [0, 3], size: [2, 2], step: [2, -1] }),
    operation("slice", [floats([2, 3, 2])], { begin: [1, 2, 0], size: [2, 3, 2], step: [-1, -1, 1] }),
    operation("slice", [floats([2, 3])], { begin: [1, 1], size: [0, 2], step: [1, 1] }),
    operation("slice", [ints([5], 0, 9)], { begin: [4], size: [5], step: [-1] }),
  ],
  pad: [
    operation("pad", [floats([3])], { begin: [2], step: [1], shape: [6], value: 0.5 }),
    operation("pad", [floats([2, 2])], { begin: [3, 0], step: [-2, 2], shape: [4, 3], value: -1 }),
    operation("pad", [floats([0, 2])], { begin: [0, 0], step: [1, 1], shape: [2, 2], value: 1 }),
    operation("pad", [ints([3], 0, 9)], { begin: [1], step: [1], shape: [5], value: 7 }),
  ],
  concat: [
    operation("concat", [floats([2]), floats([3])], { axis: 0 }),
    operation("concat", [floats([2, 1, 2]), floats([2, 3, 2]), floats([2, 0, 2])], { axis: 1 }),
    operation("concat", [floats([2, 2]), floats([2, 3])], { axis: 1 }),
    operation("concat", [ints([2], 0, 9), ints([1], 0, 9)], { axis: 0 }),
  ],
  split: [
    operation("split", [floats([5])], { axis: 0, sizes: [2, 0, 3] }),
    operation("split", [floats([2, 4, 3])], { axis: 1, sizes: [1, 1, 1, 1] }),
    operation("split", [floats([2, 3])], { axis: 1, sizes: [3] }),
    operation("split", [ints([4], 0, 9)], { axis: 0, sizes: [1, 3] }),
  ],
  gather: [
    operation("gather", [floats([4, 2]), ints([3], 0, 4)], { axis: 0 }),
    operation("gather", [floats([2, 4, 2]), ints([2, 3], 0, 4)], { axis: 1 }),
    operation("gather", [floats([2, 3]), ints([4], 0, 3)], { axis: 1 }),
    operation("gather", [floats([2, 3]), ints([], 0, 2)], { axis: 0 }),
    operation("gather", [floats([2, 3]), ints([0], 0, 2)], { axis: 0 }),
    operation("gather", [ints([5], 0, 9), ints([3], 0, 5)], { axis: 0 }),
  ],
  scatterAdd: [
    operation("scatterAdd", [ints([3], 0, 4), floats([3, 2])], { axis: 0, n: 4 }),
    operation("scatterAdd", [ints([2, 2], 0, 3), floats([2, 2, 2, 2])], { axis: 1, n: 3 }),
    operation("scatterAdd", [ints([0], 0, 1), floats([0, 2])], { axis: 0, n: 3 }),
  ],
  pick: [
    operation("pick", [floats([3, 4]), ints([3, 2], 0, 4)], {}),
    operation("pick", [floats([2, 2, 3]), ints([2, 2, 1], 0, 3)], {}),
    operation("pick", [floats([4]), ints([6], 0, 4)], {}),
  ],
  pickAdd: [
    operation("pickAdd", [ints([3, 2], 0, 4), floats([3, 2])], { n: 4 }),
    operation("pickAdd", [ints([6], 0, 3), floats([6])], { n: 3 }),
  ],
  oneHot: [operation("oneHot", [ints([2, 3], -1, 5)], { depth: 4, on: 2, off: -1 })],
  topK: [operation("topK", [apart([3, 5])], { k: 2 }), operation("topK", [apart([4])], { k: 4 })],
  softmax: [operation("softmax", [floats([3, 4])], {}), operation("softmax", [floats([5])], {})],
  softmaxGrad: [operation("softmaxGrad", [floats([3, 4]), floats([3, 4])], {})],
  logSoftmax: [operation("logSoftmax", [floats([3, 4])], {}), operation("logSoftmax", [floats([2, 2, 3])], {})],
  logSoftmaxGrad: [operation("logSoftmaxGrad", [floats([3, 4]), floats([3, 4])], {})],
  sparseCrossEntropy: [operation("sparseCrossEntropy", [logits, classes], {})],
  sparseCrossEntropyGrad: [
    {
      label: "sparseCrossEntropyGrad",
      inputs: [logits, classes, floats([3])],
      // The last input is kept by forward and follows from the first, to which its gradient is credited.
      call: ([l, targets, dloss]) =>
        run("sparseCrossEntropyGrad", [l!, targets!, dloss!, noGrad(() => run("softmax", [l!], {})[0]!)], {}),
    },
  ],
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
  rematerialized: [
    {
      label: "rematerialized",
      inputs: [floats([3]), floats([3])],
      call: ([a, b]) => rematerialize(() => [mul(a!, square(b!)), square(square(a!))]),
    },
    {
      label: "rematerialized in part",
      inputs: [floats([3]), floats([3])],
      call: ([a, b]) => {
        const inner = () => rematerialize(() => [mul(square(a!), b!)]);
        return [mul(rematerialize(() => [square(inner()[0]!), square(b!)])[0]!, a!)];
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
  custom: [
    {
      label: "custom",
      inputs: [floats([3]), floats([3])],
      call: ([a, b]) => [
        customGrad((x: Tensor, y: Tensor) => ({
          value: mul(x, square(y)),
          gradFunc: (dy) => [mul(dy, square(y)), mul(dy, mul(mul(x, y), 2))],
        }))(a!, b!),
      ],
    },
  ],
};
