import { RondoError } from "../../errors.js";
import { formatShape, normalizeAxes } from "../../tensor/shape.js";
import type { BatchShape, Layer } from "../layer.js";

/** The sizes of some axes, which weights depend on and which therefore must be known. */
export function sizesAlong(layer: Layer, shape: BatchShape, axis: number | readonly number[]): readonly number[] {
  return normalizeAxes(axis, shape.length, layer.describe()).map((a) => {
    const size = shape[a];
    if (typeof size === "number") return size;
    throw new RondoError("shape", `${layer.className} needs to know the size of axis ${a}`, {
      path: layer.describe(),
      received: formatShape(shape),
      fix: "give the first layer an inputShape with this size, or normalize along another axis",
    });
  });
}
