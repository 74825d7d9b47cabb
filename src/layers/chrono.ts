import { RondoError } from "../errors.js";
import { zeros } from "../tensor/ops/creation.js";
import { type RandomSource, randomUniform } from "../tensor/ops/random.js";
import { concat, stack } from "../tensor/ops/slicing.js";
import { log, neg } from "../tensor/ops/unary.js";
import { formatShape, type Shape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";

/**
 * The bias of a gated cell whose units remember for times spread from 1 to `maxTime` steps: the forget gate's bias is
 * log u with u uniform in [1, maxTime - 1], the input gate's -log u, all others 0. A GRU's update gate is both in one
 * (Tallec and Ollivier 2018, arXiv 1804.11188).
 */
export function chronoBias(shape: Shape, cell: string, maxTime: number, random: RandomSource | undefined): Tensor {
  const gates = { lstm: 4, gru: 3 }[cell];
  const columns = shape[shape.length - 1] ?? 0;
  if (gates === undefined || !(maxTime > 2)) {
    throw new RondoError("option", 'initializer "chrono" cannot use these options', {
      received: `cell ${JSON.stringify(cell)}, maxTime ${maxTime}`,
      expected: 'cell "lstm" or "gru", and as maxTime the steps to remember, more than 2',
    });
  }
  if (columns % gates !== 0 || shape.length > 2 || (shape.length === 2 && shape[0] !== 2)) {
    throw new RondoError("shape", `initializer "chrono" makes the bias of a layer of ${cell} cells`, {
      received: formatShape(shape),
      expected: `[${gates} units]${cell === "gru" ? ", or [2, 3 units]" : ""}`,
    });
  }
  const units = columns / gates;
  const keep = log(randomUniform([units], 1, maxTime - 1, random));
  const row = concat(cell === "lstm" ? [neg(keep), keep, zeros([2 * units])] : [keep, zeros([2 * units])]);
  return shape.length === 2 ? stack([row, zeros([columns])]) : row;
}
