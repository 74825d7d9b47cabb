import type { OpCode, opCodes } from "../../backend/kernels.js";
import { RondoError } from "../../errors.js";
import { run1 } from "../run.js";
import { broadcastShapes, type DType } from "../shape.js";
import { asTensor, type Tensor, type TensorLike } from "../tensor.js";
import { broadcastTo } from "./movement.js";
import { bool, float, pair } from "./operands.js";

// Comparisons and logic give bool tensors and broadcast as arithmetic does. No gradient flows through them.

function compare(op: OpCode<"compare">, x: TensorLike, y: TensorLike): Tensor {
  const { a, b } = pair(x, y);
  return run1("compare", [a, b], { op });
}

/** a = b. @example equal([1, 2], 2) // [false, true] */
export function equal(a: TensorLike, b: TensorLike): Tensor {
  return compare("equal", a, b);
}
/** a ≠ b; NaN differs from everything, itself included. @example notEqual([1, 2], 2) // [true, false] */
export function notEqual(a: TensorLike, b: TensorLike): Tensor {
  return compare("notEqual", a, b);
}
/** a < b @example less([1, 2], 2) // [true, false] */
export function less(a: TensorLike, b: TensorLike): Tensor {
  return compare("less", a, b);
}
/** a ≤ b @example lessEqual([1, 3], 2) // [true, false] */
export function lessEqual(a: TensorLike, b: TensorLike): Tensor {
  return compare("lessEqual", a, b);
}
/** a > b @example greater([1, 3], 2) // [false, true] */
export function greater(a: TensorLike, b: TensorLike): Tensor {
  return compare("greater", a, b);
}
/** a ≥ b @example greaterEqual([1, 2], 2) // [false, true] */
export function greaterEqual(a: TensorLike, b: TensorLike): Tensor {
  return compare("greaterEqual", a, b);
}

/** Both; anything but 0 counts as true. @example logicalAnd([true, true], [true, false]) // [true, false] */
export function logicalAnd(a: TensorLike, b: TensorLike): Tensor {
  return run1("binaryInt", [bool(a), bool(b)], { op: "logicalAnd" });
}
/** At least one; anything but 0 counts as true. @example logicalOr([true, false], [false, false]) // [true, false] */
export function logicalOr(a: TensorLike, b: TensorLike): Tensor {
  return run1("binaryInt", [bool(a), bool(b)], { op: "logicalOr" });
}
/** Exactly one; anything but 0 counts as true. @example logicalXor([true, true], [true, false]) // [false, true] */
export function logicalXor(a: TensorLike, b: TensorLike): Tensor {
  return run1("binaryInt", [bool(a), bool(b)], { op: "logicalXor" });
}
/** The opposite; anything but 0 counts as true. @example logicalNot([true, false]) // [false, true] */
export function logicalNot(x: TensorLike): Tensor {
  return run1("unaryInt", [bool(x)], { op: "logicalNot" });
}

/** Where x is not a number. @example isNaN([1, Number.NaN]) // [false, true] */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the name it has in numpy and TF.js
export function isNaN(x: TensorLike): Tensor {
  return classify("isNaN", x);
}
/** Where x is positive or negative infinity. @example isInf([1, Number.NEGATIVE_INFINITY]) // [false, true] */
export function isInf(x: TensorLike): Tensor {
  return classify("isInf", x);
}
/** Where x is neither infinite nor NaN. @example isFinite([1, Number.NaN]) // [true, false] */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the name it has in numpy and TF.js
export function isFinite(x: TensorLike): Tensor {
  return classify("isFinite", x);
}
function classify(op: (typeof opCodes.classify)[number], x: TensorLike): Tensor {
  return run1("classify", [float(x)], { op });
}

/**
 * a where the condition holds, b elsewhere; all three broadcast together. Gradients flow to the chosen side only.
 *
 * @example where(greater(x, 0), x, 0)
 */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  const test = bool(condition);
  const sides = pair(a, b);
  const shape = broadcastShapes(broadcastShapes(sides.a.shape, sides.b.shape, "where"), test.shape, "where");
  const [c, x, y] = [test, sides.a, sides.b].map((t) => broadcastTo(t, shape)) as [Tensor, Tensor, Tensor];
  return run1("select", [c, x, y], {});
}

/**
 * x limited to [low, high]; NaN passes. The gradient is 1 within, bounds included, and 0 outside.
 * Throws RondoError "value" unless low <= high.
 *
 * @example clip([-2, 0.5, 9], 0, 1) // [0, 0.5, 1]
 */
export function clip(x: TensorLike, low: number, high: number): Tensor {
  if (!(low <= high)) {
    throw new RondoError("value", "clip needs low <= high", { received: `low ${low}, high ${high}` });
  }
  return run1("clip", [float(x)], { low, high });
}

/** TF.js' name for `clip`. @example clipByValue([-2, 0.5, 3], 0, 1) // [0, 0.5, 1] */
export const clipByValue = clip;

/**
 * The same numbers in another element type. Towards int32 fractions are cut off and NaN gives 0; towards bool anything
 * but 0 is true. Gradients do not flow through integers.
 *
 * @example cast([1.7, -1.7], "int32") // [1, -1]
 */
export function cast(x: TensorLike, dtype: DType): Tensor {
  const t = asTensor(x);
  if (!["float32", "int32", "bool"].includes(dtype)) {
    throw new RondoError("dtype", `cast: there is no element type "${dtype}"`, { expected: "float32, int32 or bool" });
  }
  return t.dtype === dtype ? t : run1("cast", [t], { dtype });
}
