import { addN, mul } from "../../tensor/ops/arithmetic.js";
import { expandDims, reshape } from "../../tensor/ops/movement.js";
import { unstack } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Layer } from "../layer.js";
import { type WindowSpec, windowTaps } from "./windows.js";

/**
 * Every feature convolved on its own with each of its filters: x [batch, time, features], kernel
 * [size, features, multiplier] -> [batch, steps, features · multiplier].
 */
export function depthwise(layer: Layer, x: Tensor, kernel: Tensor, window: WindowSpec): Tensor {
  const [, features, multiplier] = kernel.shape as [number, number, number];
  const filters = unstack(kernel, 0);
  const products = windowTaps(layer, x, window).map((tap, j) => mul(expandDims(tap, 3), filters[j]!));
  const sum = addN(products);
  return reshape(sum, [sum.shape[0]!, sum.shape[1]!, features * multiplier]);
}
