import type { AttributesOf } from "../../tensor/forward/table.js";
import { matMul as product } from "../../tensor/ops/linalg.js";
import { reshape } from "../../tensor/ops/movement.js";
import type { Tensor } from "../../tensor/tensor.js";
import { sumTo } from "./broadcast.js";
import { type Rule, single } from "./rule.js";

/** y = op(a) · op(b), with op the identity or the transpose: each gradient is again such a product. */
export const matMul: Rule<AttributesOf<"matMul">> = single(({ inputs, attributes, needs }, dy) => {
  const [a, b] = inputs as [Tensor, Tensor];
  const { transposeA, transposeB } = attributes;
  const da = () =>
    transposeA
      ? product(b, dy, { transposeA: transposeB, transposeB: true })
      : product(dy, b, { transposeB: !transposeB });
  const db = () => {
    // One matrix b used for a whole batch: its gradient is one product over all rows, not a sum of many products.
    const joined = b.rank === 2 && a.rank > 2 && !transposeA;
    const x = joined ? reshape(a, [-1, a.shape.at(-1)!]) : a;
    const g = joined ? reshape(dy, [-1, dy.shape.at(-1)!]) : dy;
    return transposeB
      ? product(g, x, { transposeA: true, transposeB: transposeA })
      : product(x, g, { transposeA: !transposeA });
  };
  return [needs[0] ? sumTo(da(), a.shape) : null, needs[1] ? sumTo(db(), b.shape) : null];
});
