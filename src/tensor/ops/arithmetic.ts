import { run1 } from "../run.js";
import { asTensor, type Tensor, type TensorLike } from "../tensor.js";
import { float, pair } from "./operands.js";

// Shapes broadcast as in numpy: sizes agree or are 1, counted from the last axis. Two integer operands give int32 (bool
// counts as 0 and 1) unless the function says otherwise; anything else gives float32. Incompatible shapes throw
// RondoError "shape".

type Shared = "add" | "sub" | "mul" | "maximum" | "minimum" | "mod" | "floorDiv";

function arithmetic(op: Shared, x: TensorLike, y: TensorLike): Tensor {
  const { a, b, integer } = pair(x, y);
  return integer ? run1("binaryInt", [a, b], { op }) : run1("binary", [a, b], { op });
}

/** a + b. @example add([1, 2], 10) // [11, 12] */
export function add(a: TensorLike, b: TensorLike): Tensor {
  return arithmetic("add", a, b);
}

/** a - b. @example sub([3, 2], 1) // [2, 1] */
export function sub(a: TensorLike, b: TensorLike): Tensor {
  return arithmetic("sub", a, b);
}

/** a · b, element by element. @example mul([1, 2], [3, 4]) // [3, 8] */
export function mul(a: TensorLike, b: TensorLike): Tensor {
  return arithmetic("mul", a, b);
}

/** a / b, always float32; see `floorDiv` for whole numbers. @example div([1, 2], 4) // [0.25, 0.5] */
export function div(a: TensorLike, b: TensorLike): Tensor {
  return run1("binary", [float(a), float(b)], { op: "div" });
}

/** a to the power of b, always float32. @example pow([2, 3], 2) // [4, 9] */
export function pow(a: TensorLike, b: TensorLike): Tensor {
  return run1("binary", [float(a), float(b)], { op: "pow" });
}

/**
 * The larger of a and b; NaN if either is NaN. Where they are equal the gradient goes to a.
 *
 * @example maximum([1, 5], 3) // [3, 5]
 */
export function maximum(a: TensorLike, b: TensorLike): Tensor {
  return arithmetic("maximum", a, b);
}

/**
 * The smaller of a and b; NaN if either is NaN. Where they are equal the gradient goes to a.
 *
 * @example minimum([1, 5], 3) // [1, 3]
 */
export function minimum(a: TensorLike, b: TensorLike): Tensor {
  return arithmetic("minimum", a, b);
}

/** Remainder of floorDiv, with the sign of b as in Python; an integer remainder by 0 is 0. @example mod(-1, 3) // 2 */
export function mod(a: TensorLike, b: TensorLike): Tensor {
  return arithmetic("mod", a, b);
}

/** Largest whole number not above a / b; an integer division by 0 gives 0. @example floorDiv(-7, 2) // -4 */
export function floorDiv(a: TensorLike, b: TensorLike): Tensor {
  return arithmetic("floorDiv", a, b);
}

/** (a - b)². @example squaredDifference([1, 5], 2) // [1, 9] */
export function squaredDifference(x: TensorLike, y: TensorLike): Tensor {
  const { a, b, integer } = pair(x, y);
  if (!integer) return run1("binary", [a, b], { op: "squaredDifference" });
  return run1("unaryInt", [run1("binaryInt", [a, b], { op: "sub" })], { op: "square" });
}

/** Sum of several tensors of one shape. @example addN([a, b, c]) */
export function addN(tensors: readonly TensorLike[]): Tensor {
  return tensors.map((t) => asTensor(t)).reduce((sum, t) => add(sum, t));
}
