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

/** -x */
export function neg(x: TensorLike): Tensor {
  return unaryKeepingType("neg", x);
}
/** |x| */
export function abs(x: TensorLike): Tensor {
  return unaryKeepingType("abs", x);
}
/** -1, 0 or 1. */
export function sign(x: TensorLike): Tensor {
  return unaryKeepingType("sign", x);
}
/** x² */
export function square(x: TensorLike): Tensor {
  return unaryKeepingType("square", x);
}
/** e to the power of x. */
export function exp(x: TensorLike): Tensor {
  return unary("exp", x);
}
/** exp(x) - 1, accurate near 0. */
export function expm1(x: TensorLike): Tensor {
  return unary("expm1", x);
}
/** Natural logarithm; -Infinity at 0, NaN below. */
export function log(x: TensorLike): Tensor {
  return unary("log", x);
}
/** log(1 + x), accurate near 0. */
export function log1p(x: TensorLike): Tensor {
  return unary("log1p", x);
}
/** Square root; NaN below 0. */
export function sqrt(x: TensorLike): Tensor {
  return unary("sqrt", x);
}
/** 1 / sqrt(x) */
export function rsqrt(x: TensorLike): Tensor {
  return unary("rsqrt", x);
}
/** 1 / x */
export function reciprocal(x: TensorLike): Tensor {
  return unary("reciprocal", x);
}
/** Sine of x radians. */
export function sin(x: TensorLike): Tensor {
  return unary("sin", x);
}
/** Cosine of x radians. */
export function cos(x: TensorLike): Tensor {
  return unary("cos", x);
}
/** Hyperbolic tangent. */
export function tanh(x: TensorLike): Tensor {
  return unary("tanh", x);
}
/** 1 / (1 + exp(-x)) */
export function sigmoid(x: TensorLike): Tensor {
  return unary("sigmoid", x);
}
/** clip(x / 6 + 0.5, 0, 1), as in Keras 3 (Keras 2 and TF.js used 0.2 x + 0.5). */
export function hardSigmoid(x: TensorLike): Tensor {
  return unary("hardSigmoid", x);
}
/** max(x, 0), with gradient 0 at 0. */
export function relu(x: TensorLike): Tensor {
  return unary("relu", x);
}
/** log(1 + exp(x)), without overflow. */
export function softplus(x: TensorLike): Tensor {
  return unary("softplus", x);
}
/** x / (1 + |x|) */
export function softsign(x: TensorLike): Tensor {
  return unary("softsign", x);
}
/** x above 0, exp(x) - 1 below. */
export function elu(x: TensorLike): Tensor {
  return unary("elu", x);
}
/** x · Φ(x) with the normal distribution function Φ (exact, by erf). */
export function gelu(x: TensorLike): Tensor {
  return unary("gelu", x);
}
/** x · sigmoid(x), also called swish. */
export function silu(x: TensorLike): Tensor {
  return unary("silu", x);
}
/** Error function. */
export function erf(x: TensorLike): Tensor {
  return unary("erf", x);
}
/** Largest whole number not above x, as float32. */
export function floor(x: TensorLike): Tensor {
  return unary("floor", x);
}
/** Smallest whole number not below x, as float32. */
export function ceil(x: TensorLike): Tensor {
  return unary("ceil", x);
}
/** Nearest whole number, halves to the even one as in numpy, as float32. */
export function round(x: TensorLike): Tensor {
  return unary("round", x);
}
