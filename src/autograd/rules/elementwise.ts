import type { OpCode } from "../../backend/kernels.js";
import type { AttributesOf } from "../../tensor/forward/table.js";
import { add, div, floorDiv, minimum, mul, pow, sub } from "../../tensor/ops/arithmetic.js";
import { cast, equal, greater, greaterEqual, less, lessEqual, where } from "../../tensor/ops/comparison.js";
import { abs, cos, exp, log, neg, sigmoid, sign, sin, square } from "../../tensor/ops/unary.js";
import { run1 } from "../../tensor/run.js";
import type { Tensor } from "../../tensor/tensor.js";
import { sumTo } from "./broadcast.js";
import { type Rule, single } from "./rule.js";

/** Kernels that fuse a derivative with the product by dy. */
type FusedOp = Extract<OpCode<"binary">, `${string}Grad`>;
const fused = (op: FusedOp, value: Tensor, dy: Tensor) => run1("binary", [value, dy], { op });
const clipGrad = (x: Tensor, dy: Tensor, low: number, high: number) => run1("clipGrad", [x, dy], { low, high });

const step = () => null; // constant pieces: the derivative is 0 wherever it exists

/** dx from x, y and dy. */
const unaryRules: { readonly [K in OpCode<"unary">]: (x: Tensor, y: Tensor, dy: Tensor) => Tensor | null } = {
  neg: (_x, _y, dy) => neg(dy),
  abs: (x, _y, dy) => mul(dy, sign(x)),
  sign: step,
  exp: (_x, y, dy) => mul(dy, y),
  expm1: (x, _y, dy) => mul(dy, exp(x)),
  log: (x, _y, dy) => div(dy, x),
  log1p: (x, _y, dy) => div(dy, add(x, 1)),
  sqrt: (_x, y, dy) => div(mul(dy, 0.5), y),
  rsqrt: (x, y, dy) => div(mul(mul(dy, -0.5), y), x),
  square: (x, _y, dy) => mul(dy, mul(x, 2)),
  reciprocal: (_x, y, dy) => neg(mul(dy, square(y))),
  sin: (x, _y, dy) => mul(dy, cos(x)),
  cos: (x, _y, dy) => neg(mul(dy, sin(x))),
  tanh: (_x, y, dy) => fused("tanhGrad", y, dy),
  sigmoid: (_x, y, dy) => fused("sigmoidGrad", y, dy),
  hardSigmoid: (x, _y, dy) => mul(clipGrad(x, dy, -3, 3), 1 / 6),
  relu: (x, _y, dy) => fused("reluGrad", x, dy),
  softplus: (x, _y, dy) => fused("softplusGrad", x, dy),
  softsign: (x, _y, dy) => div(dy, square(add(abs(x), 1))),
  elu: (x, _y, dy) => fused("eluGrad", x, dy),
  gelu: (x, _y, dy) => fused("geluGrad", x, dy),
  silu: (x, _y, dy) => fused("siluGrad", x, dy),
  erf: (x, _y, dy) => mul(dy, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))),
  floor: step,
  ceil: step,
  round: step,
};

export const unary: Rule<AttributesOf<"unary">> = single(({ inputs, outputs, attributes }, dy) => [
  unaryRules[attributes.op](inputs[0]!, outputs[0]!, dy),
]);

type BinaryRule = {
  readonly da: (a: Tensor, b: Tensor, y: Tensor, dy: Tensor) => Tensor | null;
  readonly db: (a: Tensor, b: Tensor, y: Tensor, dy: Tensor) => Tensor | null;
};

const asFloat = (t: Tensor) => cast(t, "float32");

/** Gradients before they are summed over broadcast axes. */
const binaryRules: { readonly [K in OpCode<"binary">]: BinaryRule } = {
  add: { da: (_a, _b, _y, dy) => dy, db: (_a, _b, _y, dy) => dy },
  sub: { da: (_a, _b, _y, dy) => dy, db: (_a, _b, _y, dy) => neg(dy) },
  mul: { da: (_a, b, _y, dy) => mul(dy, b), db: (a, _b, _y, dy) => mul(dy, a) },
  div: { da: (_a, b, _y, dy) => div(dy, b), db: (a, b, _y, dy) => neg(div(mul(dy, div(a, b)), b)) },
  pow: {
    // b a^(b-1), also where b = 0: there the power must not become 0^-1.
    da: (a, b, _y, dy) => mul(dy, mul(b, pow(a, sub(where(equal(b, 0), 1, b), 1)))),
    // y log(a), which tends to 0 as a does; a negative base has no derivative in b.
    db: (a, _b, y, dy) => mul(dy, mul(y, log(where(greater(a, 0), a, 1)))),
  },
  maximum: {
    da: (a, b, _y, dy) => mul(dy, asFloat(greaterEqual(a, b))),
    db: (a, b, _y, dy) => mul(dy, asFloat(less(a, b))),
  },
  minimum: {
    da: (a, b, _y, dy) => mul(dy, asFloat(lessEqual(a, b))),
    db: (a, b, _y, dy) => mul(dy, asFloat(greater(a, b))),
  },
  mod: { da: (_a, _b, _y, dy) => dy, db: (a, b, _y, dy) => neg(mul(dy, floorDiv(a, b))) },
  floorDiv: { da: step, db: step },
  squaredDifference: {
    da: (a, b, _y, dy) => mul(dy, mul(sub(a, b), 2)),
    db: (a, b, _y, dy) => mul(dy, mul(sub(a, b), -2)),
  },
  // These are derivatives themselves; their operands are called y (or x) and dy, the gradient that arrives g.
  tanhGrad: {
    da: (y, dy, _r, g) => mul(mul(g, dy), mul(y, -2)),
    db: (y, _dy, _r, g) => fused("tanhGrad", y, g),
  },
  sigmoidGrad: {
    da: (y, dy, _r, g) => mul(mul(g, dy), sub(1, mul(y, 2))),
    db: (y, _dy, _r, g) => fused("sigmoidGrad", y, g),
  },
  reluGrad: { da: step, db: (x, _dy, _r, g) => fused("reluGrad", x, g) },
  // (x Φ(x))'' = φ(x) (2 - x²)
  geluGrad: {
    da: (x, dy, _r, g) => {
      const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return mul(mul(g, dy), mul(density, sub(2, square(x))));
    },
    db: (x, _dy, _r, g) => fused("geluGrad", x, g),
  },
  // With s = sigmoid(x): (x s)'' = s (1 - s) (2 + x (1 - 2 s))
  siluGrad: {
    da: (x, dy, _r, g) => {
      const s = sigmoid(x);
      return fused("sigmoidGrad", s, mul(mul(g, dy), add(mul(x, sub(1, mul(s, 2))), 2)));
    },
    db: (x, _dy, _r, g) => fused("siluGrad", x, g),
  },
  softplusGrad: {
    da: (x, dy, _r, g) => fused("sigmoidGrad", sigmoid(x), mul(g, dy)),
    db: (x, _dy, _r, g) => fused("softplusGrad", x, g),
  },
  eluGrad: {
    da: (x, dy, _r, g) => where(greater(x, 0), 0, mul(mul(g, dy), exp(minimum(x, 0)))),
    db: (x, _dy, _r, g) => fused("eluGrad", x, g),
  },
};

export const binary: Rule<AttributesOf<"binary">> = single(({ inputs, outputs, attributes, needs }, dy) => {
  const [a, b] = inputs as [Tensor, Tensor];
  const rule = binaryRules[attributes.op];
  const da = needs[0] ? rule.da(a, b, outputs[0]!, dy) : null;
  const db = needs[1] ? rule.db(a, b, outputs[0]!, dy) : null;
  return [da && sumTo(da, a.shape), db && sumTo(db, b.shape)];
});

export const select: Rule<AttributesOf<"select">> = single(({ inputs, needs }, dy) => [
  null,
  needs[1] ? where(inputs[0]!, dy, 0) : null,
  needs[2] ? where(inputs[0]!, 0, dy) : null,
]);

export const clip: Rule<AttributesOf<"clip">> = single(({ inputs, attributes: { low, high } }, dy) => [
  clipGrad(inputs[0]!, dy, low, high),
]);

/** clipGrad is constant in x almost everywhere and linear in dy. */
export const clipGradRule: Rule<AttributesOf<"clipGrad">> = single(({ inputs, attributes: { low, high } }, g) => [
  null,
  clipGrad(inputs[0]!, g, low, high),
]);
