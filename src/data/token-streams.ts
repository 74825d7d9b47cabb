import { RondoError } from "../errors.js";

/** One batch for a stateful model: `targets` are the tokens that follow `inputs`, both [streams, time], row-major. */
export interface StreamBatch {
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly streams: number;
  readonly time: number;
}

/**
 * A long token sequence cut into parallel streams, read window by window: row b of one batch goes on in row b of the
 * next, so that a model that carries its state from batch to batch sees each stream as one text (truncated
 * back-propagation through time).
 *
 * A stream has floor((tokens - 1) / streams) positions; the few tokens left over at the end are not used.
 *
 * @example
 * const data = new TokenStreams(tokens, { streams: 32, window: 64 });
 * for (let step = 0; step < data.steps; step++) train(data.batch(step));
 */
export class TokenStreams {
  readonly streams: number;
  readonly window: number;
  /** Positions of one stream. */
  readonly length: number;
  /** Batches in one pass. */
  readonly steps: number;
  private readonly tokens: Int32Array;

  /**
   * `streams` is lowered where the text is too short for that many full windows. `partial` also yields the last window
   * of each stream when it is shorter than the others (for evaluation; training leaves it out).
   * Throws RondoError "data" when not even one window can be filled.
   */
  constructor(tokens: Int32Array, options: { streams: number; window: number; partial?: boolean }) {
    const { window, partial = false } = options;
    const positions = tokens.length - 1;
    const least = partial ? 1 : window;
    if (positions < least) {
      throw new RondoError("data", "the text is too short", {
        received: `${tokens.length} characters`,
        expected: `at least ${least + 1}: a window of ${least} and the character after it`,
        fix: partial ? "use a longer text" : "use a longer text or a smaller window",
      });
    }
    this.tokens = tokens;
    this.window = window;
    this.streams = Math.min(options.streams, Math.floor(positions / least));
    this.length = Math.floor(positions / this.streams);
    this.steps = partial ? Math.ceil(this.length / window) : Math.floor(this.length / window);
  }

  /** The batch of a step, 0 <= step < steps. */
  batch(step: number): StreamBatch {
    const start = step * this.window;
    const time = Math.min(this.window, this.length - start);
    const inputs = new Int32Array(this.streams * time);
    const targets = new Int32Array(this.streams * time);
    for (let row = 0; row < this.streams; row++) {
      const from = row * this.length + start;
      inputs.set(this.tokens.subarray(from, from + time), row * time);
      targets.set(this.tokens.subarray(from + 1, from + 1 + time), row * time);
    }
    return { inputs, targets, streams: this.streams, time };
  }
}

/**
 * The first part of a sequence for training, the last for validation: a sequence must not be shuffled apart.
 * `validationSplit` is the fraction kept for validation, 0 <= validationSplit < 1; 0 keeps all for training.
 *
 * @example splitTail(tokens, 0.1) // [first 90 %, last 10 %]
 */
export function splitTail(tokens: Int32Array, validationSplit: number): [training: Int32Array, validation: Int32Array] {
  const cut = Math.floor(tokens.length * (1 - validationSplit));
  return [tokens.subarray(0, cut), tokens.subarray(cut)];
}
