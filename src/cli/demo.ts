import { generateText } from "../tasks/text-generation.js";
import { parseDuration, printable } from "./format.js";
import { invocation } from "./invocation.js";
import { ownWords } from "./own-words.js";
import { reporterFor, trainOnText } from "./train-text.js";

/** `rondo demo`: the main job, from text to writing, in less than a minute. */
export async function demoCommand(flags: { time: string; output: string }): Promise<void> {
  const time = parseDuration(flags.time);
  const text = ownWords();
  const sources = [{ path: "rondo's own documentation", characters: text.length }];
  const reporter = reporterFor(false);
  reporter.line("An LSTM learns to write, character by character, from this project's documentation.");
  const { folder, result } = await trainOnText({
    ...{ text, sources, paths: null, output: flags.output, reporter },
    preset: "fast",
    given: { time, patience: 0 },
  });
  if (result.reason === "interrupted") return;
  const print = (line: string) => process.stdout.write(`${line}\n`);
  for (const temperature of [0.5, 0.8]) {
    const prompt = "The ";
    const sample = [...generateText(result.writer, { prompt, temperature, length: 300, seed: 7 })].join("");
    print(`\n--- temperature ${temperature}\n${printable(prompt + sample)}`);
  }
  const rondo = invocation();
  print(
    [
      "",
      "Try next:",
      `  ${rondo} generate ${folder} --prompt "A tensor" --temperature 0.7 --length 1000`,
      `  ${rondo} train text --resume ${folder} --time 5m      trains it further`,
      `  ${rondo} train text your-own.txt                  … on any text of yours`,
      `  ${rondo} train text your-own.txt --preset best    … with a larger model`,
      `  ${rondo} doctor                                   shows what this machine computes with`,
    ].join("\n"),
  );
}
