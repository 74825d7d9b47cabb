import { checkOptions, RondoError } from "../errors.js";
import { takeState } from "../training/saved-state.js";
import { files } from "../util/files.js";
import { prepareText } from "./text-data.js";
import {
  type Cursor,
  checkpointFiles,
  firstCursor,
  TextLoop,
  type TextLoopOptions,
  type TextRun,
} from "./text-loop.js";
import { buildTextModel, TextModel, textModelFileFromBytes } from "./text-model.js";
import {
  defaultPreset,
  type PresetName,
  presetSteps,
  resolveTextConfig,
  type TextConfig,
  textConfigNames,
} from "./text-options.js";

/** Options of `trainText`. */
export interface TrainTextOptions extends Partial<TextConfig>, TextLoopOptions {
  /** What to learn from. */
  text: string;
  /** Values for what is not given; "fast" by default. */
  preset?: PresetName;
  /**
   * A last.safetensors to go on from, exactly as if there had been no interruption. Of the configuration only epochs,
   * time, patience, learningRate, decay and clip can then be given.
   */
  resume?: string;
}

const ownOptions = ["text", "preset", "folder", "resume", "onEvent", "signal", "dryRun"] as const;
const changeable: readonly (keyof TextConfig)[] = ["epochs", "time", "patience", "learningRate", "decay", "clip"];

/**
 * Trains a character model on a text. The same text, options and seed give the same weights, bit for bit, also when
 * interrupted and resumed; with a time limit the learning rate follows the clock, and they do not.
 *
 * Throws RondoError "data" for texts that cannot be learned from, "option" for options, "file" for checkpoints that cannot
 * be written, "nonFinite" when training breaks down (the best checkpoint stays).
 *
 * @example
 * const { writer } = await trainText({ text, preset: "fast", time: 30 });
 * console.log([...generateText(writer, { prompt: "The " })].join(""));
 */
export async function trainText(options: TrainTextOptions): Promise<TextRun> {
  checkOptions("trainText", options, [...ownOptions, ...textConfigNames]);
  const training = options.resume === undefined ? begin(options) : await goOn(options, options.resume);
  return training.run();
}

function configOf(options: TrainTextOptions): Partial<TextConfig> {
  const given = Object.entries(options).filter(([name, value]) => {
    return value !== undefined && (textConfigNames as readonly string[]).includes(name);
  });
  return Object.fromEntries(given);
}

function begin(options: TrainTextOptions): TextLoop {
  const { preset = defaultPreset, text } = options;
  const resolved = resolveTextConfig(configOf(options), preset);
  const data = prepareText(text, resolved);
  const needed = Math.ceil(presetSteps[preset] / data.training.steps);
  const own = options.epochs === undefined && resolved.epochs > 0;
  const config = own && needed > resolved.epochs ? { ...resolved, epochs: needed } : resolved;
  const cursor = firstCursor(data.fingerprint);
  return new TextLoop(buildTextModel(config, data.vocabulary, data.logFrequencies), data, cursor, options);
}

async function goOn(options: TrainTextOptions, path: string): Promise<TextLoop> {
  const given = configOf(options);
  const fixed = Object.keys(given).find((name) => !changeable.includes(name as keyof TextConfig));
  if (fixed !== undefined || options.preset !== undefined) {
    throw new RondoError("option", `${fixed ?? "preset"} cannot change in the middle of a training`, {
      expected: `only ${changeable.join(", ")} when resuming`,
      fix: "leave it out, or begin a new training",
    });
  }
  const { text, training: state } = textModelFileFromBytes(await files().read(path), path);
  const cursor = state && (takeState(state, "text").values as unknown as Cursor);
  if (!state || cursor?.step === undefined) {
    throw new RondoError("format", "this file does not hold a training to resume", {
      path,
      received: "a model without its training state",
      expected: checkpointFiles.last,
    });
  }
  // A limit that is given replaces the limits there were.
  const limits = given.time !== undefined || given.epochs !== undefined ? { epochs: undefined, time: 0 } : {};
  const config = resolveTextConfig({ ...text.config, ...limits, ...given });
  const data = prepareText(options.text, config);
  if (
    data.fingerprint !== cursor.fingerprint ||
    data.vocabulary.characters.join() !== text.vocabulary.characters.join()
  ) {
    throw new RondoError("data", "this is not the text the training began with", {
      path,
      received: `a text of ${data.trainingCharacters + data.validationCharacters} characters`,
      expected: `the text of ${cursor.fingerprint.split("-")[0]} characters`,
      fix: "give the same files in the same order, or begin a new training",
    });
  }
  text.model.setTrainingState(state);
  return new TextLoop(new TextModel(text.model, text.vocabulary, config), data, cursor, options);
}
