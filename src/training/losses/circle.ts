import { RondoError } from "../../errors.js";
import { add, maximum, mul, sub } from "../../tensor/ops/arithmetic.js";
import { cast, equal, greater, logicalAnd, logicalNot, where } from "../../tensor/ops/comparison.js";
import { eye } from "../../tensor/ops/creation.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { reshape } from "../../tensor/ops/movement.js";
import { logSumExp } from "../../tensor/ops/reduce.js";
import { softplus } from "../../tensor/ops/unary.js";
import { formatShape } from "../../tensor/shape.js";
import { checkNumber, defineLoss } from "./loss.js";

/** Options of `losses.circle`. */
export interface CircleOptions {
  /** Scale of the similarities. 80 by default. */
  gamma?: number;
  /** How far similarities may stay from 1 within a class and from 0 between classes. 0.4 by default. */
  margin?: number;
  /** Whether an example is not compared with itself. True by default. */
  removeDiagonal?: boolean;
}

/** Small enough for its exponential to be 0, large enough for differences to be finite. */
const NONE = -1e9;

/**
 * Pulls embeddings of a class together and pushes others apart, those most that are furthest from where they should be
 * (Sun et al. 2020, arXiv 2002.10857). Predictions are embeddings of length 1, [batch, size]; targets class numbers,
 * [batch]. Examples whose loss is 0, such as those alone in their class, do not count in the mean, as in Keras.
 *
 * @example losses.circle({ gamma: 64, margin: 0.25 })
 */
export const circle = defineLoss<CircleOptions>(
  "circle",
  { gamma: 80, margin: 0.4, removeDiagonal: true },
  ({ gamma, margin, removeDiagonal }) => {
    checkNumber("circle", "gamma", gamma, gamma > 0, "above 0");
    checkNumber("circle", "margin", margin, margin >= 0 && margin <= 1, "between 0 and 1");
    return {
      values: (yTrue, yPred) => {
        const batch = yPred.shape[0] ?? 0;
        if (yPred.rank !== 2 || yTrue.size !== batch) {
          throw new RondoError("shape", "circle: targets and predictions do not fit", {
            received: `targets ${formatShape(yTrue.shape)}, predictions ${formatShape(yPred.shape)}`,
            expected: "targets [batch], predictions [batch, size]",
          });
        }
        const same = equal(reshape(yTrue, [batch, 1]), reshape(yTrue, [1, batch]));
        const other = logicalNot(cast(eye(batch), "bool"));
        const positive = removeDiagonal ? logicalAnd(same, other) : same;
        const distance = maximum(sub(1, matMul(yPred, yPred, { transposeB: true })), 0);
        const pull = mul(mul(add(distance, margin), sub(distance, margin)), gamma);
        const push = mul(mul(maximum(sub(1 + margin, distance), 0), sub(1 - margin, distance)), gamma);
        const within = logSumExp(where(positive, pull, NONE), 1);
        const between = logSumExp(where(same, NONE, push), 1);
        return softplus(add(within, between));
      },
      valid: (_, values) => greater(values, 0),
    };
  },
);
