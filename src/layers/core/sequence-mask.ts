import { RondoError } from "../../errors.js";
import { less } from "../../tensor/ops/comparison.js";
import { arange } from "../../tensor/ops/creation.js";
import { expandDims } from "../../tensor/ops/movement.js";
import { indices } from "../../tensor/ops/operands.js";
import { formatShape } from "../../tensor/shape.js";
import { asTensor, type Tensor, type TensorLike } from "../../tensor/tensor.js";

/**
 * The mask of sequences that are padded at their end: true for the first `lengths[i]` steps of example i.
 *
 * @param lengths [batch], whole numbers from 0 to maxLength.
 * @param maxLength steps of the mask, padding included.
 * @returns [batch, maxLength] bool. Throws RondoError "value" for lengths beyond maxLength and fractions.
 * @example sequenceMask([1, 3], 3) // [[true, false, false], [true, true, true]]
 */
export function sequenceMask(lengths: TensorLike, maxLength: number): Tensor {
  const given = asTensor(lengths);
  if (given.rank !== 1 || !Number.isInteger(maxLength) || maxLength < 0) {
    throw new RondoError("shape", "sequenceMask needs one length per sequence", {
      received: `lengths ${formatShape(given.shape)}, maxLength ${maxLength}`,
      expected: "lengths [batch] and a whole number of steps",
    });
  }
  const counts = indices(given, maxLength + 1, "sequenceMask, lengths");
  return less(arange(0, maxLength, 1, "int32"), expandDims(counts, 1));
}
