import { checkOptions, RondoError } from "../../errors.js";
import { checkCount } from "../checks.js";
import { inShape } from "./accuracy.js";
import { type Direction, type Metric, ratio, tallyMetric } from "./metric.js";
import { weightsOf } from "./values.js";

function checkThreshold(where: string, threshold: number): void {
  if (threshold >= 0 && threshold <= 1) return;
  throw new RondoError("value", `metrics.${where}: the threshold lies between 0 and 1`, {
    received: String(threshold),
  });
}

/** Options of metrics that count yes/no answers. */
export interface ThresholdOptions {
  /** Outputs above it are a yes. 0.5 by default, with `topK` none. */
  thresholds?: number;
}

/** Options of `metrics.precision` and `metrics.recall`. */
export interface PrecisionOptions extends ThresholdOptions {
  /** Only the k largest outputs (over the last axis) can be a yes. */
  topK?: number;
  /** Only this class (place in the last axis) counts. */
  classId?: number;
}

const rows = ["truePositives", "falsePositives", "falseNegatives", "trueNegatives"] as const;

/** A metric of how many yes/no answers are right and wrong, over all outputs. */
function ofCounts(
  name: string,
  direction: Direction,
  options: PrecisionOptions,
  extra: readonly string[],
  result: (count: (row: (typeof rows)[number]) => number) => number,
): Metric {
  checkOptions(`metrics.${name}`, options, ["thresholds", ...extra]);
  const { topK = null, classId = null } = options;
  const thresholds = options.thresholds ?? (topK === null ? 0.5 : null);
  if (thresholds !== null) checkThreshold(name, thresholds);
  if (topK !== null) checkCount(`metrics.${name}`, "topK", topK);
  if (classId !== null) checkCount(`metrics.${name}`, "classId", classId, 0);
  return tallyMetric({
    name,
    direction,
    config: {
      ...(thresholds === null ? {} : { thresholds }),
      ...(topK ? { topK } : {}),
      ...(classId === null ? {} : { classId }),
    },
    update: (tally, yTrue, yPred, sampleWeight, mask) => {
      const targets = inShape(name, yTrue, yPred.shape, yPred).view();
      const weights = weightsOf(yPred.shape, sampleWeight, mask);
      const [tp, fp, fn, tn] = rows.map((row) => tally.row(row)) as Float64Array[];
      const classes = yPred.shape.at(-1)!;
      const scores = yPred.view();
      const among = topK === null ? null : largest(scores, classes, topK);
      scores.forEach((p, i) => {
        if (classId !== null && i % classes !== classId) return;
        const yes = (thresholds === null || p > thresholds) && (among === null || among[i] === 1);
        const is = targets[i]! !== 0;
        (yes ? (is ? tp! : fp!) : is ? fn! : tn!)[0]! += weights ? weights[i]! : 1;
      });
    },
    result: (tally) => result((row) => tally.row(row)[0]!),
  });
}

/** 1 for the k largest numbers of every row, 0 for the rest; of equal ones the first. */
function largest(scores: ArrayLike<number>, size: number, k: number): Uint8Array {
  const marks = new Uint8Array(scores.length);
  for (let from = 0; from < scores.length; from += size) {
    const order = Array.from({ length: size }, (_, i) => from + i).sort((a, b) => scores[b]! - scores[a]! || a - b);
    for (const i of order.slice(0, k)) marks[i] = 1;
  }
  return marks;
}

const choices = ["topK", "classId"] as const;

/**
 * Share of right ones among all outputs above the threshold: tp / (tp + fp). Targets are 0 and 1.
 *
 * @example metrics.precision({ thresholds: 0.7 })
 */
export function precision(options: PrecisionOptions = {}): Metric {
  return ofCounts("precision", "up", options, choices, (n) =>
    ratio(n("truePositives"), n("truePositives") + n("falsePositives")),
  );
}

/**
 * Share of outputs above the threshold among all targets that are 1: tp / (tp + fn).
 *
 * @example metrics.recall({ topK: 1, classId: 2 })
 */
export function recall(options: PrecisionOptions = {}): Metric {
  return ofCounts("recall", "up", options, choices, (n) =>
    ratio(n("truePositives"), n("truePositives") + n("falseNegatives")),
  );
}

/** Number (or weight) of targets that are 1 with outputs above the threshold. @example metrics.truePositives() */
export function truePositives(options: ThresholdOptions = {}): Metric {
  return ofCounts("truePositives", "up", options, [], (n) => n("truePositives"));
}

/** Number (or weight) of targets that are 0 with outputs above the threshold. @example metrics.falsePositives() */
export function falsePositives(options: ThresholdOptions = {}): Metric {
  return ofCounts("falsePositives", "down", options, [], (n) => n("falsePositives"));
}

/** Number (or weight) of targets that are 0 with outputs not above the threshold. @example metrics.trueNegatives() */
export function trueNegatives(options: ThresholdOptions = {}): Metric {
  return ofCounts("trueNegatives", "up", options, [], (n) => n("trueNegatives"));
}

/** Number (or weight) of targets that are 1 with outputs not above the threshold. @example metrics.falseNegatives() */
export function falseNegatives(options: ThresholdOptions = {}): Metric {
  return ofCounts("falseNegatives", "down", options, [], (n) => n("falseNegatives"));
}

const averages = ["micro", "macro", "weighted"] as const;

/** Options of `metrics.f1Score`. */
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
 *
 * @example metrics.fBetaScore({ beta: 2 })
 */
export function fBetaScore(options: FScoreOptions & { beta?: number } = {}): Metric {
  checkOptions("metrics.fBetaScore", options, ["beta", "average", "threshold"]);
  const { beta = 1 } = options;
  return fScore("fBetaScore", beta, options, { beta });
}

/**
 * The harmonic mean of precision and recall; `fBetaScore` with beta 1.
 *
 * @example metrics.f1Score({ average: "micro" })
 */
export function f1Score(options: FScoreOptions = {}): Metric {
  checkOptions("metrics.f1Score", options, ["average", "threshold"]);
  return fScore("f1Score", 1, options, {});
}
