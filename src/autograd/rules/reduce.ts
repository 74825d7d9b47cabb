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

/** What the rules of reductions see: x as [outer, n, inner], y as [outer, 1, inner], made when they are asked for. */
interface Reduced {
  readonly shape: readonly [outer: number, n: number, inner: number];
  x(): Tensor;
  y(): Tensor;
}

/** From dy [outer, 1, inner] to dx [outer, n, inner]. */
const reduceRules: { readonly [K in OpCode<"reduce">]: (r: Reduced, dy: Tensor) => Tensor } = {
  sum: (r, dy) => broadcastTo(dy, r.shape),
  mean: (r, dy) => broadcastTo(mul(dy, 1 / r.shape[1]), r.shape),
  max: shared,
  min: shared,
  prod: (r, dy) => mul(dy, mul(productsBefore(r.x(), false), productsBefore(r.x(), true))),
  logSumExp: (r, dy) => mul(dy, exp(sub(r.x(), r.y()))),
};

/** Elements equal to the extreme share its gradient. */
function shared({ x, y }: Reduced, dy: Tensor): Tensor {
  const chosen = cast(equal(x(), y()), "float32");
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
  const whole = [outer, sizeOf(shape.slice(axis, axis + count)), inner] as const;
  const reduced: Reduced = {
    shape: whole,
    x: () => reshape(inputs[0]!, whole),
    y: () => reshape(outputs[0]!, [outer, 1, inner]),
  };
  return [reshape(reduceRules[op](reduced, reshape(dy, [outer, 1, inner])), shape)];
});

export const cumulativeSum: Rule<AttributesOf<"cumulativeSum">> = single(({ attributes }, dy) => [
  cumsum(dy, attributes.axis, attributes.exclusive, !attributes.reverse),
]);
