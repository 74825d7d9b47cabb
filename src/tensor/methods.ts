import * as ops from "./ops/index.js";
import { Tensor } from "./tensor.js";

/** Operations that can also be written as methods of their first argument: `x.add(1).tanh().sum()`. */
const chained = {
  add: ops.add,
  sub: ops.sub,
  mul: ops.mul,
  div: ops.div,
  pow: ops.pow,
  maximum: ops.maximum,
  minimum: ops.minimum,
  mod: ops.mod,
  floorDiv: ops.floorDiv,
  squaredDifference: ops.squaredDifference,

  neg: ops.neg,
  abs: ops.abs,
  sign: ops.sign,
  square: ops.square,
  exp: ops.exp,
  expm1: ops.expm1,
  log: ops.log,
  log1p: ops.log1p,
  sqrt: ops.sqrt,
  rsqrt: ops.rsqrt,
  reciprocal: ops.reciprocal,
  sin: ops.sin,
  cos: ops.cos,
  tanh: ops.tanh,
  sigmoid: ops.sigmoid,
  hardSigmoid: ops.hardSigmoid,
  relu: ops.relu,
  softplus: ops.softplus,
  softsign: ops.softsign,
  elu: ops.elu,
  gelu: ops.gelu,
  silu: ops.silu,
  erf: ops.erf,
  floor: ops.floor,
  ceil: ops.ceil,
  round: ops.round,

  equal: ops.equal,
  notEqual: ops.notEqual,
  less: ops.less,
  lessEqual: ops.lessEqual,
  greater: ops.greater,
  greaterEqual: ops.greaterEqual,
  logicalAnd: ops.logicalAnd,
  logicalOr: ops.logicalOr,
  logicalXor: ops.logicalXor,
  logicalNot: ops.logicalNot,
  isNaN: ops.isNaN,
  isInf: ops.isInf,
  isFinite: ops.isFinite,
  clip: ops.clip,
  clipByValue: ops.clipByValue,
  cast: ops.cast,

  sum: ops.sum,
  mean: ops.mean,
  max: ops.max,
  min: ops.min,
  prod: ops.prod,
  logSumExp: ops.logSumExp,
  any: ops.any,
  all: ops.all,
  variance: ops.variance,
  std: ops.std,
  norm: ops.norm,
  argMax: ops.argMax,
  argMin: ops.argMin,
  cumsum: ops.cumsum,

  matMul: ops.matMul,
  dot: ops.dot,
  outer: ops.outer,

  reshape: ops.reshape,
  expandDims: ops.expandDims,
  squeeze: ops.squeeze,
  flatten: ops.flatten,
  transpose: ops.transpose,
  broadcastTo: ops.broadcastTo,
  tile: ops.tile,
  reverse: ops.reverse,
  slice: ops.slice,
  stridedSlice: ops.stridedSlice,
  split: ops.split,
  unstack: ops.unstack,
  pad: ops.pad,
  clone: ops.clone,

  gather: ops.gather,
  take: ops.take,
  pick: ops.pick,
  takeAlongAxis: ops.takeAlongAxis,
  oneHot: ops.oneHot,
  topK: ops.topK,

  softmax: ops.softmax,
  logSoftmax: ops.logSoftmax,
};

type Chained = typeof chained;
/** The same functions without their first argument, which is the tensor itself. */
type Methods = {
  [K in keyof Chained]: Chained[K] extends (x: never, ...rest: infer R) => infer Y ? (...rest: R) => Y : never;
};

declare module "./tensor.js" {
  interface Tensor extends Methods {}
}

/** Gives tensors their methods; entry points call it once. @internal */
export function addTensorMethods(): void {
  for (const [name, operation] of Object.entries(chained)) {
    const call = operation as (x: Tensor, ...rest: unknown[]) => unknown;
    Object.defineProperty(Tensor.prototype, name, {
      value(this: Tensor, ...rest: unknown[]) {
        return call(this, ...rest);
      },
      writable: true,
      configurable: true,
    });
  }
}
