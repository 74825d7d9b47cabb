import { RondoError } from "../../errors.js";
import { pad, stridedSlice } from "../../tensor/ops/slicing.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { oneOf } from "../fields.js";
import type { BatchShape, Layer } from "../layer.js";

/** "valid": whole windows only; "same": as many steps as the input has; "causal": the same, and none looks ahead. */
export type ConvolutionPadding = "valid" | "same" | "causal";

export const convolutionPadding = () => oneOf<ConvolutionPadding>(["valid", "same", "causal"], "valid");

/** How windows move over time. */
export interface WindowSpec {
  /** Steps in a window. */
  readonly size: number;
  /** Steps from one window to the next. */
  readonly strides: number;
  /** Distance between the steps of a window. */
  readonly dilationRate: number;
  readonly padding: ConvolutionPadding;
}

const extent = ({ size, dilationRate }: WindowSpec) => (size - 1) * dilationRate + 1;

/** Number of windows over `time` steps. Throws RondoError "shape" when there is none. */
export function windowCount(layer: Layer, inputShape: BatchShape, spec: WindowSpec): number | null {
  const time = inputShape[1];
  if (typeof time !== "number") return null;
  const count =
    spec.padding === "valid" ? Math.floor((time - extent(spec)) / spec.strides) + 1 : Math.ceil(time / spec.strides);
  if (count >= 1) return count;
  throw new RondoError("shape", "the input is shorter than one window", {
    path: layer.describe(),
    received: `${time} steps in ${formatShape(inputShape)}`,
    expected: `at least ${extent(spec)} steps`,
    fix: 'use padding: "same", a smaller window, or pad the sequences',
  });
}

/** Steps that padding adds before and after. */
export function paddingOf(time: number, spec: WindowSpec): readonly [number, number] {
  if (spec.padding === "valid") return [0, 0];
  if (spec.padding === "causal") return [extent(spec) - 1, 0];
  const missing = Math.max(0, (Math.ceil(time / spec.strides) - 1) * spec.strides + extent(spec) - time);
  return [Math.floor(missing / 2), Math.ceil(missing / 2)];
}

/** Tap j holds the j-th step of every window: x [batch, time, features] -> `size` times [batch, count, features]. */
export function windowTaps(layer: Layer, x: Tensor, spec: WindowSpec, value = 0): Tensor[] {
  const count = windowCount(layer, x.shape, spec)!;
  const [before, after] = paddingOf(x.shape[1]!, spec);
  const padded =
    before + after === 0
      ? x
      : pad(
          x,
          [
            [0, 0],
            [before, after],
            [0, 0],
          ],
          value,
        );
  const last = (count - 1) * spec.strides + 1;
  return Array.from({ length: spec.size }, (_, j) => {
    const from = j * spec.dilationRate;
    return stridedSlice(padded, [0, from, 0], [x.shape[0]!, from + last, x.shape[2]!], [1, spec.strides, 1]);
  });
}
