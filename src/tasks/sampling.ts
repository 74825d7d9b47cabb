import { RondoError } from "../errors.js";

/** How the next token is chosen from a model's scores. */
export interface SamplingOptions {
  /** Below 1 plays safe, above 1 takes risks; 0 always takes the likeliest. At least 0; default 1. */
  temperature?: number;
  /** Only the k likeliest tokens are candidates; default all. */
  topK?: number;
  /** Only the likeliest tokens that together reach this probability are candidates, 0 < topP <= 1; default 1. */
  topP?: number;
}

/** Throws RondoError "value" for values out of range. */
export function checkSampling({ temperature = 1, topK, topP = 1 }: SamplingOptions): void {
  const bad = (name: string, value: number, expected: string) =>
    new RondoError("value", `${name} is out of range`, { received: String(value), expected });
  if (!(temperature >= 0 && Number.isFinite(temperature)))
    throw bad("temperature", temperature, "a number of at least 0");
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) {
    throw bad("topK", topK, "a whole number of at least 1");
  }
  if (!(topP > 0 && topP <= 1)) throw bad("topP", topP, "a number above 0 and up to 1");
}

/**
 * Chooses tokens from logits: divides by the temperature, keeps the k likeliest, then the nucleus of probability topP
 * (Holtzman et al. 2019, "The Curious Case of Neural Text Degeneration"), and
 * draws.
 *
 * @example
 * const sampler = new Sampler(vocabularySize, { temperature: 0.8, topK: 40 });
 * const token = sampler.draw(logits, random.next()); // uniform in [0, 1)
 */
export class Sampler {
  private readonly temperature: number;
  private readonly topK: number;
  private readonly topP: number;
  private readonly weights: Float64Array;
  private readonly order: Int32Array;

  constructor(size: number, options: SamplingOptions = {}) {
    checkSampling(options);
    this.temperature = options.temperature ?? 1;
    this.topK = Math.min(options.topK ?? size, size);
    this.topP = options.topP ?? 1;
    this.weights = new Float64Array(size);
    this.order = new Int32Array(size);
  }

  /** The token that `uniform`, 0 <= uniform < 1, falls on. */
  draw(logits: ArrayLike<number>, uniform: number): number {
    const { weights, order } = this;
    const size = weights.length;
    let likeliest = 0;
    for (let i = 1; i < size; i++) if (logits[i]! > logits[likeliest]!) likeliest = i;
    if (this.temperature === 0) return likeliest;

    let total = 0;
    for (let i = 0; i < size; i++) {
      weights[i] = Math.exp((logits[i]! - logits[likeliest]!) / this.temperature);
      total += weights[i]!;
    }
    if (!Number.isFinite(total)) {
      throw new RondoError("nonFinite", "the model's scores are not numbers", {
        received: `a score of ${logits[likeliest]}`,
        fix: "its weights are broken: train again with a lower learning rate, or use an earlier checkpoint",
      });
    }
    let count = size;
    if (this.topK < size || this.topP < 1) {
      for (let i = 0; i < size; i++) order[i] = i;
      order.sort((a, b) => weights[b]! - weights[a]! || a - b);
      count = this.topK;
      total = 0;
      for (let k = 0; k < count; k++) total += weights[order[k]!]!;
      const enough = this.topP * total;
      let mass = 0;
      for (let k = 0; k < count; k++) {
        mass += weights[order[k]!]!;
        if (mass >= enough) count = k + 1;
      }
      total = Math.min(mass, total);
    } else for (let i = 0; i < size; i++) order[i] = i;

    let rest = uniform * total;
    for (let k = 0; k < count; k++) {
      rest -= weights[order[k]!]!;
      if (rest < 0) return order[k]!;
    }
    // Rounding may leave a sliver past the last candidate.
    return order[count - 1]!;
  }
}
