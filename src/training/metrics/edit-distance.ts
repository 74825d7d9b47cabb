import { checkOptions, RondoError } from "../../errors.js";
import { argMax } from "../../tensor/ops/reduce.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type Metric, ratio, tallyMetric } from "./metric.js";

/** Fewest insertions, deletions and replacements that turn one sequence into the other (Levenshtein 1966). */
export function levenshtein<T>(a: ArrayLike<T>, b: ArrayLike<T>): number {
  const row = Int32Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0]!;
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      diagonal = row[j]!;
      row[j] = Math.min(replaced, diagonal + 1, row[j - 1]! + 1);
    }
  }
  return row[b.length]!;
}

/** Options of `metrics.editDistance`. */
export interface EditDistanceOptions {
  /** Token that fills up sequences, and the blank of CTC. It counts nowhere. 0 by default. */
  padding?: number;
  /** Predictions are those of a model trained with `losses.ctc`: repeats are merged before blanks are removed. */
  ctc?: boolean;
  /** Divide by the tokens of the targets (token error rate; true, the default) or by the number of sequences. */
  normalize?: boolean;
}

/**
 * Edit distance (Levenshtein 1966) between target and predicted sequences. Targets are token numbers [batch, length];
 * predictions token numbers [batch, time], or outputs [batch, time, classes] of which the largest counts. Masked
 * steps are left out. With words as tokens this is the word error rate, with characters the character error rate.
 *
 * @example metrics.editDistance({ ctc: true })
 */
export function editDistance(options: EditDistanceOptions = {}): Metric {
  checkOptions("metrics.editDistance", options, ["padding", "ctc", "normalize"]);
  const { padding = 0, ctc = false, normalize = true } = options;
  return tallyMetric({
    name: "editDistance",
    direction: "down",
    config: { padding, ctc, normalize },
    update: (tally, yTrue, yPred, sampleWeight, mask) => {
      const best = yPred.rank === 3 ? argMax(yPred, -1) : yPred;
      if (yTrue.rank !== 2 || best.rank !== 2 || yTrue.shape[0] !== best.shape[0]) {
        throw new RondoError("shape", "metric editDistance: the targets do not fit the predictions", {
          received: `targets ${formatShape(yTrue.shape)}, predictions ${formatShape(yPred.shape)}`,
          expected: "targets [batch, length], predictions [batch, time] or [batch, time, classes]",
        });
      }
      const weights = sampleWeight && sampleWeight.size === yTrue.shape[0] ? sampleWeight.dataSync() : null;
      const [distance, length, sequences] = [tally.row("distance"), tally.row("length"), tally.row("sequences")];
      const references = rowsOf(yTrue, null);
      rowsOf(best, mask).forEach((steps, b) => {
        const merged = ctc ? steps.filter((token, i) => i === 0 || token !== steps[i - 1]) : steps;
        const reference = references[b]!.filter((token) => token !== padding);
        const w = weights ? weights[b]! : 1;
        const predicted = merged.filter((token) => token !== padding);
        distance[0]! += w * levenshtein(reference, predicted);
        length[0]! += w * reference.length;
        sequences[0]! += w;
      });
    },
    result: (tally) => ratio(tally.row("distance")[0]!, tally.row(normalize ? "length" : "sequences")[0]!),
  });
}

function rowsOf(t: Tensor, mask: Tensor | null): number[][] {
  const [batch, time] = t.shape as [number, number];
  const view = t.view();
  const counts = mask?.view();
  return Array.from({ length: batch }, (_, b) =>
    Array.from(view.subarray(b * time, (b + 1) * time)).filter((_, i) => counts?.[b * time + i] !== 0),
  );
}
