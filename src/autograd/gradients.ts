import { RondoError } from "../errors.js";
import { run1 } from "../tensor/run.js";
import { leaveToGradients, scope } from "../tensor/scope.js";
import { formatShape, sameShape } from "../tensor/shape.js";
import { asTensor, Tensor, type TensorLike } from "../tensor/tensor.js";
import type { Variable } from "../tensor/variable.js";
import { describeNonFinite } from "./non-finite.js";
import { recordOn, Tape } from "./tape.js";

/**
 * The derivative of f: a function from x to the gradient of f(x) with respect to x, of x's shape. Where f(x) is not a
 * scalar, it is the gradient of sum(f(x) · dy), with dy ones by default. Gradients nest: `grad(grad(f))` is the second
 * derivative. Throws RondoError "gradient" when f(x) does not depend on x.
 *
 * @example grad((x) => square(x))(3) // 6
 */
export function grad(f: (x: Tensor) => Tensor): (x: TensorLike, dy?: TensorLike) => Tensor {
  return (x, dy) => scope(() => valueAndGrads(f)([x], dy).grads[0]!);
}

/** Like `grad` for functions of several tensors, given as an array. @example grads((a, b) => mul(a, b))([2, 3]) */
export function grads(f: (...xs: Tensor[]) => Tensor): (xs: readonly TensorLike[], dy?: TensorLike) => Tensor[] {
  return (xs, dy) => scope(() => valueAndGrads(f)(xs, dy).grads);
}

/** Like `grad`, returning f(x) as well. @example const { value, grad } = valueAndGrad(f)(x); */
export function valueAndGrad(
  f: (x: Tensor) => Tensor,
): (x: TensorLike, dy?: TensorLike) => { value: Tensor; grad: Tensor } {
  return (x, dy) => {
    const { value, grads: gradients } = valueAndGrads(f)([x], dy);
    return { value, grad: gradients[0]! };
  };
}

/** Like `grads`, returning f(…) as well. @example const { value, grads } = valueAndGrads(f)([a, b]); */
export function valueAndGrads(
  f: (...xs: Tensor[]) => Tensor,
): (xs: readonly TensorLike[], dy?: TensorLike) => { value: Tensor; grads: Tensor[] } {
  return (xs, dy) =>
    scope(() => {
      if (!Array.isArray(xs)) {
        throw new RondoError("value", "grads takes the function's arguments as one array", { received: typeof xs });
      }
      const inputs = xs.map((x) => asTensor(x));
      // The same tensor given twice is two arguments.
      const distinct = inputs.map((x, i) => (inputs.indexOf(x) === i ? x : run1("reshape", [x], { shape: x.shape })));
      const tape = new Tape(new Set());
      tape.watch(...distinct);
      const value = checkTensor(
        recordOn(tape, () => f(...distinct)),
        "grad",
      );
      const seed = dy === undefined ? undefined : asTensor(dy);
      if (seed && !sameShape(seed.shape, value.shape)) {
        throw new RondoError("shape", "dy must have the shape of the function's result", {
          received: formatShape(seed.shape),
          expected: formatShape(value.shape),
        });
      }
      if (tape.knowsReads) leaveToGradients([value, seed]);
      const gradients = tape.gradient([value], distinct, [seed], { last: true }).map((g, i) => {
        if (g) return g;
        throw new RondoError("gradient", "the result does not depend on an argument of the function", {
          received: `no path from argument ${i} ${formatShape(distinct[i]!.shape)} to the result`,
          expected: "a result computed from the arguments by rondo's operations",
          fix: "compute with the argument itself; integers, dataSync() and noGrad() cut gradients off",
        });
      });
      return { value, grads: gradients };
    });
}

/** Options of `variableGrads`. */
export interface VariableGradsOptions {
  /** Return an infinite or NaN value instead of throwing. */
  allowNonFinite?: boolean;
}

/**
 * Value and gradients of a scalar loss with respect to variables: those given, or all trainable ones it uses. Variables
 * the loss does not depend on are left out of the map.
 *
 * The gradients share memory with nothing and may be changed in place. Temporaries are freed.
 * Throws RondoError "gradient" when f does not return a scalar tensor or depends on no variable, and "nonFinite" when the
 * loss is NaN or infinite, naming the operation that made the first such number.
 *
 * @example const { value, grads } = variableGrads(() => mean(square(sub(model.apply(x), y))));
 */
export function variableGrads(
  f: () => Tensor,
  variables?: readonly Variable[],
  options: VariableGradsOptions = {},
): { value: Tensor; grads: Map<Variable, Tensor> } {
  return scope(() => {
    const tape = new Tape(variables && new Set(variables));
    const value = checkTensor(recordOn(tape, f), "variableGrads");
    if (value.size !== 1 || value.dtype !== "float32") {
      throw new RondoError("gradient", "variableGrads needs a function that returns one number, the loss", {
        received: `${value.dtype} ${formatShape(value.shape)}`,
        expected: "a float32 scalar",
        fix: "take the mean or the sum",
      });
    }
    if (!options.allowNonFinite && !Number.isFinite(value.item())) throw describeNonFinite(value.item(), tape.records);
    const sources = variables ?? [...tape.variablesSeen].filter((v) => v.trainable);
    if (tape.knowsReads) leaveToGradients([value]);
    const gradients = tape.gradient([value], sources, undefined, { last: true });
    const found = new Map<Variable, Tensor>();
    sources.forEach((v, i) => {
      const g = gradients[i];
      if (g) found.set(v, g);
    });
    if (found.size === 0) {
      throw new RondoError("gradient", "the loss does not depend on any variable", {
        received: sources.length === 0 ? "no trainable variable was used" : sources.map((v) => v.name).join(", "),
        expected: "a loss computed from variables by rondo's operations",
        fix: "check that the variables are trainable; integers, dataSync() and noGrad() cut gradients off",
      });
    }
    return { value, grads: found };
  });
}

function checkTensor(value: unknown, where: string): Tensor {
  if (value instanceof Tensor) return value;
  if (value instanceof Promise) value.catch(() => {}); // its own failure must not hide this one
  throw new RondoError("gradient", `${where}: the function must return a tensor`, {
    received: value instanceof Promise ? "a promise (async function)" : value === null ? "null" : typeof value,
    fix: value instanceof Promise ? "await before, and differentiate a synchronous function" : "return the tensor",
  });
}
