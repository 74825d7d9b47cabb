import type { OpCode } from "../../backend/kernels.js";
import type { AttributesOf } from "../../tensor/forward/table.js";
import { div, mul, sub } from "../../tensor/ops/arithmetic.js";
import { cast, equal } from "../../tensor/ops/comparison.js";
import { zerosLike } from "../../tensor/ops/creation.js";
import { broadcastTo, reshape } from "../../tensor/ops/movement.js";
import { cumsum, sum } from "../../tensor/ops/reduce.js";
import { pad, slice } from "../../tensor/ops/slicing.js";
import { exp } from "../../tensor/ops/unary.js";
import { sizeOf } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type Rule, single } from "./rule.js";

/** x, y and dy as [outer, n, inner], [outer, 1, inner], [outer, 1, inner] -> dx [outer, n, inner]. */
const reduceRules: { readonly [K in OpCode<"reduce">]: (x: Tensor, y: Tensor, dy: Tensor) => Tensor } = {
  sum: (x, _y, dy) => broadcastTo(dy, x.shape),
  mean: (x, _y, dy) => broadcastTo(mul(dy, 1 / x.shape[1]!), x.shape),
  max: shared,
  min: shared,
  prod: (x, _y, dy) => mul(dy, mul(productsBefore(x, false), productsBefore(x, true))),
  logSumExp: (x, y, dy) => mul(dy, exp(sub(x, y))),
};

/** Elements equal to the extreme share its gradient. */
function shared(x: Tensor, y: Tensor, dy: Tensor): Tensor {
  const chosen = cast(equal(x, y), "float32");
  return mul(chosen, div(dy, sum(chosen, 1, true)));
}

/**
 * For every element along axis 1 the product of those before it (after it, when `after`), without dividing, so that zeros
 * are no problem. Doubles the length of the products in each round (Hillis and Steele 1986).
 */
function productsBefore(x: Tensor, after: boolean): Tensor {
  const n = x.shape[1]!;
  const shifted = (t: Tensor, by: number) => {
    const kept = slice(t, [0, after ? by : 0], [-1, n - by]);
    return pad(kept, [[0, 0], after ? [0, by] : [by, 0], [0, 0]], 1);
  };
  let products = shifted(x, 1);
  for (let by = 1; by < n; by *= 2) products = mul(products, shifted(products, by));
  return products;
}

export const reduce: Rule<AttributesOf<"reduce">> = single(({ inputs, outputs, attributes }, dy) => {
  const { shape } = inputs[0]!;
  const { op, axis, count } = attributes;
  const outer = sizeOf(shape.slice(0, axis));
  const inner = sizeOf(shape.slice(axis + count));
  if (sizeOf(shape) === 0) return [zerosLike(inputs[0]!)];
  const x = reshape(inputs[0]!, [outer, sizeOf(shape.slice(axis, axis + count)), inner]);
  const dx = reduceRules[op](x, reshape(outputs[0]!, [outer, 1, inner]), reshape(dy, [outer, 1, inner]));
  return [reshape(dx, shape)];
});

export const cumulativeSum: Rule<AttributesOf<"cumulativeSum">> = single(({ attributes }, dy) => [
  cumsum(dy, attributes.axis, attributes.exclusive, !attributes.reverse),
]);
