import { add, div, maximum, mul } from "../tensor/ops/arithmetic.js";
import { clip } from "../tensor/ops/comparison.js";
import { sum } from "../tensor/ops/reduce.js";
import { sqrt, square } from "../tensor/ops/unary.js";
import type { Tensor } from "../tensor/tensor.js";
import { type Described, factories, resolve, row, type Spec } from "./named.js";

/** From a weight after an update to the weight it is replaced by. */
export type ConstraintFunction = (w: Tensor) => Tensor;
/** What weights are moved to after every update, ready for use. */
export type Constraint = Described<ConstraintFunction>;

const EPSILON = 1e-7;
const norms = (w: Tensor, axis: number | readonly number[]) => sqrt(sum(square(w), axis, true));
/** Rescales w so that its norm becomes `wanted`. */
const rescale = (w: Tensor, norm: Tensor, wanted: Tensor) => mul(w, div(wanted, add(norm, EPSILON)));

/** Every constraint by name; formulas of Keras 3. `axis` is the axis (or axes) over which a norm is taken. */
export const constraintTable = {
  /** Norms are at most maxValue. @example constraints.maxNorm({ maxValue: 3 }) */
  maxNorm: row({ maxValue: 2, axis: 0 as number | readonly number[] }, ({ maxValue, axis }) => (w: Tensor) => {
    const norm = norms(w, axis);
    return rescale(w, norm, clip(norm, 0, maxValue));
  }),
  /** Nothing is negative. @example constraints.nonNeg() */
  nonNeg: row({}, () => (w: Tensor) => maximum(w, 0)),
  /** Norms are 1. @example constraints.unitNorm({ axis: 0 }) */
  unitNorm: row({ axis: 0 as number | readonly number[] }, ({ axis }) => (w: Tensor) => {
    return div(w, add(norms(w, axis), EPSILON));
  }),
  /**
   * Norms are pulled into [minValue, maxValue], all the way at rate 1.
   *
   * @example constraints.minMaxNorm({ minValue: 0.5, maxValue: 2 })
   */
  minMaxNorm: row(
    { minValue: 0, maxValue: 1, rate: 1, axis: 0 as number | readonly number[] },
    ({ minValue, maxValue, rate, axis }) =>
      (w: Tensor) => {
        const norm = norms(w, axis);
        return rescale(w, norm, add(mul(clip(norm, minValue, maxValue), rate), mul(norm, 1 - rate)));
      },
  ),
};

/** A name, { name, ...options }, a function from weight to weight, or null for none. */
export type ConstraintSpec = Spec<typeof constraintTable> | null;

/**
 * Constraints with options: `constraints.maxNorm({ maxValue: 3 })`.
 *
 * @example layers.dense({ units: 8, kernelConstraint: constraints.maxNorm({ maxValue: 3 }) })
 */
export const constraints = factories("constraint", constraintTable);

export function getConstraint(spec: ConstraintSpec, path?: string): Constraint | null {
  return spec === null ? null : resolve<ConstraintFunction>("constraint", constraintTable, spec, path);
}
