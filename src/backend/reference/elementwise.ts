import { type Kernels, type OpCode, opCodes } from "../kernels.js";
import { normalCdf, erf as preciseErf } from "./erf.js";
import type { Views } from "./views.js";

type ElementwiseKernels = Pick<
  Kernels,
  | "unary"
  | "unaryInt"
  | "classify"
  | "binary"
  | "binaryInt"
  | "compare"
  | "compareInt"
  | "select"
  | "clip"
  | "clipBackward"
  | "axpy"
  | "scaleInPlace"
>;

/** Math.sign, but +0 for -0. */
const sign = (x: number) => (x > 0 ? 1 : x < 0 ? -1 : x === 0 ? 0 : NaN);

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Rounds to the nearest whole number, halves to the even one (numpy, Keras). */
function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The remainder with the sign of the divisor (numpy, Python). */
function floorMod(a: number, b: number): number {
  const remainder = a % b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder;
}

/** C's pow, which differs from Math.pow where the base is 1 or -1. */
function power(a: number, b: number): number {
  if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1;
  return a ** b;
}

const unary: Record<OpCode<"unary">, (x: number) => number> = {
  neg: (x) => -x,
  abs: Math.abs,
  sign,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  sigmoid,
  hardSigmoid: (x) => Math.min(1, Math.max(0, x / 6 + 0.5)),
  relu: (x) => Math.max(x, 0), // NaN stays NaN
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), // log(1 + exp x) without overflow
  softsign: (x) => x / (1 + Math.abs(x)),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  gelu: (x) => x * normalCdf(x),
  silu: (x) => x * sigmoid(x),
  erf: preciseErf,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfToEven,
};

// Storing into an Int32Array wraps what leaves the range of int32.
const unaryInt: Record<OpCode<"unaryInt">, (x: number) => number> = {
  neg: (x) => -x,
  abs: Math.abs,
  sign,
  square: (x) => Math.imul(x, x),
  logicalNot: (x) => (x === 0 ? 1 : 0),
};

const classify: Record<OpCode<"classify">, (x: number) => boolean> = {
  isNaN: Number.isNaN,
  isInf: (x) => Math.abs(x) === Infinity,
  isFinite: Number.isFinite,
};

const binary: Record<OpCode<"binary">, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: power,
  maximum: Math.max,
  minimum: Math.min,
  mod: floorMod,
  floorDiv: (a, b) => (b === 0 ? a / b : Math.floor(a / b)),
  squaredDifference: (a, b) => (a - b) ** 2,
  tanhGrad: (y, dy) => dy * (1 - y * y),
  sigmoidGrad: (y, dy) => dy * y * (1 - y),
  reluGrad: (x, dy) => (x > 0 ? dy : 0),
  geluGrad: (x, dy) => dy * (normalCdf(x) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI)),
  siluGrad: (x, dy) => dy * sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  softplusGrad: (x, dy) => dy * sigmoid(x),
  eluGrad: (x, dy) => (x > 0 ? dy : dy * Math.exp(x)),
};

const binaryInt: Record<OpCode<"binaryInt">, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: Math.imul,
  floorDiv: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
  mod: (a, b) => (b === 0 ? 0 : floorMod(a, b)),
  maximum: Math.max,
  minimum: Math.min,
  logicalAnd: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
  logicalOr: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
  logicalXor: (a, b) => ((a !== 0) !== (b !== 0) ? 1 : 0),
};

const compare: Record<OpCode<"compare">, (a: number, b: number) => boolean> = {
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greaterEqual: (a, b) => a >= b,
};

type Elements = Float32Array | Int32Array;

/** out = f(x) */
function map(f: (x: number) => number | boolean, x: Elements, out: Elements): void {
  for (let i = 0; i < x.length; i++) out[i] = Number(f(x[i]!));
}

/** Element-wise arithmetic. */
export function elementwiseKernels(views: Views): ElementwiseKernels {
  /** out[index] = f(a[index · strides of a], b[index · strides of b]) over all indices, the last axis fastest. */
  function broadcast(
    f: (a: number, b: number) => number | boolean,
    memory: Elements,
    a: number,
    b: number,
    outMemory: Elements,
    out: number,
    dims: number,
  ): void {
    const all = views.allInts();
    const d = dims / 4;
    const rank = all[d]!;
    let position = out / 4;
    const visit = (axis: number, aAt: number, bAt: number): void => {
      if (axis === rank) {
        outMemory[position++] = Number(f(memory[aAt]!, memory[bAt]!));
        return;
      }
      const size = all[d + 1 + axis]!;
      const aStride = all[d + 1 + rank + axis]!;
      const bStride = all[d + 1 + 2 * rank + axis]!;
      for (let i = 0; i < size; i++) visit(axis + 1, aAt + i * aStride, bAt + i * bStride);
    };
    visit(0, a / 4, b / 4);
  }

  return {
    unary(op, x, out, n) {
      map(unary[opCodes.unary[op]!], views.floats(x, n), views.floats(out, n));
    },

    unaryInt(op, x, out, n) {
      map(unaryInt[opCodes.unaryInt[op]!], views.ints(x, n), views.ints(out, n));
    },

    classify(op, x, out, n) {
      map(classify[opCodes.classify[op]!], views.floats(x, n), views.ints(out, n));
    },

    binary(op, a, b, out, dims) {
      broadcast(binary[opCodes.binary[op]!], views.allFloats(), a, b, views.allFloats(), out, dims);
    },

    binaryInt(op, a, b, out, dims) {
      broadcast(binaryInt[opCodes.binaryInt[op]!], views.allInts(), a, b, views.allInts(), out, dims);
    },

    compare(op, a, b, out, dims) {
      broadcast(compare[opCodes.compare[op]!], views.allFloats(), a, b, views.allInts(), out, dims);
    },

    compareInt(op, a, b, out, dims) {
      broadcast(compare[opCodes.compare[op]!], views.allInts(), a, b, views.allInts(), out, dims);
    },

    select(condition, a, b, out, n) {
      const C = views.ints(condition, n);
      const A = views.ints(a, n);
      const B = views.ints(b, n);
      const result = views.ints(out, n);
      for (let i = 0; i < n; i++) result[i] = C[i] !== 0 ? A[i]! : B[i]!;
    },

    clip(x, out, n, low, high) {
      map((v) => Math.min(high, Math.max(low, v)), views.floats(x, n), views.floats(out, n));
    },

    clipBackward(x, dy, dx, n, low, high) {
      const X = views.floats(x, n);
      const dY = views.floats(dy, n);
      const dX = views.floats(dx, n);
      for (let i = 0; i < n; i++) dX[i] = X[i]! >= low && X[i]! <= high ? dY[i]! : 0;
    },

    axpy(alpha, x, y, n) {
      const X = views.floats(x, n);
      const Y = views.floats(y, n);
      for (let i = 0; i < n; i++) Y[i]! += alpha * X[i]!;
    },

    scaleInPlace(x, n, factor) {
      const X = views.floats(x, n);
      for (let i = 0; i < n; i++) X[i]! *= factor;
    },
  };
}
