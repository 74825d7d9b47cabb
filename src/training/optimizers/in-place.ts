import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";

/** x += factor · y */
export function addScaled(x: Variable, factor: number, y: Tensor): void {
  x.storage.engine.kernels.axpy(factor, y.offset, x.offset, x.size);
}

/** x = keep · x + share · y */
export function blend(x: Variable, keep: number, y: Tensor, share: number): void {
  x.storage.engine.kernels.scaleInPlace(x.offset, x.size, keep);
  addScaled(x, share, y);
}
