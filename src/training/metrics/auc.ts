import { checkOptions, RondoError } from "../../errors.js";
import { checkCount } from "../checks.js";
import { inShape } from "./accuracy.js";
import { type Metric, ratio, type Tally, tallyMetric } from "./metric.js";
import { weightsOf } from "./values.js";

/** Options of `metrics.auc`. */
export interface AucOptions {
  /** Thresholds the curve is drawn through, evenly between 0 and 1; more make it finer. 200 by default. */
  numThresholds?: number;
  /** "ROC": true over false positive rate; "PR": precision over recall. "ROC" by default. */
  curve?: "ROC" | "PR";
  /** Predictions are logits (before sigmoid) rather than probabilities. */
  fromLogits?: boolean;
}

/** What lies at or above each threshold, from how much lies between each and the next. @internal */
export function above(counts: Float64Array): Float64Array {
  const result = counts.slice();
  for (let i = result.length - 2; i >= 0; i--) result[i]! += result[i + 1]!;
  return result;
}

interface Answers {
  readonly targets: ArrayLike<number>;
  /** Probabilities. */
  readonly scores: ArrayLike<number>;
  readonly weights: ArrayLike<number> | null;
}

/** Adds yes/no answers to the rows "positive" and "negative", by the last of n even thresholds below each. @internal */
export function countByThreshold(name: string, tally: Tally, n: number, { targets, scores, weights }: Answers): void {
  const [positive, negative] = [tally.row("positive", n), tally.row("negative", n)];
  for (let i = 0; i < scores.length; i++) {
    const [p, w] = [scores[i]!, weights ? weights[i]! : 1];
    if (w === 0) continue;
    if (!(p >= 0 && p <= 1)) {
      throw new RondoError("value", `metric ${name}: predictions are probabilities`, {
        received: String(p),
        expected: "0 to 1",
        fix: `end the model with a sigmoid${name === "auc" ? ", or set fromLogits: true" : ""}`,
      });
    }
    // The first threshold lies just below 0.
    (targets[i] === 0 ? negative : positive)[Math.max(Math.ceil(p * (n - 1)) - 1, 0)]! += w;
  }
}

function rocArea(tp: Float64Array, fp: Float64Array): number {
  let area = 0;
  for (let i = 0; i + 1 < tp.length; i++) {
    const width = ratio(fp[i]! - fp[i + 1]!, fp[0]!);
    area += (width * ratio(tp[i]! + tp[i + 1]!, tp[0]!)) / 2;
  }
  return area;
}

/** Between two thresholds true and all positives change in proportion (Davis and Goadrich 2006, section 4). */
function prArea(tp: Float64Array, fp: Float64Array): number {
  let area = 0;
  for (let i = 0; i + 1 < tp.length; i++) {
    const [from, to] = [tp[i]! + fp[i]!, tp[i + 1]! + fp[i + 1]!];
    const gained = tp[i]! - tp[i + 1]!;
    const slope = ratio(gained, Math.max(from - to, 0));
    const intercept = tp[i + 1]! - slope * to;
    const logRatio = from > 0 && to > 0 ? Math.log(from / to) : 0;
    area += ratio(slope * (gained + intercept * logRatio), tp[0]!);
  }
  return area;
}

/**
 * Area under the curve that yes/no answers draw as their threshold goes from 0 to 1, by Keras' thresholds and
 * interpolation: 1 is perfect; 0.5 (ROC) is guessing. Targets are 0 and 1. All outputs count together.
 *
 * @example model.compile({ optimizer: "adam", loss: "binaryCrossentropy", metrics: [metrics.auc({ curve: "PR" })] });
 */
export function auc(options: AucOptions = {}): Metric {
  checkOptions("metrics.auc", options, ["numThresholds", "curve", "fromLogits"]);
  const { numThresholds = 200, curve = "ROC", fromLogits = false } = options;
  checkCount("metrics.auc", "numThresholds", numThresholds, 2);
  if (curve !== "ROC" && curve !== "PR") {
    throw new RondoError("option", "metrics.auc: unknown curve", {
      received: JSON.stringify(curve),
      expected: '"ROC" or "PR"',
    });
  }
  return tallyMetric({
    name: "auc",
    direction: "up",
    config: { numThresholds, curve, fromLogits },
    update: (tally, yTrue, yPred, sampleWeight, mask) => {
      const targets = inShape("auc", yTrue, yPred.shape, yPred).view();
      const weights = weightsOf(yPred.shape, sampleWeight, mask);
      const outputs = yPred.view();
      const scores = fromLogits ? Float32Array.from(outputs, (x) => 1 / (1 + Math.exp(-x))) : outputs;
      countByThreshold("auc", tally, numThresholds, { targets, scores, weights });
    },
    result: (tally) => {
      const [tp, fp] = [above(tally.row("positive")), above(tally.row("negative"))];
      return curve === "ROC" ? rocArea(tp, fp) : prArea(tp, fp);
    },
  });
}
