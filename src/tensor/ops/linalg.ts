import { checkOptions, RondoError } from "../../errors.js";
import { run1 } from "../run.js";
import { broadcastShapes, formatShape } from "../shape.js";
import type { Tensor, TensorLike } from "../tensor.js";
import { mul } from "./arithmetic.js";
import { broadcastTo, reshape } from "./movement.js";
import { checkRank, float } from "./operands.js";
import { sum } from "./reduce.js";

/** Options of `matMul`. */
export interface MatMulOptions {
  /** Use a [..., k, m] as [..., m, k]. */
  transposeA?: boolean;
  /** Use b [..., n, k] as [..., k, n]. */
  transposeB?: boolean;
}

/**
 * Matrix product a [..., m, k] · b [..., k, n] -> [..., m, n], float32. Leading axes broadcast; a vector counts as one row
 * (a) or one column (b) and that axis is dropped again, as in numpy. Throws RondoError "shape" when sizes disagree.
 *
 * @example matMul([[1, 2]], [[3], [4]]) // [[11]]
 */
export function matMul(a: TensorLike, b: TensorLike, options: MatMulOptions = {}): Tensor {
  checkOptions("matMul", options, ["transposeA", "transposeB"]);
  const { transposeA = false, transposeB = false } = options;
  const left = float(a);
  const right = float(b);
  if (left.rank === 0 || right.rank === 0) {
    throw new RondoError("shape", "matMul needs matrices or vectors", {
      received: `${formatShape(left.shape)} and ${formatShape(right.shape)}`,
      fix: "use mul to scale by a number",
    });
  }
  const x = left.rank === 1 ? reshape(left, transposeA ? [left.size, 1] : [1, left.size]) : left;
  const y = right.rank === 1 ? reshape(right, transposeB ? [1, right.size] : [right.size, 1]) : right;
  const k = x.shape.at(transposeA ? -2 : -1)!;
  if (k !== y.shape.at(transposeB ? -1 : -2)) {
    const shown = (t: Tensor, transposed: boolean) => `${formatShape(t.shape)}${transposed ? " transposed" : ""}`;
    throw new RondoError("shape", "matMul cannot multiply these matrices", {
      received: `${shown(left, transposeA)} and ${shown(right, transposeB)}`,
      expected: `[..., m, k] and [..., k, n]; here k is ${k} and ${y.shape.at(transposeB ? -1 : -2)}`,
      fix: "transpose one of them (transposeA, transposeB) or check how it was made",
    });
  }
  const product = batched(x, y, transposeA, transposeB);
  if (left.rank > 1 && right.rank > 1) return product;
  const leading = product.shape.slice(0, -2);
  const rows = left.rank > 1 ? [product.shape.at(-2)!] : [];
  const columns = right.rank > 1 ? [product.shape.at(-1)!] : [];
  return reshape(product, [...leading, ...rows, ...columns]);
}

/** The recorded operation wants equal leading axes, or none on one side. */
function batched(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  const attributes = { transposeA, transposeB };
  if (a.rank === 2 || b.rank === 2) return run1("matMul", [a, b], attributes);
  const leading = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2), "matMul (leading axes)");
  const x = broadcastTo(a, [...leading, ...a.shape.slice(-2)]);
  const y = broadcastTo(b, [...leading, ...b.shape.slice(-2)]);
  return run1("matMul", [x, y], attributes);
}

/**
 * Inner product of two vectors, or `matMul` for anything larger.
 *
 * @example dot([1, 2], [3, 4]) // 11
 */
export function dot(a: TensorLike, b: TensorLike): Tensor {
  const x = float(a);
  const y = float(b);
  return x.rank === 1 && y.rank === 1 && x.size === y.size ? sum(mul(x, y)) : matMul(x, y);
}

/** Outer product of vectors [m] and [n] -> [m, n]. @example outer([1, 2], [3, 4]) // [[3, 4], [6, 8]] */
export function outer(a: TensorLike, b: TensorLike): Tensor {
  const x = float(a);
  const y = float(b);
  checkRank(x, 1, "outer", "the first argument", "a vector [m]");
  checkRank(y, 1, "outer", "the second argument", "a vector [n]");
  return mul(reshape(x, [x.size, 1]), y);
}
