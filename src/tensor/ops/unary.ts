import type { OpCode } from "../../backend/kernels.js";
import { run1 } from "../run.js";
import type { Tensor, TensorLike } from "../tensor.js";
import { float, number } from "./operands.js";

/** Element by element, same shape, always float32. */
function unary(op: OpCode<"unary">, x: TensorLike): Tensor {
  return run1("unary", [float(x)], { op });
}

/** Element by element, same shape; int32 stays int32. */
function unaryKeepingType(op: "neg" | "abs" | "sign" | "square", x: TensorLike): Tensor {
  const t = number(x);
  return t.dtype === "int32" ? run1("unaryInt", [t], { op }) : run1("unary", [t], { op });
}

/** -x @example neg([1, -2]) // [-1, 2] */
export function neg(x: TensorLike): Tensor {
  return unaryKeepingType("neg", x);
}
/** |x| @example abs([1, -2]) // [1, 2] */
export function abs(x: TensorLike): Tensor {
  return unaryKeepingType("abs", x);
}
/** -1, 0 or 1. @example sign([3, 0, -2]) // [1, 0, -1] */
export function sign(x: TensorLike): Tensor {
  return unaryKeepingType("sign", x);
}
/** x² @example square([3, -2]) // [9, 4] */
export function square(x: TensorLike): Tensor {
  return unaryKeepingType("square", x);
}
/** e to the power of x. @example exp([0, 1]) // [1, 2.71828] */
export function exp(x: TensorLike): Tensor {
  return unary("exp", x);
}
/** exp(x) - 1, accurate near 0. @example expm1([0, 1]) // [0, 1.71828] */
export function expm1(x: TensorLike): Tensor {
  return unary("expm1", x);
}
/** Natural logarithm; -Infinity at 0, NaN below. @example log([1, 10]) // [0, 2.30259] */
export function log(x: TensorLike): Tensor {
  return unary("log", x);
}
/** log(1 + x), accurate near 0. @example log1p([0, 1]) // [0, 0.69315] */
export function log1p(x: TensorLike): Tensor {
  return unary("log1p", x);
}
/** Square root; NaN below 0. @example sqrt([4, 9]) // [2, 3] */
export function sqrt(x: TensorLike): Tensor {
  return unary("sqrt", x);
}
/** 1 / sqrt(x) @example rsqrt([4, 16]) // [0.5, 0.25] */
export function rsqrt(x: TensorLike): Tensor {
  return unary("rsqrt", x);
}
/** 1 / x @example reciprocal([2, 4]) // [0.5, 0.25] */
export function reciprocal(x: TensorLike): Tensor {
  return unary("reciprocal", x);
}
/** Sine of x radians. @example sin([0, Math.PI / 2]) // [0, 1] */
export function sin(x: TensorLike): Tensor {
  return unary("sin", x);
}
/** Cosine of x radians. @example cos([0, Math.PI]) // [1, -1] */
export function cos(x: TensorLike): Tensor {
  return unary("cos", x);
}
/** Hyperbolic tangent. @example tanh([0, 1]) // [0, 0.76159] */
export function tanh(x: TensorLike): Tensor {
  return unary("tanh", x);
}
/** 1 / (1 + exp(-x)) @example sigmoid([0, 2]) // [0.5, 0.8808] */
export function sigmoid(x: TensorLike): Tensor {
  return unary("sigmoid", x);
}
/**
 * clip(x / 6 + 0.5, 0, 1), as in Keras 3 (Keras 2 and TF.js used 0.2 x + 0.5).
 *
 * @example hardSigmoid([-4, 0, 1.5]) // [0, 0.5, 0.75]
 */
export function hardSigmoid(x: TensorLike): Tensor {
  return unary("hardSigmoid", x);
}
/** max(x, 0), with gradient 0 at 0. @example relu([-1, 2]) // [0, 2] */
export function relu(x: TensorLike): Tensor {
  return unary("relu", x);
}
/** log(1 + exp(x)), without overflow. @example softplus([0, 1]) // [0.69315, 1.31326] */
export function softplus(x: TensorLike): Tensor {
  return unary("softplus", x);
}
/** x / (1 + |x|) @example softsign([-1, 3]) // [-0.5, 0.75] */
export function softsign(x: TensorLike): Tensor {
  return unary("softsign", x);
}
/** x above 0, exp(x) - 1 below. @example elu([-1, 2]) // [-0.63212, 2] */
export function elu(x: TensorLike): Tensor {
  return unary("elu", x);
}
/** x · Φ(x) with the normal distribution function Φ (exact, by erf). @example gelu([-1, 2]) // [-0.15866, 1.9545] */
export function gelu(x: TensorLike): Tensor {
  return unary("gelu", x);
}
/** x · sigmoid(x), also called swish. @example silu([0, 2]) // [0, 1.76159] */
export function silu(x: TensorLike): Tensor {
  return unary("silu", x);
}
/** Error function. @example erf([0, 1]) // [0, 0.8427] */
export function erf(x: TensorLike): Tensor {
  return unary("erf", x);
}
/** Largest whole number not above x, as float32. @example floor([1.5, -1.5]) // [1, -2] */
export function floor(x: TensorLike): Tensor {
  return unary("floor", x);
}
/** Smallest whole number not below x, as float32. @example ceil([1.5, -1.5]) // [2, -1] */
export function ceil(x: TensorLike): Tensor {
  return unary("ceil", x);
}
/**
 * Nearest whole number, halves to the even one as in numpy, as float32.
 *
 * @example round([0.5, 1.5, 2.6]) // [0, 2, 3]
 */
export function round(x: TensorLike): Tensor {
  return unary("round", x);
}
