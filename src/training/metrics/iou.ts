import { checkOptions, RondoError } from "../../errors.js";
import { argMax } from "../../tensor/ops/reduce.js";
import { formatShape, sameShape } from "../../tensor/shape.js";
import { checkCount } from "../checks.js";
import { type Metric, tallyMetric } from "./metric.js";
import { weightsOf } from "./values.js";

export interface MeanIoUOptions {
  numClasses: number;
  /** Targets of this class do not count. */
  ignoreClass?: number | null;
  /** Targets are class numbers (true, the default) or one-hot. */
  sparseYTrue?: boolean;
  /** Predictions are class numbers (true, the default) or one number for each class. */
  sparseYPred?: boolean;
}

/**
 * For every class the share of what is both predicted and true among what is either (intersection over union), the mean
 * over the classes that occur. Class numbers out of range do not count.
 *
 * @example metrics.meanIoU({ numClasses: 3, sparseYPred: false }) // targets [batch, time], outputs [batch, time, 3]
 */
export function meanIoU(options: MeanIoUOptions): Metric {
  const names = ["numClasses", "ignoreClass", "sparseYTrue", "sparseYPred"];
  checkOptions("metrics.meanIoU", options ?? {}, names);
  const { numClasses: n, ignoreClass = null, sparseYTrue = true, sparseYPred = true } = options ?? {};
  checkCount("metrics.meanIoU", "numClasses", n, 2);
  return tallyMetric({
    name: "meanIoU",
    direction: "up",
    config: { numClasses: n, ignoreClass, sparseYTrue, sparseYPred },
    update: (tally, yTrue, yPred, sampleWeight, mask) => {
      const [t, p] = [sparseYTrue ? yTrue : argMax(yTrue, -1), sparseYPred ? yPred : argMax(yPred, -1)];
      if (!sameShape(t.shape, p.shape)) {
        throw new RondoError("shape", "metric meanIoU: the targets do not fit the predictions", {
          received: `targets ${formatShape(yTrue.shape)}, predictions ${formatShape(yPred.shape)}`,
          expected: "class numbers of one shape",
          fix: "set sparseYPred: false when the model gives one number for each class",
        });
      }
      const confusion = tally.row("confusion", n * n);
      const weights = weightsOf(t.shape, sampleWeight, mask);
      const predicted = p.view();
      t.view().forEach((target, i) => {
        const [row, column] = [Math.trunc(target), Math.trunc(predicted[i]!)];
        if (row === ignoreClass || row < 0 || column < 0 || row >= n || column >= n) return;
        confusion[row * n + column]! += weights ? weights[i]! : 1;
      });
    },
    result: (tally) => {
      const confusion = tally.row("confusion", n * n);
      let total = 0;
      let present = 0;
      for (let c = 0; c < n; c++) {
        let union = -confusion[c * n + c]!;
        for (let k = 0; k < n; k++) union += confusion[c * n + k]! + confusion[k * n + c]!;
        if (union <= 0) continue;
        total += confusion[c * n + c]! / union;
        present++;
      }
      return present === 0 ? 0 : total / present;
    },
  });
}
