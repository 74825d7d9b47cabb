import { checkOptions, RondoError } from "../../errors.js";
import { formatShape } from "../../tensor/shape.js";
import { checkCount, checkWithin } from "../checks.js";
import { inShape } from "./accuracy.js";
import { type Metric, ratio, tallyMetric } from "./metric.js";
import { weightsOf } from "./values.js";

const curves = ["ROC", "PR", "PRGAIN"] as const;
const summations = ["interpolation", "minoring", "majoring"] as const;

/** Options of `metrics.auc`. */
export interface AucOptions {
  /** Thresholds the curve is drawn through, evenly between 0 and 1; more make it finer. 200 by default. */
  numThresholds?: number;
  /** The thresholds themselves, between 0 and 1, in place of even ones. */
  thresholds?: readonly number[] | null;
  /** "ROC": true over false positive rate; "PR": precision over recall; "PRGAIN": their gains. "ROC" by default. */
  curve?: (typeof curves)[number];
  /** Between two thresholds: in between, the lower or the higher of both. "interpolation" by default. */
  summationMethod?: (typeof summations)[number];
  /** One curve for each output (last axis), whose areas are averaged, rather than one of all outputs. */
  multiLabel?: boolean;
  /** How much each output counts. */
  labelWeights?: readonly number[] | null;
  /** Predictions are logits (before sigmoid) rather than probabilities. */
  fromLogits?: boolean;
}

/** What lies at or above each threshold, from how much lies between each and the next. @internal */
export function above(counts: Float64Array): Float64Array {
  const result = counts.slice();
  for (let i = result.length - 2; i >= 0; i--) result[i]! += result[i + 1]!;
  return result;
}

/** Which yes/no answers to count. */
interface Answers {
  readonly targets: ArrayLike<number>;
  /** Probabilities. */
  readonly scores: ArrayLike<number>;
  readonly weights: ArrayLike<number> | null;
  /** Place of one class in every row, and the length of a row; all answers by default. */
  readonly first?: number;
  readonly stride?: number;
}

/** How much lies between each threshold and the next: of what is a yes and of what is a no. */
type Counts = readonly [positive: Float64Array, negative: Float64Array];

/** Adds answers to the counts at the last threshold below each. @internal */
export function countByThreshold(name: string, [positive, negative]: Counts, answers: Answers, below: Below): void {
  const { targets, scores, weights, first = 0, stride = 1 } = answers;
  for (let i = first; i < scores.length; i += stride) {
    const [p, w] = [scores[i]!, weights ? weights[i]! : 1];
    if (w === 0) continue;
    if (!(p >= 0 && p <= 1)) {
      throw new RondoError("value", `metric ${name}: predictions are probabilities`, {
        received: String(p),
        expected: "0 to 1",
        fix: `end the model with a sigmoid${name === "auc" ? ", or set fromLogits: true" : ""}`,
      });
    }
    (targets[i] === 0 ? negative : positive)[below(p)]! += w;
  }
}

/** Number of the last threshold below a probability. */
type Below = (p: number) => number;

/** For n even thresholds, the first of which lies just below 0. @internal */
export const evenly =
  (n: number): Below =>
  (p) =>
    Math.max(Math.ceil(p * (n - 1)) - 1, 0);

/** Between two thresholds true and all positives change in proportion (Davis and Goadrich 2006, section 4). */
function interpolatedPr(tp: Float64Array, fp: Float64Array): number {
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

/** A point of a curve; P and N positives and negatives in all. Gains: Flach and Kull 2015. */
const points: Record<(typeof curves)[number], (tp: number, fp: number, P: number, N: number) => [number, number]> = {
  ROC: (tp, fp, P, N) => [ratio(fp, N), ratio(tp, P)],
  PR: (tp, fp, P) => [ratio(tp, P), ratio(tp, tp + fp)],
  PRGAIN: (tp, fp, P, N) =>
    tp === 0 ? [0, 1] : [Math.max(0, 1 - ratio(P, N) * ((P - tp) / tp)), 1 - ratio(P, N) * (fp / tp)],
};

const heights = {
  interpolation: (a: number, b: number) => (a + b) / 2,
  minoring: Math.min,
  majoring: Math.max,
};

/**
 * Area under the curve that yes/no answers draw as their threshold goes from 0 to 1, by Keras' thresholds and
 * interpolation: 1 is perfect; 0.5 (ROC) is guessing. Targets are 0 and 1. All outputs count together, unless `multiLabel`.
 *
 * @example model.compile({ optimizer: "adam", loss: "binaryCrossentropy", metrics: [metrics.auc({ curve: "PR" })] });
 */
export function auc(options: AucOptions = {}): Metric {
  const where = "metrics.auc";
  const defaults = {
    numThresholds: 200,
    thresholds: null,
    curve: "ROC",
    summationMethod: "interpolation",
    multiLabel: false,
    labelWeights: null,
    fromLogits: false,
  } as const;
  checkOptions(where, options, Object.keys(defaults));
  const settings: Required<AucOptions> = { ...defaults, ...options };
  const { curve, summationMethod, multiLabel, labelWeights, fromLogits } = settings;
  checkCount(where, "numThresholds", settings.numThresholds, 2);
  oneOf("curve", curve, curves);
  oneOf("summationMethod", summationMethod, summations);
  const inner = settings.thresholds && [...settings.thresholds].sort((a, b) => a - b);
  for (const [name, list, highest] of [
    ["thresholds", inner, 1],
    ["labelWeights", labelWeights, Number.MAX_VALUE],
  ] as const) {
    for (const value of list ?? []) checkWithin(where, name, value, 0, highest);
  }
  const n = inner ? inner.length + 2 : settings.numThresholds;
  // As with even ones, a first threshold below 0 and a last one above 1 are added.
  const below = inner ? (p: number) => inner.filter((threshold) => threshold < p).length : evenly(n);
  const area = ([positive, negative]: Counts): number => {
    const [tp, fp] = [above(positive), above(negative)];
    if (curve === "PR" && summationMethod === "interpolation") return interpolatedPr(tp, fp);
    const line = Array.from(tp, (right, i) => points[curve](right, fp[i]!, tp[0]!, fp[0]!));
    let sum = 0;
    for (let i = 0; i + 1 < n; i++) {
      sum += (line[i]![0] - line[i + 1]![0]) * heights[summationMethod](line[i]![1], line[i + 1]![1]);
    }
    return sum;
  };
  return tallyMetric({
    name: "auc",
    direction: "up",
    config: { ...settings },
    update: (tally, yTrue, yPred, sampleWeight, mask) => {
      const targets = inShape("auc", yTrue, yPred.shape, yPred).view();
      const labels = yPred.shape.at(-1)!;
      if (labelWeights && labelWeights.length !== labels) {
        throw new RondoError("shape", "metric auc: labelWeights has a number for each output", {
          received: `${labelWeights.length} for predictions ${formatShape(yPred.shape)}`,
          expected: `${labels}`,
        });
      }
      const given = weightsOf(yPred.shape, sampleWeight, mask);
      const together = labelWeights && !multiLabel;
      const weights = together
        ? Float64Array.from(targets, (_, i) => (given?.[i] ?? 1) * labelWeights[i % labels]!)
        : given;
      const outputs = yPred.view();
      const scores = fromLogits ? Float32Array.from(outputs, (x) => 1 / (1 + Math.exp(-x))) : outputs;
      const answers = { targets, scores, weights };
      const rows = (suffix = ""): Counts => [tally.row(`positive${suffix}`, n), tally.row(`negative${suffix}`, n)];
      if (!multiLabel) countByThreshold("auc", rows(), answers, below);
      else {
        tally.row("labels")[0] = labels;
        for (let first = 0; first < labels; first++) {
          countByThreshold("auc", rows(` ${first}`), { ...answers, first, stride: labels }, below);
        }
      }
    },
    result: (tally) => {
      if (!multiLabel) return area([tally.row("positive"), tally.row("negative")]);
      const labels = Array.from({ length: tally.row("labels")[0]! }, (_, k) => k);
      const weight = (k: number) => labelWeights?.[k] ?? 1;
      const all = labels.map((k) => weight(k) * area([tally.row(`positive ${k}`), tally.row(`negative ${k}`)]));
      const total = labels.reduce((sum, k) => sum + weight(k), 0);
      return ratio(
        all.reduce((a, b) => a + b, 0),
        total,
      );
    },
  });
}

function oneOf(option: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  throw new RondoError("option", `metrics.auc: unknown ${option}`, {
    received: JSON.stringify(value),
    expected: choices.map((choice) => `"${choice}"`).join(" or "),
  });
}
