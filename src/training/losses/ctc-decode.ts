import { checkOptions, RondoError } from "../../errors.js";
import { formatShape } from "../../tensor/shape.js";
import { asTensor, type TensorLike } from "../../tensor/tensor.js";
import { checkCount } from "../checks.js";
import { LOG_ZERO, logAdd, logProbabilities } from "./ctc.js";

/** Options of `ctcDecode`. */
export interface CtcDecodeOptions {
  /** "greedy": the likeliest class of every frame; "beamSearch": the likeliest labels over all their alignments. */
  strategy?: "greedy" | "beamSearch";
  /** Beginnings kept from frame to frame in a beam search. 100 by default. */
  beamWidth?: number;
  /** How many label sequences a beam search returns for each example, best first. 1 by default. */
  topPaths?: number;
  /** Greedy: merge equal labels in neighbouring frames. True by default. */
  mergeRepeated?: boolean;
  /** Class that means "no label here", as in the loss. 0 by default. */
  blank?: number;
  /** Frames that count in each example; all by default. */
  lengths?: ArrayLike<number>;
}

/** Labels and how likely they are. */
export interface CtcPath {
  readonly labels: number[];
  /** Greedy: of this one alignment; beam search: of the labels, over all alignments that were kept. */
  readonly logProbability: number;
}

/**
 * Label sequences from the outputs of a model trained with `losses.ctc`: for every example the best, or the `topPaths`
 * best, first. Beam search over prefixes as in Hannun et al. 2014, without a language model.
 *
 * @param logits [batch, time, classes], before softmax.
 * @returns one list per example. Throws RondoError "shape" and "value".
 * @example const [[best]] = ctcDecode(model.predict(x), { strategy: "beamSearch" }); best.labels
 */
export function ctcDecode(logits: TensorLike, options: CtcDecodeOptions = {}): CtcPath[][] {
  const names = ["strategy", "beamWidth", "topPaths", "mergeRepeated", "blank", "lengths"];
  checkOptions("ctcDecode", options, names);
  const { strategy = "greedy", beamWidth = 100, topPaths = 1, mergeRepeated = true, blank = 0, lengths } = options;
  checkCount("ctcDecode", "beamWidth", beamWidth);
  checkCount("ctcDecode", "topPaths", topPaths);
  const outputs = asTensor(logits);
  if (outputs.rank !== 3) {
    throw new RondoError("shape", "ctcDecode needs the outputs of every frame", {
      received: formatShape(outputs.shape),
      expected: "[batch, time, classes]",
    });
  }
  const [batch, time, classes] = outputs.shape as [number, number, number];
  const problem = check({ strategy, topPaths, beamWidth, blank, lengths }, batch, time, classes);
  if (problem) throw problem;
  const values = outputs.dataSync();
  return Array.from({ length: batch }, (_, b) => {
    const count = lengths?.[b] ?? time;
    const frames = Array.from({ length: count }, (_, t) => b * time + t);
    const logP = logProbabilities(values, frames, classes);
    if (strategy === "greedy") return [greedy(logP, count, classes, blank, mergeRepeated)];
    return beamSearch(logP, count, classes, blank, beamWidth).slice(0, topPaths);
  });
}

function check(
  options: Required<Pick<CtcDecodeOptions, "strategy" | "topPaths" | "beamWidth" | "blank">> & CtcDecodeOptions,
  batch: number,
  time: number,
  classes: number,
): RondoError | null {
  const { strategy, topPaths, beamWidth, blank, lengths } = options;
  const wrong = (summary: string, received: string, expected: string) =>
    new RondoError("value", `ctcDecode: ${summary}`, { received, expected });
  if (strategy !== "greedy" && strategy !== "beamSearch") {
    return wrong("unknown strategy", JSON.stringify(strategy), '"greedy" or "beamSearch"');
  }
  if (strategy === "greedy" && topPaths > 1) {
    return wrong("greedy decoding finds one path", `topPaths ${topPaths}`, 'topPaths 1, or strategy "beamSearch"');
  }
  if (strategy === "beamSearch" && topPaths > beamWidth) {
    return wrong("no more paths than the beam is wide", `${topPaths} of ${beamWidth}`, "a larger beamWidth");
  }
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes) {
    return wrong("blank is one of the classes", String(blank), `0 to ${classes - 1}`);
  }
  if (!lengths) return null;
  const list = Array.from(lengths);
  if (list.length === batch && list.every((n) => Number.isInteger(n) && n >= 0 && n <= time)) return null;
  return wrong("a length for every example", list.join(", "), `${batch} whole numbers from 0 to ${time}`);
}

function greedy(logP: Float64Array, frames: number, classes: number, blank: number, merge: boolean): CtcPath {
  const labels: number[] = [];
  let logProbability = 0;
  let last = blank;
  for (let t = 0; t < frames; t++) {
    const row = logP.subarray(t * classes, (t + 1) * classes);
    let best = 0;
    for (let c = 1; c < classes; c++) if (row[c]! > row[best]!) best = c;
    logProbability += row[best]!;
    if (best !== blank && !(merge && best === last)) labels.push(best);
    last = best;
  }
  return { labels, logProbability };
}

/** A beginning of the labels: how likely alignments are that end in a blank, and in its last label. */
interface Prefix {
  readonly labels: number[];
  ended: number;
  open: number;
}

function beamSearch(logP: Float64Array, frames: number, classes: number, blank: number, width: number): CtcPath[] {
  const total = (p: Prefix) => logAdd(p.ended, p.open);
  let beam: Prefix[] = [{ labels: [], ended: 0, open: LOG_ZERO }];
  for (let t = 0; t < frames; t++) {
    const next = new Map<string, Prefix>();
    const at = (labels: number[]): Prefix => {
      const key = labels.join(" ");
      let found = next.get(key);
      if (!found) next.set(key, (found = { labels, ended: LOG_ZERO, open: LOG_ZERO }));
      return found;
    };
    for (const prefix of beam) {
      const last = prefix.labels.at(-1);
      for (let c = 0; c < classes; c++) {
        const p = logP[t * classes + c]!;
        if (c === blank) {
          const same = at(prefix.labels);
          same.ended = logAdd(same.ended, total(prefix) + p);
          continue;
        }
        // A label that repeats needs a blank in between to be a new one.
        const longer = at([...prefix.labels, c]);
        longer.open = logAdd(longer.open, (c === last ? prefix.ended : total(prefix)) + p);
        if (c !== last) continue;
        const same = at(prefix.labels);
        same.open = logAdd(same.open, prefix.open + p);
      }
    }
    beam = [...next.values()].sort((a, b) => total(b) - total(a)).slice(0, width);
  }
  return beam.map((prefix) => ({ labels: prefix.labels, logProbability: total(prefix) }));
}
