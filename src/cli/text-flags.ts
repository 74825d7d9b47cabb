import type { Command } from "commander";
import { RondoError } from "../errors.js";
import {
  checkTextOption,
  defaultPreset,
  type PresetName,
  type TextConfig,
  textConfigNames,
  textPresets,
} from "../tasks/text-options.js";
import { formatDuration, parseDuration } from "./format.js";

/** What the options of `rondo train text` that belong to the configuration say about themselves. */
const descriptions: Readonly<Record<keyof TextConfig, string>> = {
  cell: "kind of recurrent layer: lstm, gru or rnn",
  layers: "recurrent layers on top of each other",
  units: "size of each recurrent layer",
  embedding: "numbers each character is turned into",
  dropout: "fraction of the outputs dropped while training",
  learningRate: "step size at the start",
  decay: "fraction of the learning rate left at the end (1: constant)",
  clip: "limit of the gradients' total norm (0: none)",
  batchSize: "streams read in parallel",
  window: "characters per stream and step",
  epochs: "passes over the text (short texts are read more often unless this is given)",
  time: "end after this long, for example 90s, 10m or 1h30m",
  patience: "end after this many validations without progress (0: never)",
  validationSplit: "fraction at the end of the text kept for validation",
  seed: "the same seed gives the same model",
};

/** "learningRate" -> "--learning-rate" */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Adds --preset and one option per value of the configuration. */
export function addTextOptions(command: Command): Command {
  const presets = Object.keys(textPresets) as PresetName[];
  command.option("--preset <name>", `${presets.join(", ")}: values for what is not given (default: ${defaultPreset})`);
  for (const name of textConfigNames) {
    const kind = name === "cell" ? "name" : name === "time" ? "duration" : "number";
    command.option(`${flagOf(name)} <${kind}>`, descriptions[name]);
  }
  const rows = textConfigNames.map((name) => [
    `  ${flagOf(name)}`.padEnd(22),
    ...presets.map((preset) => shown(name, textPresets[preset][name]).padEnd(10)),
  ]);
  const table = [["  ".padEnd(22), ...presets.map((name) => name.padEnd(10))], ...rows];
  return command.addHelpText("after", `\nPresets:\n${table.map((row) => row.join("").trimEnd()).join("\n")}`);
}

function shown(name: keyof TextConfig, value: string | number): string {
  return name === "time" ? (value === 0 ? "no limit" : formatDuration(Number(value))) : String(value);
}

/** The part of the configuration given on the command line. Throws RondoError "option". */
export function textConfigFrom(options: Readonly<Record<string, unknown>>): Partial<TextConfig> {
  const config: Partial<Record<keyof TextConfig, string | number>> = {};
  for (const name of textConfigNames) {
    const text = options[name];
    if (typeof text !== "string") continue;
    const value = name === "cell" ? text : name === "time" ? parseDuration(text) : parseNumber(text);
    checkTextOption(name, value, flagOf(name));
    config[name] = value;
  }
  return config as Partial<TextConfig>;
}

/** A number, or the text itself where it is none, so that the message can show it. */
function parseNumber(text: string): number | string {
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? text : value;
}

/** A number from an option outside the configuration. Throws RondoError "option". */
export function numberFrom(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const value = parseNumber(text);
  if (typeof value === "number") return value;
  throw new RondoError("option", `${flag} needs a number`, { received: JSON.stringify(text), expected: "a number" });
}
