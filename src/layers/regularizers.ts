import { RondoError } from "../errors.js";
import { add, div, maximum, mul, sub } from "../tensor/ops/arithmetic.js";
import { eye } from "../tensor/ops/creation.js";
import { matMul } from "../tensor/ops/linalg.js";
import { sum } from "../tensor/ops/reduce.js";
import { abs, sqrt, square } from "../tensor/ops/unary.js";
import { formatShape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { type Described, factories, resolve, row, type Spec } from "./named.js";

/** From a weight to a penalty, a scalar that is added to the loss. */
export type RegularizerFunction = (w: Tensor) => Tensor;
/** A penalty on weights, ready for use. */
export type Regularizer = Described<RegularizerFunction>;

const sumOfAbsolutes = (w: Tensor, factor: number) => mul(sum(abs(w)), factor);
const sumOfSquares = (w: Tensor, factor: number) => mul(sum(square(w)), factor);

/** Every regularizer by name; formulas and defaults of Keras 3. */
export const regularizerTable = {
  /** l1 Σ|w| @example regularizers.l1({ l1: 0.001 }) */
  l1: row(
    { l1: 0.01 },
    ({ l1 }) =>
      (w: Tensor) =>
        sumOfAbsolutes(w, l1),
  ),
  /** l2 Σw² @example regularizers.l2({ l2: 0.001 }) */
  l2: row(
    { l2: 0.01 },
    ({ l2 }) =>
      (w: Tensor) =>
        sumOfSquares(w, l2),
  ),
  /** l1 Σ|w| + l2 Σw² @example regularizers.l1l2({ l1: 0.001, l2: 0.01 }) */
  l1l2: row(
    { l1: 0, l2: 0 },
    ({ l1, l2 }) =>
      (w: Tensor) =>
        add(sumOfAbsolutes(w, l1), sumOfSquares(w, l2)),
  ),
  /**
   * Mean absolute cosine between different rows (or columns) of a matrix, times factor.
   *
   * @example regularizers.orthogonal({ mode: "columns" })
   */
  orthogonal: row({ factor: 0.01, mode: "rows" as string }, ({ factor, mode }) => {
    if (mode !== "rows" && mode !== "columns") {
      throw new RondoError("option", 'regularizer "orthogonal" cannot use this mode', {
        received: mode,
        expected: '"rows" or "columns"',
      });
    }
    return (w: Tensor) => {
      if (w.rank !== 2) {
        throw new RondoError("shape", 'regularizer "orthogonal" needs a matrix', { received: formatShape(w.shape) });
      }
      const rows = mode === "rows";
      const size = w.shape[rows ? 0 : 1]!;
      const unit = div(w, sqrt(maximum(sum(square(w), rows ? 1 : 0, true), 1e-12)));
      const cosines = matMul(unit, unit, { transposeA: !rows, transposeB: rows });
      const others = mul(cosines, sub(1, eye(size)));
      // A single row has no other to be orthogonal to.
      return mul(sum(abs(others)), factor / Math.max(1, size * (size - 1)));
    };
  }),
};

/** A name, { name, ...options }, a function from weight to scalar, or null for none. */
export type RegularizerSpec = Spec<typeof regularizerTable> | null;

/**
 * Regularizers with options: `regularizers.l2({ l2: 0.001 })`.
 *
 * @example layers.dense({ units: 8, kernelRegularizer: regularizers.l2({ l2: 0.001 }) })
 */
export const regularizers = factories("regularizer", regularizerTable);

export function getRegularizer(spec: RegularizerSpec, path?: string): Regularizer | null {
  return spec === null ? null : resolve<RegularizerFunction>("regularizer", regularizerTable, spec, path);
}
