import { RondoError } from "../errors.js";
import { generateText } from "../tasks/text-generation.js";
import { loadTextModel } from "../tasks/text-model.js";
import "../entry/node.js";
import { findModel } from "./runs.js";
import { numberFrom } from "./text-flags.js";

interface GenerateFlags {
  readonly prompt?: string;
  readonly length: string;
  readonly temperature: string;
  readonly topK?: string;
  readonly topP?: string;
  readonly seed?: string;
  readonly skipUnknown?: boolean;
  readonly output: string;
}

/** `rondo generate`: writes the prompt and what follows to standard output as it comes. */
export async function generateCommand(name: string, flags: GenerateFlags): Promise<void> {
  const numbers = {
    length: numberFrom(flags.length, "--length"),
    temperature: numberFrom(flags.temperature, "--temperature"),
    topK: numberFrom(flags.topK, "--top-k"),
    topP: numberFrom(flags.topP, "--top-p"),
    seed: numberFrom(flags.seed, "--seed"),
  };
  const path = await findModel(name, flags.output);
  const writer = await loadTextModel(path);
  let prompt = flags.prompt ?? "";
  const unknown = writer.vocabulary.unknownIn(prompt);
  if (unknown.length > 0 && !flags.skipUnknown) {
    throw new RondoError("data", "the prompt has characters this model does not know", {
      received: unknown.map((character) => JSON.stringify(character)).join(", "),
      expected: `the ${writer.vocabulary.size} characters it was trained on: ${JSON.stringify(writer.vocabulary.characters.join(""))}`,
      fix: "leave them out of the prompt, or let --skip-unknown do it",
    });
  }
  prompt = writer.vocabulary.keepKnown(prompt);
  const text = generateText(writer, { prompt, ...numbers });
  await write(prompt);
  // Pieces large enough to be cheap to write, small enough to be seen coming.
  let piece = "";
  for (const character of text) {
    piece += character;
    if (piece.length < 16) continue;
    await write(piece);
    piece = "";
  }
  await write(`${piece}\n`);
}

/** Waits while the reader is slower than the model. */
async function write(text: string): Promise<void> {
  if (process.stdout.write(text)) return;
  await new Promise<void>((resolve) => process.stdout.once("drain", resolve));
}
