import { RondoError } from "../../errors.js";
import { formatShape, sameShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";

/** Gradients by variable; variables that are missing are left alone. */
export type Gradients = ReadonlyMap<Variable, Tensor>;

/** Gradients by variable, from a map or from two lists. */
export function paired(given: Gradients | readonly (Tensor | null)[], variables?: readonly Variable[]): Gradients {
  if (given instanceof Map) return given;
  const gradients = given as readonly (Tensor | null)[];
  if (!Array.isArray(gradients) || gradients.length !== variables?.length) {
    throw new RondoError("shape", "apply needs a gradient for every variable", {
      received: `${Array.isArray(gradients) ? gradients.length : typeof gradients} for ${variables?.length ?? "no list of"} variables`,
      expected: "apply(tape.gradient(loss, variables), variables), or apply(new Map([[variable, gradient]]))",
    });
  }
  return new Map(variables.flatMap((v, i) => (gradients[i] ? [[v, gradients[i]] as const] : [])));
}

export function checkFits(variable: Variable, gradient: Tensor): void {
  if (sameShape(variable.shape, gradient.shape) && gradient.dtype === "float32") return;
  throw new RondoError("shape", `the gradient does not fit the variable "${variable.name}"`, {
    received: `${gradient.dtype} ${formatShape(gradient.shape)}`,
    expected: `float32 ${formatShape(variable.shape)}`,
  });
}

/** Where the first element that is NaN or infinite is, or -1. */
export function firstNonFinite({ storage, offset, size }: Tensor): number {
  return storage.engine.kernels.findNonFinite(offset, size);
}
