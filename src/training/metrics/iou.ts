import { checkOptions, RondoError } from "../../errors.js";
import { greaterEqual } from "../../tensor/ops/comparison.js";
import { argMax } from "../../tensor/ops/reduce.js";
import { formatShape, sameShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { checkCount } from "../checks.js";
import { type Metric, tallyMetric } from "./metric.js";
import { weightsOf } from "./values.js";

/** Options of `metrics.meanIoU`. */
export interface MeanIoUOptions {
  /** Number of classes; class numbers count from 0. */
  numClasses: number;
  /** Targets of this class do not count. */
  ignoreClass?: number | null;
  /** Targets are class numbers (true, the default) or one-hot. */
  sparseYTrue?: boolean;
  /** Predictions are class numbers (true, the default) or one number for each class. */
  sparseYPred?: boolean;
  /** Where one number for each class lies. -1, the last axis, by default. */
  axis?: number;
}

/** Options of `metrics.iou`. */
export interface IoUOptions extends MeanIoUOptions {
  /** Classes whose mean is the result. */
  targetClassIds: readonly number[];
}

interface IoUParts {
  readonly name: string;
  readonly config: Record<string, unknown>;
  readonly numClasses: number;
  readonly classes: readonly number[];
  readonly ignoreClass: number | null;
  /** Class numbers of targets and predictions. */
  readonly numbers: (yTrue: Tensor, yPred: Tensor) => readonly [Tensor, Tensor];
}

/** Class numbers out of range do not count; classes that do not occur are left out of the mean. */
function intersections({ name, config, numClasses: n, classes, ignoreClass, numbers }: IoUParts): Metric {
  return tallyMetric({
    name,
    direction: "up",
    config,
    update: (tally, yTrue, yPred, sampleWeight, mask) => {
      const [t, p] = numbers(yTrue, yPred);
      if (!sameShape(t.shape, p.shape)) {
        throw new RondoError("shape", `metric ${name}: the targets do not fit the predictions`, {
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
      for (const c of classes) {
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

function multiClass(name: string, given: Partial<IoUOptions> | undefined, oneHot: boolean): Metric {
  const single = !name.toLowerCase().includes("mean");
  const names = ["numClasses", "ignoreClass", "sparseYPred", "axis"];
  if (!oneHot) names.push("sparseYTrue");
  checkOptions(`metrics.${name}`, given ?? {}, single ? [...names, "targetClassIds"] : names);
  const { ignoreClass = null, sparseYTrue = !oneHot, sparseYPred = !oneHot, axis = -1 } = given ?? {};
  const numClasses = given?.numClasses as number;
  checkCount(`metrics.${name}`, "numClasses", numClasses, 2);
  const classes = single ? given?.targetClassIds : Array.from({ length: numClasses }, (_, c) => c);
  if (!Array.isArray(classes) || classes.length === 0 || classes.some((c) => !(c >= 0 && c < numClasses))) {
    throw new RondoError("value", `metrics.${name} needs targetClassIds`, {
      received: JSON.stringify(classes),
      expected: `a list of class numbers below ${numClasses}`,
    });
  }
  const config: Record<string, unknown> = { numClasses, ignoreClass, sparseYPred, axis };
  if (!oneHot) config.sparseYTrue = sparseYTrue;
  if (single) config.targetClassIds = [...classes];
  const numbers = (yTrue: Tensor, yPred: Tensor) =>
    [sparseYTrue ? yTrue : argMax(yTrue, axis), sparseYPred ? yPred : argMax(yPred, axis)] as const;
  return intersections({ name, config, numClasses, classes, ignoreClass, numbers });
}

/**
 * For every class the share of what is both predicted and true among what is either (intersection over union), the mean
 * over the classes that occur. Class numbers out of range do not count.
 *
 * @example metrics.meanIoU({ numClasses: 3, sparseYPred: false }) // targets [batch, time], outputs [batch, time, 3]
 */
export function meanIoU(options: MeanIoUOptions): Metric {
  return multiClass("meanIoU", options, false);
}

/** Like `meanIoU`, over the classes named. @example metrics.iou({ numClasses: 3, targetClassIds: [1] }) */
export function iou(options: IoUOptions): Metric {
  return multiClass("iou", options, false);
}

/**
 * `meanIoU` of one-hot targets and of outputs with one number for each class.
 *
 * @example metrics.oneHotMeanIoU({ numClasses: 3 })
 */
export function oneHotMeanIoU(options: Omit<MeanIoUOptions, "sparseYTrue">): Metric {
  return multiClass("oneHotMeanIoU", options, true);
}

/**
 * `iou` of one-hot targets and of outputs with one number for each class.
 *
 * @example metrics.oneHotIoU({ numClasses: 3, targetClassIds: [1] })
 */
export function oneHotIoU(options: Omit<IoUOptions, "sparseYTrue">): Metric {
  return multiClass("oneHotIoU", options, true);
}

/** Options of `metrics.binaryIoU`. */
export interface BinaryIoUOptions {
  /** Which of the answers count: 0 (no), 1 (yes) or, as by default, both. */
  targetClassIds?: readonly number[];
  /** Outputs of at least this are a yes. 0.5 by default. */
  threshold?: number;
}

/**
 * Intersection over union of yes/no answers. Targets are 0 and 1, outputs probabilities of the same shape.
 *
 * @example metrics.binaryIoU({ threshold: 0.3 })
 */
export function binaryIoU(options: BinaryIoUOptions = {}): Metric {
  checkOptions("metrics.binaryIoU", options, ["targetClassIds", "threshold"]);
  const { targetClassIds = [0, 1], threshold = 0.5 } = options;
  if (targetClassIds.length === 0 || targetClassIds.some((c) => c !== 0 && c !== 1)) {
    throw new RondoError("value", "metrics.binaryIoU: there are the classes 0 and 1", {
      received: JSON.stringify(targetClassIds),
    });
  }
  return intersections({
    name: "binaryIoU",
    config: { targetClassIds: [...targetClassIds], threshold },
    numClasses: 2,
    classes: targetClassIds,
    ignoreClass: null,
    numbers: (yTrue, yPred) => [yTrue, greaterEqual(yPred, threshold)],
  });
}
