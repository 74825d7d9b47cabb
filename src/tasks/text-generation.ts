import { checkOptions, RondoError } from "../errors.js";
import { createStepper } from "../model/stream.js";
import { Generator } from "../tensor/generator.js";
import { Sampler, type SamplingOptions } from "./sampling.js";
import type { TextModel } from "./text-model.js";

/** Options of `generateText`. */
export interface GenerateOptions extends SamplingOptions {
  /** Text to go on from. By default a line break, or the vocabulary's first character. */
  prompt?: string;
  /** Characters to write, at least 0. Default 200. */
  length?: number;
  /** The same seed writes the same text; random by default. A whole number of at least 0. */
  seed?: number;
  /** Ends early: throws RondoError "aborted". */
  signal?: AbortSignal;
}

const optionNames = ["prompt", "length", "seed", "signal", "temperature", "topK", "topP"] as const;

/**
 * Writes on from the prompt, one character after the other; the prompt itself is not repeated. Works in `for … of` as in
 * `for await … of`. Throws RondoError "data" for characters in the prompt that the model does not know.
 *
 * @example for (const character of generateText(writer, { prompt: "To be", temperature: 0.7 })) process.stdout.write(character);
 */
export function generateText(writer: TextModel, options: GenerateOptions = {}): IterableIterator<string> {
  checkOptions("generateText", options, optionNames);
  const { length = 200, seed, signal } = options;
  if (!(Number.isInteger(length) && length >= 0)) {
    throw new RondoError("value", "generateText cannot write this many characters", {
      received: String(length),
      expected: "a whole number of at least 0",
    });
  }
  const { vocabulary } = writer;
  const prompt = options.prompt || (vocabulary.unknownIn("\n").length === 0 ? "\n" : vocabulary.character(0));
  const start = vocabulary.encode(prompt);
  const sampler = new Sampler(vocabulary.size, options);
  const random = new Generator(seed ?? Math.floor(Math.random() * 2 ** 32));
  // Everything is checked before the first character is asked for.
  return write();

  function* write(): IterableIterator<string> {
    const stream = createStepper(writer.model.layers);
    try {
      let scores: ArrayLike<number> = [];
      for (const id of start) scores = stream.step(id);
      for (let i = 0; i < length; i++) {
        if (signal?.aborted) {
          throw new RondoError("aborted", "writing was ended", { received: `${i} of ${length} characters` });
        }
        const id = sampler.draw(scores, random.uniform());
        yield vocabulary.character(id);
        if (i + 1 < length) scores = stream.step(id);
      }
    } finally {
      stream.dispose();
    }
  }
}
