import { checkOptions, closest, lookUp, RondoError } from "../errors.js";

/** What decides how a character model is built and trained; stored with the model. */
export interface TextConfig {
  /** Kind of recurrent layer. */
  cell: "lstm" | "gru" | "rnn";
  /** Recurrent layers on top of each other. */
  layers: number;
  /** Size of each recurrent layer. */
  units: number;
  /** Numbers each character is turned into before the first recurrent layer. */
  embedding: number;
  /** Fraction of each layer's outputs dropped while training, 0 <= dropout < 1. */
  dropout: number;
  /** Adam's step size at the start. */
  learningRate: number;
  /** Fraction of the learning rate left at the end; it falls along half a cosine. 1 keeps it constant. */
  decay: number;
  /** Gradients are scaled down to this total norm; 0 leaves them as they are. */
  clip: number;
  /** Streams read in parallel. */
  batchSize: number;
  /** Characters per stream and step: gradients flow back through this many. */
  window: number;
  /** Passes over the text; 0 goes on until the time is over. */
  epochs: number;
  /** Seconds after which training ends, earlier runs of a resumed training included; 0 sets no limit. */
  time: number;
  /** Validations without progress after which training stops; 0 never stops early. */
  patience: number;
  /** Fraction at the end of the text kept for validation, 0 <= validationSplit < 1. */
  validationSplit: number;
  /** Seeds the weights, dropout and samples. */
  seed: number;
}

/** Names of the ready-made configurations in `textPresets`. */
export type PresetName = "fast" | "balanced" | "best";

const common = { cell: "lstm", decay: 0.05, clip: 1, time: 0, batchSize: 32, validationSplit: 0.1, seed: 1 } as const;

/**
 * Starting points; every value can be overridden. docs/text-models.md says what they reach.
 *
 * @example await trainText({ ...textPresets.fast, text, units: 128 })
 */
export const textPresets: Readonly<Record<PresetName, TextConfig>> = {
  fast: {
    ...{ ...common, layers: 1, units: 256, embedding: 32, dropout: 0 },
    ...{ learningRate: 0.01, window: 64, epochs: 3, patience: 4 },
  },
  balanced: {
    ...{ ...common, layers: 2, units: 256, embedding: 32, dropout: 0.2 },
    ...{ learningRate: 0.008, window: 64, epochs: 6, patience: 5 },
  },
  best: {
    ...{ ...common, layers: 2, units: 384, embedding: 64, dropout: 0.4 },
    ...{ learningRate: 0.004, window: 128, epochs: 14, patience: 6 },
  },
};

export const defaultPreset: PresetName = "fast";

/** Short texts are read more often than a preset says, until this many steps are made. */
export const presetSteps: Readonly<Record<PresetName, number>> = { fast: 1400, balanced: 2800, best: 3400 };

interface NumberRule {
  readonly integer: boolean;
  readonly min: number;
  readonly max: number;
  /** In words, for messages. */
  readonly expected: string;
}

const whole = (min: number, max: number): NumberRule => ({
  ...{ integer: true, min, max },
  expected: `a whole number from ${min} to ${max}`,
});
const fraction: NumberRule = { integer: false, min: 0, max: 1 - 1e-9, expected: "a number of at least 0 and below 1" };

/** What each option may be; also the list of options there are. */
const rules: Readonly<Record<keyof TextConfig, NumberRule | readonly string[]>> = {
  cell: ["lstm", "gru", "rnn"],
  layers: whole(1, 32),
  units: whole(1, 16_384),
  embedding: whole(1, 16_384),
  dropout: fraction,
  learningRate: { integer: false, min: Number.MIN_VALUE, max: 10, expected: "a number above 0 and up to 10" },
  decay: { integer: false, min: 0, max: 1, expected: "a number from 0 to 1" },
  clip: { integer: false, min: 0, max: Number.MAX_VALUE, expected: "a number of at least 0 (0: no clipping)" },
  batchSize: whole(1, 65_536),
  window: whole(1, 65_536),
  epochs: whole(0, 1_000_000),
  time: { integer: false, min: 0, max: 1e9, expected: "seconds, at least 0 (0: no limit)" },
  patience: whole(0, 1_000_000),
  validationSplit: fraction,
  seed: whole(0, 2 ** 32 - 1),
};

export const textConfigNames = Object.keys(rules) as readonly (keyof TextConfig)[];

/** Throws RondoError "option" when `value` is not one this option can have. `shown` is the option's name to its user. */
export function checkTextOption(name: keyof TextConfig, value: unknown, shown: string = name): void {
  const rule = rules[name];
  const bad = (expected: string, fix?: string) =>
    new RondoError("option", `${shown} has a value it cannot have`, {
      received: typeof value === "string" ? JSON.stringify(value) : String(value),
      expected,
      fix,
    });
  if (!("min" in rule)) {
    if (rule.includes(value as string)) return;
    const near = closest(String(value), rule);
    throw bad(`one of ${rule.join(", ")}`, near && `did you mean "${near}"?`);
  }
  const fits = typeof value === "number" && value >= rule.min && value <= rule.max;
  if (!fits || (rule.integer && !Number.isInteger(value))) throw bad(rule.expected);
}

/**
 * The complete configuration: the preset's values, with those that are given in their place. With a time but no number of
 * epochs, only the time counts. Throws RondoError "option" for unknown names and values out of range.
 *
 * @example resolveTextConfig({ units: 64 }, "balanced")
 */
export function resolveTextConfig(given: Partial<TextConfig>, preset: PresetName = defaultPreset): TextConfig {
  checkOptions("trainText", given, textConfigNames);
  const defaults = lookUp("preset", preset, textPresets);
  for (const name of textConfigNames) if (given[name] !== undefined) checkTextOption(name, given[name]);
  const config = Object.fromEntries(
    textConfigNames.map((name) => [name, given[name] ?? defaults[name]]),
  ) as unknown as TextConfig;
  if (given.time && given.epochs === undefined) config.epochs = 0;
  if (config.epochs === 0 && config.time === 0) {
    throw new RondoError("option", "this training would never end", {
      received: "epochs 0 and time 0",
      expected: "a number of epochs or a time",
    });
  }
  return config;
}
