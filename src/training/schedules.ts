import { checkOptions, lookUp, RondoError } from "../errors.js";

/** A learning rate that depends on the number of updates made so far. */
export interface Schedule {
  /** Name in saved files, e.g. "ExponentialDecay". */
  readonly className: string;
  /** The learning rate of update number `step`, counted from 0. */
  at(step: number): number;
  /** Options that make an equal schedule. */
  getConfig(): Record<string, unknown>;
}

function schedule(className: string, options: object, at: (step: number) => number): Schedule {
  return { className, at, getConfig: () => ({ ...options }) };
}

function requirePositive(where: string, name: string, value: number): void {
  if (value > 0 && Number.isFinite(value)) return;
  throw new RondoError("value", `${where}: ${name} must be a number above 0`, { received: `${name} = ${value}` });
}

export interface ExponentialDecayOptions {
  initialLearningRate: number;
  /** Updates after which the rate has been multiplied by `decayRate` once. */
  decaySteps: number;
  decayRate: number;
  /** True: stay constant between two multiples of `decaySteps`. */
  staircase?: boolean;
}

/**
 * initialLearningRate · decayRate^(step / decaySteps).
 *
 * @example optimizers.sgd({ learningRate: schedules.exponentialDecay({ initialLearningRate: 0.1, decaySteps: 1000, decayRate: 0.9 }) })
 */
export function exponentialDecay(options: ExponentialDecayOptions): Schedule {
  const where = "schedules.exponentialDecay";
  checkOptions(where, options, ["initialLearningRate", "decaySteps", "decayRate", "staircase"]);
  const { initialLearningRate, decaySteps, decayRate, staircase = false } = options;
  requirePositive(where, "initialLearningRate", initialLearningRate);
  requirePositive(where, "decaySteps", decaySteps);
  requirePositive(where, "decayRate", decayRate);
  return schedule("ExponentialDecay", { initialLearningRate, decaySteps, decayRate, staircase }, (step) => {
    const power = step / decaySteps;
    return initialLearningRate * decayRate ** (staircase ? Math.floor(power) : power);
  });
}

export interface CosineDecayOptions {
  initialLearningRate: number;
  /** Updates from the top of the curve to its end. */
  decaySteps: number;
  /** Where the curve ends, as a fraction of where it started. 0 by default. */
  alpha?: number;
  /** Rise linearly from `initialLearningRate` to this before the decay. */
  warmupTarget?: number | null;
  warmupSteps?: number;
}

/** Half a cosine from the initial rate down to alpha times it, after an optional linear rise (Loshchilov & Hutter 2016). */
export function cosineDecay(options: CosineDecayOptions): Schedule {
  const where = "schedules.cosineDecay";
  checkOptions(where, options, ["initialLearningRate", "decaySteps", "alpha", "warmupTarget", "warmupSteps"]);
  const { initialLearningRate, decaySteps, alpha = 0, warmupTarget = null, warmupSteps = 0 } = options;
  requirePositive(where, "decaySteps", decaySteps);
  if (warmupTarget !== null) requirePositive(where, "warmupSteps", warmupSteps);
  else requirePositive(where, "initialLearningRate", initialLearningRate);
  const config = { initialLearningRate, decaySteps, alpha, warmupTarget, warmupSteps };
  return schedule("CosineDecay", config, (step) => {
    const rise = warmupTarget === null ? 0 : warmupSteps;
    const top = warmupTarget ?? initialLearningRate;
    if (step < rise) return initialLearningRate + ((top - initialLearningRate) * step) / rise;
    const done = Math.min(step - rise, decaySteps) / decaySteps;
    return top * ((1 - alpha) * 0.5 * (1 + Math.cos(Math.PI * done)) + alpha);
  });
}

export interface PiecewiseConstantOptions {
  /** Updates up to and including which the value of the same position holds; rising. */
  boundaries: readonly number[];
  /** One more than boundaries. */
  values: readonly number[];
}

/** values[0] while step <= boundaries[0], then values[1] while step <= boundaries[1], and so on. */
export function piecewiseConstant(options: PiecewiseConstantOptions): Schedule {
  checkOptions("schedules.piecewiseConstant", options, ["boundaries", "values"]);
  const { boundaries, values } = options;
  if (values.length !== boundaries.length + 1 || boundaries.some((b, i) => i > 0 && b <= boundaries[i - 1]!)) {
    throw new RondoError("value", "schedules.piecewiseConstant needs rising boundaries and one value more than those", {
      received: `boundaries [${boundaries.join(", ")}], values [${values.join(", ")}]`,
    });
  }
  return schedule("PiecewiseConstantDecay", { boundaries: [...boundaries], values: [...values] }, (step) => {
    const at = boundaries.findIndex((b) => step <= b);
    return values[at < 0 ? boundaries.length : at]!;
  });
}

export interface StepOptions {
  initialLearningRate: number;
  /** Updates between two drops. */
  stepSize: number;
  /** Factor of every drop; 0.1 by default. */
  gamma?: number;
}

/** initialLearningRate · gamma^floor(step / stepSize). */
export function step(options: StepOptions): Schedule {
  const where = "schedules.step";
  checkOptions(where, options, ["initialLearningRate", "stepSize", "gamma"]);
  const { initialLearningRate, stepSize, gamma = 0.1 } = options;
  requirePositive(where, "initialLearningRate", initialLearningRate);
  requirePositive(where, "stepSize", stepSize);
  requirePositive(where, "gamma", gamma);
  return schedule("StepDecay", { initialLearningRate, stepSize, gamma }, (n) => {
    return initialLearningRate * gamma ** Math.floor(n / stepSize);
  });
}

export const schedules = { exponentialDecay, cosineDecay, piecewiseConstant, step } as const;

const byClassName: Readonly<Record<string, (options: never) => Schedule>> = {
  ExponentialDecay: exponentialDecay,
  CosineDecay: cosineDecay,
  PiecewiseConstantDecay: piecewiseConstant,
  StepDecay: step,
};

/** A schedule from what a file says about it. */
export function scheduleFromConfig(saved: { className: string; config: Record<string, unknown> }): Schedule {
  return lookUp("schedule", saved.className, byClassName)(saved.config as never);
}
