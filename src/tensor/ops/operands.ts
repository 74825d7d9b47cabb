import { RondoError } from "../../errors.js";
import { run1 } from "../run.js";
import { formatShape } from "../shape.js";
import { asTensor, Tensor, type TensorLike, tensor } from "../tensor.js";

/** The operand as float32, cast if it is not. */
export function float(x: TensorLike): Tensor {
  const t = asTensor(x, "float32");
  return t.dtype === "float32" ? t : run1("cast", [t], { dtype: "float32" });
}

/** The operand as int32 for arithmetic on integers; bool counts as 0 and 1. */
function asInt(t: Tensor): Tensor {
  return t.dtype === "bool" ? run1("cast", [t], { dtype: "int32" }) : t;
}

/** The operand as bool: anything but 0 is true. */
export function bool(x: TensorLike): Tensor {
  const t = asTensor(x);
  return t.dtype === "bool" ? t : run1("cast", [t], { dtype: "bool" });
}

/**
 * Two operands of one type: int32 when both are int32 or bool, float32 otherwise. A plain whole number next to an
 * integer tensor counts as int32, so that `add(counts, 1)` stays int32.
 */
export function pair(a: TensorLike, b: TensorLike): { a: Tensor; b: Tensor; integer: boolean } {
  const left = beside(a, b);
  const right = beside(b, a);
  if (left.dtype !== "float32" && right.dtype !== "float32") return { a: asInt(left), b: asInt(right), integer: true };
  return { a: float(left), b: float(right), integer: false };
}

function beside(value: TensorLike, other: TensorLike): Tensor {
  const whole = typeof value === "number" && (value | 0) === value;
  const integer = whole && other instanceof Tensor && other.dtype !== "float32";
  return integer ? tensor(value, undefined, "int32") : asTensor(value);
}

/** The operand for data movement, which keeps every type. An int32 operand stays one; bool counts as int32. */
export function number(x: TensorLike): Tensor {
  return asInt(asTensor(x));
}

/**
 * Positions as int32. Whole numbers held as float32 are accepted, because that is what `tensor([1, 2])` makes.
 * Throws RondoError "value" for fractions.
 */
export function wholeNumbers(x: TensorLike, where: string): Tensor {
  const t = asTensor(x);
  if (t.dtype !== "float32") return asInt(t);
  const bad = t.view().findIndex((v) => (v | 0) !== v);
  if (bad >= 0) {
    throw new RondoError("value", `${where}: indices must be whole numbers`, {
      received: `${t.view()[bad]} at position ${bad} of a ${formatShape(t.shape)} tensor`,
      fix: 'use an int32 tensor: tensor(values, undefined, "int32")',
    });
  }
  return run1("cast", [t], { dtype: "int32" });
}

/** `wholeNumbers` in [0, n). Throws RondoError "value" with the first position that is outside. */
export function indices(x: TensorLike, n: number, where: string): Tensor {
  const t = wholeNumbers(x, where);
  const bad = t.size === 0 ? -1 : t.storage.engine.kernels.findOutOfRange(t.offset, t.size, n);
  if (bad >= 0) {
    throw new RondoError("value", `${where}: index out of range`, {
      received: `${t.view()[bad]} at position ${bad} of a ${formatShape(t.shape)} tensor`,
      expected: n === 0 ? "no index at all: the axis is empty" : `0 to ${n - 1}`,
    });
  }
  return t;
}

/** Throws RondoError "shape" unless `t` has the rank. */
export function checkRank(t: Tensor, rank: number, where: string, what: string, layout: string): void {
  if (t.rank === rank) return;
  throw new RondoError("shape", `${where}: ${what} has the wrong number of axes`, {
    received: formatShape(t.shape),
    expected: layout,
  });
}
