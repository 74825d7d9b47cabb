import { splitTail, TokenStreams } from "../data/token-streams.js";
import { CharacterVocabulary } from "../data/vocabulary.js";
import { RondoError } from "../errors.js";
import type { TextConfig } from "./text-options.js";

/** A text, ready to train on. */
export interface TextData {
  readonly vocabulary: CharacterVocabulary;
  readonly training: TokenStreams;
  /** Null when no text is kept for validation. */
  readonly validation: TokenStreams | null;
  readonly trainingCharacters: number;
  readonly validationCharacters: number;
  /** Logarithm of how often each character occurs in the training part, as a fraction; add-one smoothed. */
  readonly logFrequencies: Float32Array;
  /** Tells texts apart, to see whether a resumed run gets the one it began with. */
  readonly fingerprint: string;
  /** What was adapted to the text, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Numbers the characters and cuts the text into streams.
 * Throws RondoError "data" for texts that are empty, of one distinct character, or too short.
 */
export function prepareText(text: string, config: TextConfig): TextData {
  const { batchSize, window, validationSplit } = config;
  const vocabulary = CharacterVocabulary.of(text);
  if (vocabulary.size < 2) {
    throw new RondoError("data", "there is nothing to learn from this text", {
      received:
        vocabulary.size === 0 ? "an empty text" : `one distinct character, ${JSON.stringify(vocabulary.character(0))}`,
      expected: "at least 2 distinct characters",
      fix: "check that the right file was read",
    });
  }
  const tokens = vocabulary.encode(text);
  const [first, last] = splitTail(tokens, validationSplit);
  const training = new TokenStreams(first, { streams: batchSize, window });
  const notes: string[] = [];
  if (training.streams < batchSize) {
    notes.push(`The text is short: it is read in ${training.streams} parallel streams instead of ${batchSize}.`);
  }
  return {
    vocabulary,
    training,
    validation: validationSplit > 0 ? validationStreams(last, config) : null,
    trainingCharacters: first.length,
    validationCharacters: last.length,
    logFrequencies: logFrequenciesOf(first, vocabulary.size),
    fingerprint: fingerprintOf(tokens),
    notes,
  };
}

/** Streams of at least four windows where there is text enough: what the first characters cost weighs little then. */
function validationStreams(tokens: Int32Array, { batchSize, window, validationSplit }: TextConfig): TokenStreams {
  if (tokens.length < 2) {
    throw new RondoError("data", "too little text is left for validation", {
      received: `${tokens.length} characters (validationSplit ${validationSplit})`,
      expected: "at least 2",
      fix: "use a longer text, a larger validationSplit, or validationSplit 0 to validate with nothing",
    });
  }
  const streams = Math.max(1, Math.min(batchSize, Math.floor(tokens.length / (4 * window))));
  return new TokenStreams(tokens, { streams, window, partial: true });
}

function logFrequenciesOf(tokens: Int32Array, size: number): Float32Array {
  const counts = new Float64Array(size).fill(1);
  for (let i = 0; i < tokens.length; i++) counts[tokens[i]!]!++;
  return Float32Array.from(counts, (count) => Math.log(count / (tokens.length + size)));
}

/** FNV-1a over the tokens, with their number. */
function fingerprintOf(tokens: Int32Array): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < tokens.length; i++) hash = Math.imul(hash ^ tokens[i]!, 0x01000193);
  return `${tokens.length}-${(hash >>> 0).toString(16).padStart(8, "0")}`;
}
