import { add, mul, sub } from "../../tensor/ops/arithmetic.js";
import { moments } from "../../tensor/ops/reduce.js";
import { rsqrt } from "../../tensor/ops/unary.js";
import type { Tensor } from "../../tensor/tensor.js";

/** Layer normalization of x [batch, n] over its last axis: (x - mean) / sqrt(variance + epsilon) · gamma. */
export function standardize(x: Tensor, gamma: Tensor, epsilon: number): Tensor {
  const { mean, variance } = moments(x, -1, true);
  return mul(mul(sub(x, mean), rsqrt(add(variance, epsilon))), gamma);
}
