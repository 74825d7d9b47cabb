import { customGrad, noGrad } from "../../src/autograd/index.js";
import { rematerialize } from "../../src/autograd/rematerialize.js";
import { recordOn, Tape } from "../../src/autograd/tape.js";
import { type OpCode, opCodes } from "../../src/backend/kernels.js";
import type { OperationName } from "../../src/tensor/forward/table.js";
import { mul, square } from "../../src/tensor/ops/index.js";
import { run } from "../../src/tensor/run.js";
import type { Shape } from "../../src/tensor/shape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import {
  anywhere,
  apart,
  betweenWholes,
  bools,
  type Domain,
  floats,
  type Input,
  ints,
  notZero,
  type OperationCase,
  operation,
  positive,
} from "./inputs.js";
import { sequenceCases } from "./sequence-cases.js";

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
  ...sequenceCases,
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
  layerNorm: [
    operation("layerNorm", [floats([2, 4]), floats([4], positive), floats([4])], { epsilon: 0.1 }),
    operation("layerNorm", [floats([2, 2, 3]), floats([3], positive), floats([3])], { epsilon: 0.01 }),
    operation("layerNorm", [floats([0, 3]), floats([3]), floats([3])], { epsilon: 0.1 }),
  ],
  layerNormGrad: [
    {
      label: "layerNormGrad",
      inputs: [floats([2, 3]), floats([3], positive), floats([3])],
      firstOrderOnly: true,
      call: (tensors) => {
        const tape = new Tape(new Set());
        tape.watch(...tensors);
        const [y] = recordOn(tape, () => run("layerNorm", tensors, { epsilon: 0.1 }));
        return noGrad(() => tape.gradient([y!], tensors) as Tensor[]);
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
