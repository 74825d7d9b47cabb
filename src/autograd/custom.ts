import { RondoError } from "../errors.js";
import type { CustomGradient } from "../tensor/forward/custom.js";
import { clone } from "../tensor/ops/creation.js";
import { run1 } from "../tensor/run.js";
import { asTensor, Tensor, type TensorLike } from "../tensor/tensor.js";
import { Variable } from "../tensor/variable.js";
import { noGrad } from "./tape.js";

/**
 * A function whose gradient you define. `f` gets the inputs and returns the value and `gradFunc`, which turns the gradient
 * of the value into one gradient per input (null where none flows), each of the input's shape. `gradFunc` may use whatever
 * `f` computed. Where `gradFunc` is made of differentiable operations on inputs and dy, gradients of gradients work, too.
 *
 * @example
 * const clippedGradient = customGrad((x: Tensor) => ({ value: x, gradFunc: (dy) => clip(dy, -1, 1) }));
 */
export function customGrad<I extends readonly Tensor[]>(
  f: (...inputs: I) => { value: Tensor; gradFunc: CustomGradient },
): (...inputs: { [K in keyof I]: TensorLike }) => Tensor {
  return (...inputs) => {
    const tensors = inputs.map((x) => asTensor(x));
    const { value, gradFunc } = noGrad(() => f(...(tensors as unknown as I)));
    if (!(value instanceof Tensor) || typeof gradFunc !== "function") {
      throw new RondoError("value", "customGrad: the function must return { value: Tensor, gradFunc: Function }", {
        received: `value: ${typeof value}, gradFunc: ${typeof gradFunc}`,
      });
    }
    return run1("custom", tensors, { value, gradFunc });
  };
}

/** The same numbers as a constant: no gradient flows back through it. @example sub(x, stopGradient(mean(x))) */
export function stopGradient(x: TensorLike): Tensor {
  const t = asTensor(x);
  return t instanceof Variable ? noGrad(() => clone(t)) : t.alias(t.shape);
}
