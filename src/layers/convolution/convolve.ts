import { addN, mul } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { expandDims, reshape } from "../../tensor/ops/movement.js";
import { concat, unstack } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Component } from "../component.js";
import { type WindowSpec, windowTaps } from "../spatial/windows.js";

/**
 * x [batch, …, features] with a kernel [size, …, features, filters] -> [batch, …, filters]: one matrix product of all
 * windows, each laid out as a row, and the kernel as a matrix. The rows are made one axis after the other.
 */
export function convolve(owner: Component, x: Tensor, kernel: Tensor, windows: readonly WindowSpec[]): Tensor {
  let rows = x;
  for (let axis = windows.length; axis >= 1; axis--) {
    rows = concat(windowTaps(owner, rows, axis, windows[axis - 1]!), -1);
  }
  return matMul(rows, reshape(kernel, [-1, kernel.shape.at(-1)!]));
}

/**
 * Every feature convolved on its own with each of its filters: x [batch, …, features], kernel
 * [size, …, features, multiplier] -> [batch, …, features · multiplier].
 */
export function depthwise(owner: Component, x: Tensor, kernel: Tensor, windows: readonly WindowSpec[]): Tensor {
  const [features, multiplier] = kernel.shape.slice(-2) as [number, number];
  const filters = unstack(reshape(kernel, [-1, features, multiplier]), 0);
  const taps = windows.reduce((list, window, i) => list.flatMap((tap) => windowTaps(owner, tap, i + 1, window)), [
    x,
  ] as readonly Tensor[]);
  const sum = addN(taps.map((tap, j) => mul(expandDims(tap, -1), filters[j]!)));
  return reshape(sum, [...sum.shape.slice(0, -2), features * multiplier]);
}
