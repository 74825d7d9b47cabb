import { RondoError } from "../../errors.js";
import { formatShape, type Shape, sameShape, sizeOf } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";

/** What a metric computed for one batch, and how much each value counts. */
export interface Values {
  /** [batch, …] */
  readonly values: Tensor;
  readonly sampleWeight: Tensor | null;
  readonly mask: Tensor | null;
}

interface Sums {
  total: number;
  count: number;
}

/** Weight of every element of `shape`, mask included; null when all count 1. */
export function weightsOf(shape: Shape, sampleWeight: Tensor | null, mask: Tensor | null): Float64Array | null {
  if (!sampleWeight && !mask) return null;
  const weights = new Float64Array(sizeOf(shape)).fill(1);
  for (const [what, factor] of [
    ["sampleWeight", sampleWeight],
    ["mask", mask],
  ] as const) {
    if (!factor) continue;
    const column = factor.rank === shape.length + 1 && factor.shape.at(-1) === 1;
    const own = column ? factor.shape.slice(0, -1) : factor.shape;
    if (!sameShape(own, shape.slice(0, own.length))) {
      throw new RondoError("shape", `the ${what} does not fit the metric's values`, {
        received: formatShape(factor.shape),
        expected: `${formatShape(shape)} or its first axes`,
      });
    }
    const each = sizeOf(shape.slice(own.length));
    const view = factor.view();
    for (let i = 0; i < weights.length; i++) weights[i]! *= view[Math.floor(i / each)]!;
  }
  return weights;
}

/** Every value counts by its weight. */
export function weightedSums(batch: Values): Sums {
  const weights = weightsOf(batch.values.shape, batch.sampleWeight, batch.mask);
  const view = batch.values.view();
  let total = 0;
  let count = 0;
  for (let i = 0; i < view.length; i++) {
    const w = weights ? weights[i]! : 1;
    // A masked value may be anything, NaN included.
    if (w !== 0) total += w * view[i]!;
    count += w;
  }
  return { total, count };
}

/** Every example counts by the mean of its weights, so that a batch of long sequences weighs no more (Keras). */
export function weightedMeans(batch: Values): Sums {
  const { shape } = batch.values;
  const each = sizeOf(shape.slice(1)) || 1;
  const sums = weightedSums(batch);
  return { total: sums.total / each, count: sums.count / each };
}
