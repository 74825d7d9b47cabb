import { RondoError } from "../../errors.js";
import { checkCount, checkFraction, checkNotNegative, checkWithin } from "../checks.js";
import type { Schedule } from "../schedules.js";
import type { Clipping } from "./clip.js";

/** A learning rate: constant, a schedule, or any function of the number of updates made so far. */
export type LearningRate = number | Schedule | ((step: number) => number);

/** Options of every optimizer. Of the three kinds of clipping at most one may be given. */
export interface OptimizerOptions {
  /** A number above 0 or a schedule. Each optimizer names its own default. */
  learningRate?: LearningRate;
  /** Every update first shrinks the weights by this fraction times the learning rate (decoupled decay, as in AdamW). */
  weightDecay?: number | null;
  /** Variables with one of these words in their name do not decay: ["bias", "gamma"]. */
  excludeFromWeightDecay?: readonly string[];
  /** Scales each variable's gradient down to this Euclidean norm. */
  clipNorm?: number | null;
  /** Limits every element of the gradients to plus or minus this. */
  clipValue?: number | null;
  /** Scales all gradients together down to this Euclidean norm. */
  globalClipNorm?: number | null;
  /**
   * Keeps a moving average of every variable (Polyak averaging). `fit` ends with the averages as weights; in loops of
   * your own call `finalizeVariables`.
   */
  useEma?: boolean;
  /** average = emaMomentum · average + (1 - emaMomentum) · variable after every step. 0.99 by default. */
  emaMomentum?: number;
  /** Puts the averages in the variables' place every so many updates; null: only at the end. */
  emaOverwriteFrequency?: number | null;
  /** Gradients are of the loss times this (`scaleLoss`) and are divided by it again; null: of the loss itself. */
  lossScaleFactor?: number | null;
  /**
   * One update per so many calls of `apply` (batches), by the mean of their gradients: large batches in little memory. A
   * learning rate schedule counts updates, not batches. null: every call updates.
   */
  gradientAccumulationSteps?: number | null;
}

/** Everything but the learning rate, checked, with its default. */
export interface CommonSettings extends Clipping {
  readonly weightDecay: number | null;
  readonly excludeFromWeightDecay: readonly string[];
  readonly useEma: boolean;
  readonly emaMomentum: number;
  readonly emaOverwriteFrequency: number | null;
  readonly lossScaleFactor: number | null;
  readonly gradientAccumulationSteps: number | null;
}

const commonDefaults: CommonSettings = {
  weightDecay: null,
  excludeFromWeightDecay: [],
  clipNorm: null,
  clipValue: null,
  globalClipNorm: null,
  useEma: false,
  emaMomentum: 0.99,
  emaOverwriteFrequency: null,
  lossScaleFactor: null,
  gradientAccumulationSteps: null,
};

export const optimizerOptionNames = ["learningRate", ...Object.keys(commonDefaults)];

/** Values for the names in `defaults`: those given, where there are any. */
function filled<S extends object>(defaults: S, given: object): S {
  const entries = Object.entries(defaults).map(([name, value]) => [name, given[name as never] ?? value]);
  return Object.fromEntries(entries) as S;
}

export function readCommon(where: string, options: OptimizerOptions): CommonSettings {
  const settings = filled(commonDefaults, options);
  const { weightDecay, emaOverwriteFrequency, gradientAccumulationSteps, lossScaleFactor } = settings;
  if (weightDecay !== null) checkNotNegative(where, "weightDecay", weightDecay);
  checkClipping(where, settings);
  checkWithin(where, "emaMomentum", settings.emaMomentum, 0, 1);
  if (emaOverwriteFrequency !== null) checkCount(where, "emaOverwriteFrequency", emaOverwriteFrequency);
  if (gradientAccumulationSteps !== null) checkCount(where, "gradientAccumulationSteps", gradientAccumulationSteps);
  if (lossScaleFactor !== null) checkAbove(where, "lossScaleFactor", lossScaleFactor);
  const words = checkNames(where, "excludeFromWeightDecay", settings.excludeFromWeightDecay);
  return { ...settings, excludeFromWeightDecay: words };
}

/** An optimizer's own options: what it computes with. */
export type Settings = Readonly<Record<string, number | boolean | null | readonly string[]>>;
/** The own options of an optimizer, every one present. */
export type SettingsOf<O> = { readonly [K in Exclude<keyof O, keyof OptimizerOptions>]-?: Exclude<O[K], undefined> };

/** Shares of something remembered: at least 0 and below 1. */
const shares = ["beta1", "beta2", "rho", "momentum", "adamBeta1", "adamBeta2"];
/** What null switches off. */
const optional = ["rmsRate", "adamWeightDecay"];

/** Fills in defaults and checks what their kind says: shares, switches, sizes of at least 0, or numbers. */
export function readSettings<S extends Settings>(where: string, defaults: S, options: object): S {
  const settings: Record<string, unknown> = filled(defaults, options);
  for (const [name, standard] of Object.entries(defaults)) {
    const off = optional.includes(name) && options[name as never] === null;
    const value = settings[name];
    if (off) settings[name] = null;
    else if (typeof standard === "object") settings[name] = checkNames(where, name, value as string[]);
    else if (typeof standard === "boolean") checkSwitch(where, name, value);
    else if (shares.includes(name)) checkFraction(where, name, value as number);
    else if ((standard as number) >= 0) checkNotNegative(where, name, value as number);
    else checkWithin(where, name, value as number, -Number.MAX_VALUE, Number.MAX_VALUE);
  }
  return settings as S;
}

function checkSwitch(where: string, name: string, value: unknown): void {
  if (typeof value === "boolean") return;
  throw new RondoError("value", `${where}: ${name} is true or false`, { received: String(value) });
}

function checkAbove(where: string, name: string, value: number): void {
  if (value > 0 && Number.isFinite(value)) return;
  throw new RondoError("value", `${where}: ${name} must be a number above 0`, { received: `${name} = ${value}` });
}

export function checkRate(where: string, rate: number): void {
  if (typeof rate === "number" && rate >= 0 && Number.isFinite(rate)) return;
  throw new RondoError("value", `${where}: a learning rate is a finite number of at least 0`, {
    received: String(rate),
  });
}

/** A list of words, copied; none by default. */
export function checkNames(where: string, name: string, words: readonly string[] | undefined): readonly string[] {
  if (words === undefined) return [];
  if (Array.isArray(words) && words.every((word) => typeof word === "string" && word !== "")) return [...words];
  throw new RondoError("value", `${where}: ${name} is a list of words that occur in variables' names`, {
    received: JSON.stringify(words),
    expected: '["bias", "gamma"], or [] for none',
  });
}

function checkClipping(where: string, { clipNorm, clipValue, globalClipNorm }: Clipping): void {
  const given = Object.entries({ clipNorm, clipValue, globalClipNorm }).filter(([, limit]) => limit !== null);
  if (given.length > 1) {
    throw new RondoError("option", `${where}: only one kind of clipping can be used`, {
      received: given.map(([name, limit]) => `${name} = ${limit}`).join(", "),
      expected: "one of clipNorm, clipValue, globalClipNorm",
      fix: "globalClipNorm is the usual choice for recurrent networks",
    });
  }
  for (const [name, limit] of given) checkAbove(where, name, limit!);
}
