import { reshape } from "../../tensor/ops/movement.js";
import { sum } from "../../tensor/ops/reduce.js";
import { type Shape, sameShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";

/** The gradient of an operand of `shape` that was broadcast: the sum over all its copies. */
export function sumTo(dy: Tensor, shape: Shape): Tensor {
  if (sameShape(dy.shape, shape)) return dy;
  const missing = dy.rank - shape.length;
  const copied = dy.shape.flatMap((n, axis) =>
    axis < missing || (shape[axis - missing] === 1 && n !== 1) ? [axis] : [],
  );
  return reshape(copied.length === 0 ? dy : sum(dy, copied), shape);
}
