import { checkOptions, RondoError } from "../../errors.js";
import { checkCount } from "../checks.js";
import { inShape } from "./accuracy.js";
import { above, countByThreshold, evenly } from "./auc.js";
import { type Metric, ratio, tallyMetric } from "./metric.js";
import { weightsOf } from "./values.js";

/** Shares at one threshold. */
interface Shares {
  readonly precision: number;
  readonly recall: number;
  readonly sensitivity: number;
  readonly specificity: number;
}

export interface ThresholdsOption {
  /** Thresholds tried, evenly from 0 to 1; more make the answer finer. 200 by default. */
  numThresholds?: number;
  /** Only this class (place in the last axis) counts. */
  classId?: number | null;
}

/** The largest share of one kind over the thresholds at which another is at least what was asked for; 0 without any. */
function best<Given extends keyof Shares>(wanted: keyof Shares, given: Given) {
  const name = `${wanted}At${given[0]!.toUpperCase()}${given.slice(1)}`;
  return (options: ThresholdsOption & Record<Given, number>): Metric => {
    checkOptions(`metrics.${name}`, options ?? {}, [given, "numThresholds", "classId"]);
    const limit: number | undefined = options?.[given];
    const { numThresholds = 200, classId = null } = options ?? {};
    if (classId !== null) checkCount(`metrics.${name}`, "classId", classId, 0);
    checkCount(`metrics.${name}`, "numThresholds", numThresholds, 2);
    if (!(limit !== undefined && limit >= 0 && limit <= 1)) {
      throw new RondoError("value", `metrics.${name} needs the ${given} to reach`, {
        received: String(limit),
        expected: `{ ${given}: 0.8 }, from 0 to 1`,
      });
    }
    return tallyMetric({
      name,
      direction: "up",
      config: { [given]: limit, numThresholds, classId },
      update: (tally, yTrue, yPred, sampleWeight, mask) => {
        const targets = inShape(name, yTrue, yPred.shape, yPred).view();
        const weights = weightsOf(yPred.shape, sampleWeight, mask);
        const part = classId === null ? {} : { first: classId, stride: yPred.shape.at(-1)! };
        const counts = [tally.row("positive", numThresholds), tally.row("negative", numThresholds)] as const;
        countByThreshold(name, counts, { targets, scores: yPred.view(), weights, ...part }, evenly(numThresholds));
      },
      result: (tally) => {
        const [tp, fp] = [above(tally.row("positive")), above(tally.row("negative"))];
        const shares = Array.from(tp, (right, i): Shares => {
          const recall = ratio(right, tp[0]!);
          const specificity = ratio(fp[0]! - fp[i]!, fp[0]!);
          return { precision: ratio(right, right + fp[i]!), recall, sensitivity: recall, specificity };
        });
        return Math.max(0, ...shares.filter((share) => share[given] >= limit).map((share) => share[wanted]));
      },
    });
  };
}

/**
 * The best precision at the thresholds where recall is at least `recall`. Targets are 0 and 1.
 *
 * @example metrics.precisionAtRecall({ recall: 0.8 })
 */
export const precisionAtRecall: (options: ThresholdsOption & { recall: number }) => Metric = best(
  "precision",
  "recall",
);

/**
 * The best recall at the thresholds where precision is at least `precision`. Targets are 0 and 1.
 *
 * @example metrics.recallAtPrecision({ precision: 0.8 })
 */
export const recallAtPrecision: (options: ThresholdsOption & { precision: number }) => Metric = best(
  "recall",
  "precision",
);

/**
 * The best share of ones found where at least `specificity` of the zeros are left alone. Targets are 0 and 1.
 *
 * @example metrics.sensitivityAtSpecificity({ specificity: 0.9 })
 */
export const sensitivityAtSpecificity: (options: ThresholdsOption & { specificity: number }) => Metric = best(
  "sensitivity",
  "specificity",
);

/**
 * The best share of zeros left alone where at least `sensitivity` of the ones are found. Targets are 0 and 1.
 *
 * @example metrics.specificityAtSensitivity({ sensitivity: 0.9 })
 */
export const specificityAtSensitivity: (options: ThresholdsOption & { sensitivity: number }) => Metric = best(
  "specificity",
  "sensitivity",
);
