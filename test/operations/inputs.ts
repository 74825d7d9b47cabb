import type { AttributesOf, OperationName } from "../../src/tensor/forward/table.js";
import { run } from "../../src/tensor/run.js";
import type { DType, Shape } from "../../src/tensor/shape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { Source } from "../parity/inputs.js";

/** A tensor to be made on whichever backend the test runs. */
export interface Input {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/** One way to call an operation. Every float32 input is differentiated. */
export interface OperationCase {
  readonly label: string;
  readonly inputs: readonly Input[];
  readonly call: (inputs: readonly Tensor[]) => readonly Tensor[];
  /** Backward calls a kernel that has no gradient itself. */
  readonly firstOrderOnly?: boolean;
}

const source = new Source(20);
const size = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** Where a function is smooth: intervals to draw from. Derivatives are checked numerically, so kinks are kept away from. */
export type Domain = readonly (readonly [low: number, high: number])[];
export const anywhere: Domain = [[-1.5, 1.5]];
export const positive: Domain = [[0.4, 2]];
export const notZero: Domain = [
  [-2, -0.4],
  [0.4, 2],
];
export const betweenWholes: Domain = [
  [-1.8, -1.2],
  [0.2, 0.8],
  [1.2, 1.8],
];

export function floats(shape: Shape, domain: Domain = anywhere): Input {
  const data = Float32Array.from({ length: size(shape) }, (_, i) => {
    const [low, high] = domain[i % domain.length]!;
    return low + (high - low) * source.next();
  });
  return { dtype: "float32", shape, data };
}

/** Different values at least `gap` apart in random order, for operations that compare elements. */
export function apart(shape: Shape, gap = 0.2): Input {
  const order = Array.from({ length: size(shape) }, (_, i) => ({ i, key: source.next() })).sort(
    (a, b) => a.key - b.key,
  );
  const data = new Float32Array(order.length);
  order.forEach(({ i }, rank) => {
    data[i] = (rank - order.length / 2) * gap;
  });
  return { dtype: "float32", shape, data };
}

export function ints(shape: Shape, low: number, high: number): Input {
  return { dtype: "int32", shape, data: source.ints(size(shape), low, high) };
}

export function bools(shape: Shape): Input {
  return { dtype: "bool", shape, data: source.ints(size(shape), 0, 2) };
}

export function operation<K extends OperationName>(
  name: K,
  inputs: readonly Input[],
  attributes: AttributesOf<K>,
  more: { firstOrderOnly?: boolean } = {},
): OperationCase {
  const shapes = inputs.map((i) => `${i.dtype} [${i.shape}]`).join(", ");
  const label = `${name} ${JSON.stringify(attributes)} of ${shapes}`;
  return { label, inputs, call: (tensors) => run(name, tensors, attributes), ...more };
}
