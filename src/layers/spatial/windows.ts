import { RondoError } from "../../errors.js";
import { addN } from "../../tensor/ops/arithmetic.js";
import { pad, stridedSlice } from "../../tensor/ops/slicing.js";
import { run1 } from "../../tensor/run.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { BatchShape, Component } from "../component.js";

/** "valid": whole windows only; "same": as many steps as the input has; "causal": the same, and none looks ahead. */
export type ConvolutionPadding = "valid" | "same" | "causal";

/** How windows move along one axis. What has several axes is done one axis after the other. */
export interface WindowSpec {
  /** Steps in a window. */
  readonly size: number;
  /** Steps from one window to the next. */
  readonly strides: number;
  /** Distance between the steps of a window. */
  readonly dilationRate: number;
  readonly padding: ConvolutionPadding;
}

/** Steps from the first to the last of a window. */
export const extent = ({ size, dilationRate }: WindowSpec) => (size - 1) * dilationRate + 1;

/** Number of windows along an axis of the input. Throws RondoError "shape" when there is none. */
export function windowCount(owner: Component, inputShape: BatchShape, axis: number, spec: WindowSpec): number | null {
  const steps = inputShape[axis];
  if (typeof steps !== "number") return null;
  const count =
    spec.padding === "valid" ? Math.floor((steps - extent(spec)) / spec.strides) + 1 : Math.ceil(steps / spec.strides);
  if (count >= 1) return count;
  throw new RondoError("shape", "the input is shorter than one window", {
    path: owner.describe(),
    received: `${steps} steps on axis ${axis} of ${formatShape(inputShape)}`,
    expected: `at least ${extent(spec)} steps`,
    fix: 'use padding: "same", a smaller window, or pad the sequences',
  });
}

/** Steps that padding adds before and after. */
export function paddingOf(steps: number, spec: WindowSpec): readonly [number, number] {
  if (spec.padding === "valid") return [0, 0];
  if (spec.padding === "causal") return [extent(spec) - 1, 0];
  const missing = Math.max(0, (Math.ceil(steps / spec.strides) - 1) * spec.strides + extent(spec) - steps);
  return [Math.floor(missing / 2), Math.ceil(missing / 2)];
}

/** Paddings for every axis of x, none but on `axis`. */
export function padAxis(x: Tensor, axis: number, [before, after]: readonly [number, number], value = 0): Tensor {
  const paddings = x.shape.map((_, i): [number, number] => (i === axis ? [before, after] : [0, 0]));
  return before + after === 0 ? x : pad(x, paddings, value);
}

/** Tap j holds the j-th step of every window along an axis: `size` tensors with as many steps as there are windows. */
export function windowTaps(owner: Component, x: Tensor, axis: number, spec: WindowSpec, value = 0): Tensor[] {
  const count = windowCount(owner, x.shape, axis, spec)!;
  const padded = padAxis(x, axis, paddingOf(x.shape[axis]!, spec), value);
  const last = (count - 1) * spec.strides + 1;
  const step = x.shape.map((_, i) => (i === axis ? spec.strides : 1));
  if (spec.size === 1 && spec.strides === 1) return [padded];
  return Array.from({ length: spec.size }, (_, j) => {
    const from = j * spec.dilationRate;
    const begin = x.shape.map((_, i) => (i === axis ? from : 0));
    const end = x.shape.map((n, i) => (i === axis ? from + last : n));
    return stridedSlice(padded, begin, end, step);
  });
}

/**
 * The other way round: step t of tap j is added to step t · strides + j · dilationRate of the result, which has
 * `length` steps.
 */
export function overlapAdd(taps: readonly Tensor[], axis: number, spec: WindowSpec, length: number): Tensor {
  const placed = taps.map((tap, j) =>
    run1("pad", [tap], {
      begin: tap.shape.map((_, i) => (i === axis ? j * spec.dilationRate : 0)),
      step: tap.shape.map((_, i) => (i === axis ? spec.strides : 1)),
      shape: tap.shape.map((n, i) => (i === axis ? length : n)),
      value: 0,
    }),
  );
  return addN(placed);
}
