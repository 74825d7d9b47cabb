import { noGrad } from "../autograd/tape.js";
import { scope } from "../tensor/scope.js";
import type { Tensor } from "../tensor/tensor.js";

/** Runs ordinary operations without recording them, and frees what they made. */
export function plainly(body: () => void): void {
  noGrad(() => scope(body));
}

export function copy(from: Tensor, to: Tensor): void {
  to.view().set(from.view());
}
