import { checkOptions, RondoError } from "../../errors.js";
import type { Tensor } from "../../tensor/tensor.js";
import { inShape } from "./accuracy.js";
import { type Metric, ratio, type Tally, tallyMetric } from "./metric.js";
import { weightsOf } from "./values.js";

function checkThreshold(where: string, threshold: number): void {
  if (threshold >= 0 && threshold <= 1) return;
  throw new RondoError("value", `metrics.${where}: the threshold lies between 0 and 1`, {
    received: String(threshold),
  });
}

/** Counts of right and wrong yes/no answers over all outputs. */
function count(name: string, threshold: number) {
  return (tally: Tally, yTrue: Tensor, yPred: Tensor, sampleWeight: Tensor | null, mask: Tensor | null) => {
    const targets = inShape(name, yTrue, yPred.shape, yPred).view();
    const weights = weightsOf(yPred.shape, sampleWeight, mask);
    const [tp, fp, fn] = ["truePositives", "falsePositives", "falseNegatives"].map((row) => tally.row(row)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    yPred.view().forEach((p, i) => {
      const w = weights ? weights[i]! : 1;
      const yes = targets[i]! !== 0;
      if (p > threshold) (yes ? tp : fp)[0]! += w;
      else if (yes) fn[0]! += w;
    });
  };
}

interface ThresholdOptions {
  /** Outputs above it are a yes. 0.5 by default. */
  thresholds?: number;
}

function ofCounts(name: "precision" | "recall", options: ThresholdOptions, wrong: string): Metric {
  checkOptions(`metrics.${name}`, options, ["thresholds"]);
  const { thresholds = 0.5 } = options;
  checkThreshold(name, thresholds);
  return tallyMetric({
    name,
    direction: "up",
    config: { thresholds },
    update: count(name, thresholds),
    result: (tally) => {
      const right = tally.row("truePositives")[0]!;
      return ratio(right, right + tally.row(wrong)[0]!);
    },
  });
}

/** Share of right ones among all outputs above the threshold: tp / (tp + fp). Targets are 0 and 1. */
export function precision(options: ThresholdOptions = {}): Metric {
  return ofCounts("precision", options, "falsePositives");
}

/** Share of outputs above the threshold among all targets that are 1: tp / (tp + fn). */
export function recall(options: ThresholdOptions = {}): Metric {
  return ofCounts("recall", options, "falseNegatives");
}

const averages = ["micro", "macro", "weighted"] as const;

export interface FScoreOptions {
  /** "macro": mean over the classes; "weighted": by their number of targets; "micro": all classes together. */
  average?: (typeof averages)[number];
  /** Outputs above it are a yes; null: the largest output is (0.5 where there is but one output). */
  threshold?: number | null;
}

const EPSILON = 1e-7;

function fScore(name: string, beta: number, options: FScoreOptions, config: Record<string, unknown>): Metric {
  const { average = "macro", threshold = null } = options;
  if (threshold !== null) checkThreshold(name, threshold);
  if (!averages.includes(average) || !(beta > 0)) {
    throw new RondoError("option", `metrics.${name}: unknown average, or beta not above 0`, {
      received: `average ${JSON.stringify(average)}, beta ${beta}`,
      expected: averages.join(", "),
    });
  }
  return tallyMetric({
    name,
    direction: "up",
    config: { ...config, average, threshold },
    update: (tally, yTrue, yPred, sampleWeight, mask) => {
      const classes = yPred.shape.at(-1)!;
      const targets = inShape(name, yTrue, yPred.shape, yPred).view();
      const scores = yPred.view();
      const weights = weightsOf(yPred.shape.slice(0, -1), sampleWeight, mask);
      const [tp, fp, fn] = ["tp", "fp", "fn"].map((row) => tally.row(row, classes)) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      for (let row = 0; row * classes < scores.length; row++) {
        const from = row * classes;
        const w = weights ? weights[row]! : 1;
        let top = Number.NEGATIVE_INFINITY;
        for (let c = 0; c < classes; c++) top = Math.max(top, scores[from + c]!);
        const limit = threshold ?? (classes === 1 ? 0.5 : null);
        for (let c = 0; c < classes; c++) {
          const p = scores[from + c]!;
          // Without a threshold several equal largest outputs all count, but a row of zeros does not (Keras).
          const yes = limit === null ? p >= top && Math.abs(p) > 1e-9 : p > limit;
          const t = targets[from + c]!;
          if (yes) {
            tp[c]! += w * t;
            fp[c]! += w * (1 - t);
          } else fn[c]! += w * t;
        }
      }
    },
    result: (tally) => {
      const [tp, fp, fn] = ["tp", "fp", "fn"].map((row) => [...tally.row(row)]) as [number[], number[], number[]];
      const score = (hit: number, extra: number, missed: number) => {
        const p = hit / (hit + extra + EPSILON);
        const r = hit / (hit + missed + EPSILON);
        return ((1 + beta * beta) * p * r) / (beta * beta * p + r + EPSILON);
      };
      const all = (values: number[]) => values.reduce((a, b) => a + b, 0);
      if (average === "micro") return score(all(tp), all(fp), all(fn));
      const scores = tp.map((hit, c) => score(hit, fp[c]!, fn[c]!));
      if (average === "macro") return all(scores) / scores.length;
      const support = tp.map((hit, c) => hit + fn[c]!);
      return all(scores.map((s, c) => s * support[c]!)) / (all(support) + EPSILON);
    },
  });
}

/**
 * (1 + β²) · precision · recall / (β² · precision + recall), class by class over the last axis, then averaged. Targets are
 * one-hot or several 0 and 1. `beta` above 1 makes recall count more. The average is "macro" by default: a metric here is
 * one number, where Keras gives one for every class.
 */
export function fBetaScore(options: FScoreOptions & { beta?: number } = {}): Metric {
  checkOptions("metrics.fBetaScore", options, ["beta", "average", "threshold"]);
  const { beta = 1 } = options;
  return fScore("fBetaScore", beta, options, { beta });
}

/** The harmonic mean of precision and recall; `fBetaScore` with beta 1. */
export function f1Score(options: FScoreOptions = {}): Metric {
  checkOptions("metrics.f1Score", options, ["average", "threshold"]);
  return fScore("f1Score", 1, options, {});
}
