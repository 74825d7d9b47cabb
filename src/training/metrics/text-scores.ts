import { checkOptions, RondoError } from "../../errors.js";
import { levenshtein } from "./edit-distance.js";
import { type Direction, ratio, Tally } from "./metric.js";

/** A score of texts gathered over batches; for what generation and translation give, which are no tensors. */
export interface TextMetric {
  readonly name: string;
  readonly direction: Direction;
  /** Takes texts in: for every candidate one reference, or several to choose from. */
  update(references: readonly (string | readonly string[])[], candidates: readonly string[]): void;
  /** The score over everything since the last reset; 0 before the first. */
  result(): number;
  /** Forgets all texts. */
  reset(): void;
}

/** Splits a text into what is counted. */
export type Tokenize = (text: string) => readonly string[];

const words: Tokenize = (text) => text.split(/\s+/u).filter((word) => word.length > 0);
const characters: Tokenize = (text) => [...text];

function textMetric(
  name: string,
  direction: Direction,
  add: (tally: Tally, references: readonly string[], candidate: string) => void,
  result: (tally: Tally) => number,
): TextMetric {
  const tally = new Tally();
  return {
    name,
    direction,
    update: (references, candidates) => {
      if (references.length !== candidates.length) {
        throw new RondoError("shape", `${name}: every candidate needs its references`, {
          received: `${references.length} references for ${candidates.length} candidates`,
        });
      }
      candidates.forEach((candidate, i) => {
        const given = references[i]!;
        const list = typeof given === "string" ? [given] : given;
        if (list.length === 0) {
          throw new RondoError("value", `${name}: candidate ${i} has no reference`, { received: "an empty list" });
        }
        add(tally, list, candidate);
      });
    },
    result: () => (tally.empty ? 0 : result(tally)),
    reset: () => tally.reset(),
  };
}

/** How often each run of n tokens occurs. */
function nGrams(tokens: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= tokens.length; i++) {
    const gram = JSON.stringify(tokens.slice(i, i + n));
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

function overlap(a: Map<string, number>, b: Map<string, number>): number {
  let shared = 0;
  for (const [gram, count] of a) shared += Math.min(count, b.get(gram) ?? 0);
  return shared;
}

/**
 * BLEU of a corpus, 0 to 100 (Papineni et al. 2002): the geometric mean of the precisions of 1 to `maxOrder` (4) tokens,
 * each counted at most as often as in one of the references, times exp(1 - r / c) where the candidates (c tokens) are
 * shorter than the references closest in length (r). Not smoothed: without any shared run of `maxOrder` tokens it is 0.
 *
 * Tokens are separated by white space; scores are comparable only under equal tokenisation, so pass `tokenize` for others.
 *
 * @example const score = textMetrics.bleu(); score.update(["the cat sat"], ["the cat sat"]); score.result();
 */
function bleu(options: { maxOrder?: number; tokenize?: Tokenize } = {}): TextMetric {
  checkOptions("textMetrics.bleu", options, ["maxOrder", "tokenize"]);
  const { maxOrder = 4, tokenize = words } = options;
  return textMetric(
    "bleu",
    "up",
    (tally, references, candidate) => {
      const tokens = tokenize(candidate);
      const targets = references.map(tokenize);
      const [hits, totals] = [tally.row("hits", maxOrder), tally.row("totals", maxOrder)];
      for (let n = 1; n <= maxOrder; n++) {
        const most = new Map<string, number>();
        for (const target of targets) {
          for (const [gram, count] of nGrams(target, n)) most.set(gram, Math.max(count, most.get(gram) ?? 0));
        }
        hits[n - 1]! += overlap(nGrams(tokens, n), most);
        totals[n - 1]! += Math.max(tokens.length - n + 1, 0);
      }
      const lengths = targets.map((target) => target.length);
      const far = (length: number) => Math.abs(length - tokens.length);
      tally.row("reference")[0]! += lengths.sort((a, b) => far(a) - far(b) || a - b)[0]!;
      tally.row("candidate")[0]! += tokens.length;
    },
    (tally) => {
      const totals = tally.row("totals");
      let logs = 0;
      for (const [i, hit] of tally.row("hits").entries()) logs += Math.log(ratio(hit, totals[i]!)) / maxOrder;
      const short = ratio(tally.row("reference")[0]!, tally.row("candidate")[0]!);
      return 100 * Math.exp(logs + Math.min(0, 1 - short));
    },
  );
}

function fScore(hits: Float64Array, candidate: Float64Array, reference: Float64Array, beta: number): number {
  let precision = 0;
  let recall = 0;
  let orders = 0;
  hits.forEach((hit, i) => {
    if (candidate[i] === 0 || reference[i] === 0) return;
    precision += hit / candidate[i]!;
    recall += hit / reference[i]!;
    orders++;
  });
  if (orders === 0 || precision + recall === 0) return 0;
  const [p, r] = [precision / orders, recall / orders];
  return ((1 + beta * beta) * p * r) / (beta * beta * p + r);
}

/**
 * chrF of a corpus, 0 to 100 (Popović 2015): F-score with recall counting `beta` (2) times, from the mean precision and
 * recall of runs of 1 to `order` (6) characters, white space left out. Of several references the most similar counts.
 *
 * @example const score = textMetrics.chrF(); score.update(["the cat sat"], ["the cat sat"]); score.result() // 100
 */
function chrF(options: { order?: number; beta?: number } = {}): TextMetric {
  checkOptions("textMetrics.chrF", options, ["order", "beta"]);
  const { order = 6, beta = 2 } = options;
  return textMetric(
    "chrF",
    "up",
    (tally, references, candidate) => {
      const grams = (text: string) => {
        const tokens = characters(text.replace(/\s+/gu, ""));
        return Array.from({ length: order }, (_, i) => nGrams(tokens, i + 1));
      };
      const totals = (counts: Map<string, number>[]) =>
        Float64Array.from(counts, (c) => [...c.values()].reduce((a, b) => a + b, 0));
      const own = grams(candidate);
      const scored = references.map((reference) => {
        const theirs = grams(reference);
        const hits = Float64Array.from(own, (counts, i) => overlap(counts, theirs[i]!));
        const sums = { hits, candidate: totals(own), reference: totals(theirs) };
        return { sums, score: fScore(sums.hits, sums.candidate, sums.reference, beta) };
      });
      const best = scored.reduce((a, b) => (b.score > a.score ? b : a)).sums;
      for (const name of ["hits", "candidate", "reference"] as const) {
        const row = tally.row(name, order);
        best[name].forEach((v, i) => {
          row[i]! += v;
        });
      }
    },
    (tally) => 100 * fScore(tally.row("hits"), tally.row("candidate"), tally.row("reference"), beta),
  );
}

function errorRate(name: string, tokenize: Tokenize): TextMetric {
  return textMetric(
    name,
    "down",
    (tally, references, candidate) => {
      const tokens = tokenize(candidate);
      const scored = references.map((reference) => {
        const target = tokenize(reference);
        return { distance: levenshtein(target, tokens), length: target.length };
      });
      const best = scored.reduce((a, b) => (b.distance < a.distance ? b : a));
      tally.row("distance")[0]! += best.distance;
      tally.row("length")[0]! += best.length;
    },
    (tally) => ratio(tally.row("distance")[0]!, tally.row("length")[0]!),
  );
}

/**
 * Scores of texts against references.
 *
 * @example const score = textMetrics.wordErrorRate(); score.update(["a cat"], ["the cat"]); score.result() // 0.5
 */
export const textMetrics = {
  bleu,
  chrF,
  /**
   * Words to insert, delete or replace for every word of the references (WER); 0 is perfect, above 1 is possible.
   *
   * @example const score = textMetrics.wordErrorRate(); score.update(["a cat"], ["the cat"]); score.result() // 0.5
   */
  wordErrorRate: () => errorRate("wordErrorRate", words),
  /**
   * Characters to insert, delete or replace for every character of the references (CER).
   *
   * @example const score = textMetrics.characterErrorRate(); score.update(["cut"], ["cat"]); score.result() // 0.33333
   */
  characterErrorRate: () => errorRate("characterErrorRate", characters),
} as const;
