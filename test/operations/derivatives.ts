import { recordOn, Tape } from "../../src/autograd/tape.js";
import { asTensor, type Tensor, tensor } from "../../src/tensor/tensor.js";
import { Source } from "../parity/inputs.js";
import type { Input, OperationCase } from "./inputs.js";

export function make({ data, shape, dtype }: Input): Tensor {
  return tensor(Float64Array.from(data), shape, dtype);
}

export const isFloat = (t: { readonly dtype: string }) => t.dtype === "float32";

/** Fixed pseudo-random weights, so that sums over them tell elements apart. */
export function weights(like: { readonly size: number }, seed: number): Float32Array {
  return new Source(seed).floats(like.size, 0.5, 1.5);
}

function weightsFor(tensors: readonly Tensor[], seed: number): Tensor[] {
  return tensors.map((t, i) => asTensor(weights(t, seed + i)).alias(t.shape));
}

/** sum(tensor · weights) over all float tensors, in double precision. */
export function weighted(tensors: readonly Tensor[], seed: number): number {
  return tensors.reduce((total, t, i) => {
    const w = weights(t, seed + i);
    return isFloat(t) ? total + Array.from(t.dataSync()).reduce((sum, v, j) => sum + v * w[j]!, 0) : total;
  }, 0);
}

/** Gradients of sum(outputs · weights) with respect to the float inputs (null: none flows), on inputs given. */
export function gradients(test: OperationCase, inputs: readonly Tensor[], seed: number): (Tensor | null)[] {
  const sources = inputs.filter(isFloat);
  const tape = new Tape(new Set());
  tape.watch(...sources);
  const outputs = recordOn(tape, () => test.call(inputs)).filter(isFloat);
  return tape.gradient(outputs, sources, weightsFor(outputs, seed));
}

/** Gradients of sum(gradients · weights). */
export function secondGradients(test: OperationCase, inputs: readonly Tensor[], seed: number): (Tensor | null)[] {
  const sources = inputs.filter(isFloat);
  const tape = new Tape(new Set());
  tape.watch(...sources);
  const first = recordOn(tape, () => gradients(test, inputs, seed)).filter((g) => g !== null);
  return tape.gradient(first, sources, weightsFor(first, seed + 100));
}

/**
 * The same derivatives as numbers, by central differences with Richardson's extrapolation: from steps of h and 2h to an
 * error of order h⁴, which float32 results can resolve to about 1e-4.
 */
export function numericalGradients(f: (inputs: readonly Tensor[]) => number, inputs: readonly Input[]): Float64Array[] {
  const h = 2e-2;
  return inputs.flatMap((input, k) => {
    if (input.dtype !== "float32") return [];
    const at = (position: number, by: number) => {
      const data = Float64Array.from(input.data);
      data[position]! += by;
      return f(inputs.map((other, i) => make(i === k ? { ...input, data } : other)));
    };
    const slope = (i: number, step: number) => (at(i, step) - at(i, -step)) / (2 * step);
    return [Float64Array.from(input.data, (_, i) => (4 * slope(i, h) - slope(i, 2 * h)) / 3)];
  });
}
