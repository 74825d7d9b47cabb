import { checkOptions, lookUp, RondoError } from "../errors.js";
import { checkCount, checkNotNegative } from "./checks.js";

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

/** Options of `schedules.exponentialDecay`. */
export interface ExponentialDecayOptions {
  /** The rate of the first update. */
  initialLearningRate: number;
  /** Updates after which the rate has been multiplied by `decayRate` once. */
  decaySteps: number;
  /** Factor of every `decaySteps` updates. */
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

/** Options of `schedules.cosineDecay`. */
export interface CosineDecayOptions {
  /** The rate of the first update. */
  initialLearningRate: number;
  /** Updates from the top of the curve to its end. */
  decaySteps: number;
  /** Where the curve ends, as a fraction of where it started. 0 by default. */
  alpha?: number;
  /** Rise linearly from `initialLearningRate` to this before the decay. */
  warmupTarget?: number | null;
  /** Updates of that rise, before those of the decay. 0 by default. */
  warmupSteps?: number;
}

/**
 * Half a cosine from the initial rate down to alpha times it, after an optional linear rise (Loshchilov & Hutter 2016).
 *
 * @example schedules.cosineDecay({ initialLearningRate: 0, warmupTarget: 0.001, warmupSteps: 500, decaySteps: 10_000 })
 */
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

/** Options of `schedules.piecewiseConstant`. */
export interface PiecewiseConstantOptions {
  /** Updates up to and including which the value of the same position holds; rising. */
  boundaries: readonly number[];
  /** One more than boundaries. */
  values: readonly number[];
}

/**
 * values[0] while step <= boundaries[0], then values[1] while step <= boundaries[1], and so on.
 *
 * @example schedules.piecewiseConstant({ boundaries: [1000, 2000], values: [0.1, 0.01, 0.001] })
 */
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

/** Options of `schedules.step`. */
export interface StepOptions {
  /** The rate of the first update. */
  initialLearningRate: number;
  /** Updates between two drops. */
  stepSize: number;
  /** Factor of every drop; 0.1 by default. */
  gamma?: number;
}

/**
 * initialLearningRate · gamma^floor(step / stepSize).
 *
 * @example schedules.step({ initialLearningRate: 0.1, stepSize: 1000, gamma: 0.5 })
 */
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

/** Options of `schedules.polynomialDecay`. */
export interface PolynomialDecayOptions {
  /** The rate of the first update. */
  initialLearningRate: number;
  /** Updates from the initial to the last rate. */
  decaySteps: number;
  /** 0.0001 by default. */
  endLearningRate?: number;
  /** 1, the default, is a straight line. */
  power?: number;
  /** True: at the end go up again and come down over the next multiple of `decaySteps`. */
  cycle?: boolean;
}

/**
 * (initialLearningRate - endLearningRate) · (1 - step / decaySteps)^power + endLearningRate, constant after the end.
 *
 * @example schedules.polynomialDecay({ initialLearningRate: 0.01, decaySteps: 1000, power: 2 })
 */
export function polynomialDecay(options: PolynomialDecayOptions): Schedule {
  const where = "schedules.polynomialDecay";
  checkOptions(where, options, ["initialLearningRate", "decaySteps", "endLearningRate", "power", "cycle"]);
  const { initialLearningRate, decaySteps, endLearningRate = 0.0001, power = 1, cycle = false } = options;
  checkNotNegative(where, "initialLearningRate", initialLearningRate);
  requirePositive(where, "decaySteps", decaySteps);
  checkNotNegative(where, "endLearningRate", endLearningRate);
  requirePositive(where, "power", power);
  const config = { initialLearningRate, decaySteps, endLearningRate, power, cycle };
  return schedule("PolynomialDecay", config, (n) => {
    const length = cycle ? decaySteps * Math.max(1, Math.ceil(n / decaySteps)) : decaySteps;
    const left = 1 - Math.min(n, length) / length;
    return (initialLearningRate - endLearningRate) * left ** power + endLearningRate;
  });
}

/** Options of `schedules.inverseTimeDecay`. */
export interface InverseTimeDecayOptions {
  /** The rate of the first update. */
  initialLearningRate: number;
  /** Updates after which `decayRate` has been added to the divisor once. */
  decaySteps: number;
  /** What is added to the divisor, 1 at first. */
  decayRate: number;
  /** True: stay constant between two multiples of `decaySteps`. */
  staircase?: boolean;
}

/**
 * initialLearningRate / (1 + decayRate · step / decaySteps).
 *
 * @example schedules.inverseTimeDecay({ initialLearningRate: 0.1, decaySteps: 100, decayRate: 0.5 })
 */
export function inverseTimeDecay(options: InverseTimeDecayOptions): Schedule {
  const where = "schedules.inverseTimeDecay";
  checkOptions(where, options, ["initialLearningRate", "decaySteps", "decayRate", "staircase"]);
  const { initialLearningRate, decaySteps, decayRate, staircase = false } = options;
  requirePositive(where, "initialLearningRate", initialLearningRate);
  requirePositive(where, "decaySteps", decaySteps);
  checkNotNegative(where, "decayRate", decayRate);
  return schedule("InverseTimeDecay", { initialLearningRate, decaySteps, decayRate, staircase }, (n) => {
    const periods = staircase ? Math.floor(n / decaySteps) : n / decaySteps;
    return initialLearningRate / (1 + decayRate * periods);
  });
}

/** Options of `schedules.cosineDecayRestarts`. */
export interface CosineDecayRestartsOptions {
  /** The rate of the first update. */
  initialLearningRate: number;
  /** Updates of the first period. */
  firstDecaySteps: number;
  /** Every period is this many times as long as the one before; at least 1. 2 by default. */
  tMul?: number;
  /** Every period starts at this many times the rate the one before started at. 1 by default. */
  mMul?: number;
  /** Lowest rate, as a fraction of the initial one. 0 by default. */
  alpha?: number;
}

/**
 * Half cosines from the initial rate down, each starting anew: warm restarts (Loshchilov & Hutter 2016).
 *
 * @example schedules.cosineDecayRestarts({ initialLearningRate: 0.01, firstDecaySteps: 1000 })
 */
export function cosineDecayRestarts(options: CosineDecayRestartsOptions): Schedule {
  const where = "schedules.cosineDecayRestarts";
  checkOptions(where, options, ["initialLearningRate", "firstDecaySteps", "tMul", "mMul", "alpha"]);
  const { initialLearningRate, firstDecaySteps, tMul = 2, mMul = 1, alpha = 0 } = options;
  requirePositive(where, "initialLearningRate", initialLearningRate);
  requirePositive(where, "firstDecaySteps", firstDecaySteps);
  if (!(tMul >= 1 && Number.isFinite(tMul))) {
    throw new RondoError("value", `${where}: tMul must be a number of at least 1`, { received: `tMul = ${tMul}` });
  }
  requirePositive(where, "mMul", mMul);
  checkNotNegative(where, "alpha", alpha);
  const config = { initialLearningRate, firstDecaySteps, tMul, mMul, alpha };
  return schedule("CosineDecayRestarts", config, (n) => {
    let period = Math.floor(n / firstDecaySteps);
    let done = n / firstDecaySteps - period;
    if (tMul > 1) {
      // The periods before number i take (tMul^i - 1) / (tMul - 1) first ones together. Rounding must not put their ends
      // into the period before.
      const startOf = (i: number) => (firstDecaySteps * (tMul ** i - 1)) / (tMul - 1);
      period = Math.floor(Math.log(1 + (n / firstDecaySteps) * (tMul - 1)) / Math.log(tMul));
      if (n >= startOf(period + 1)) period++;
      done = (n - startOf(period)) / (firstDecaySteps * tMul ** period);
    }
    return initialLearningRate * ((1 - alpha) * 0.5 * mMul ** period * (1 + Math.cos(Math.PI * done)) + alpha);
  });
}

/** Options of `schedules.oneCycle`. */
export interface OneCycleOptions {
  /** The rate at the top. */
  maxLearningRate: number;
  /** Updates of the whole training. */
  totalSteps: number;
  /** Share of the updates in which the rate rises. 0.3 by default. */
  pctStart?: number;
  /** How the rate goes from one level to the next. "cosine" by default. */
  annealing?: "cosine" | "linear";
  /** The first rate is the largest divided by this. 25 by default. */
  divFactor?: number;
  /** The last rate is the first divided by this. 10000 by default. */
  finalDivFactor?: number;
}

/**
 * Up from a low rate to the largest, and down to almost nothing, as PyTorch's OneCycleLR (Smith & Topin 2017).
 *
 * @example schedules.oneCycle({ maxLearningRate: 0.01, totalSteps: 5000 })
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const where = "schedules.oneCycle";
  const names = ["maxLearningRate", "totalSteps", "pctStart", "annealing", "divFactor", "finalDivFactor"];
  checkOptions(where, options, names);
  const { maxLearningRate, totalSteps, pctStart = 0.3, annealing = "cosine" } = options;
  const { divFactor = 25, finalDivFactor = 1e4 } = options;
  requirePositive(where, "maxLearningRate", maxLearningRate);
  checkCount(where, "totalSteps", totalSteps, 2);
  requirePositive(where, "divFactor", divFactor);
  requirePositive(where, "finalDivFactor", finalDivFactor);
  const top = pctStart * totalSteps - 1;
  if (!(top > 0 && top < totalSteps - 1)) {
    throw new RondoError("value", `${where}: pctStart must leave updates for the rise and for the fall`, {
      received: `pctStart = ${pctStart} of totalSteps = ${totalSteps}`,
      expected: `a fraction above ${1 / totalSteps} and below 1`,
    });
  }
  const shape = lookUp("annealing", annealing, {
    cosine: (done: number) => 0.5 * (1 - Math.cos(Math.PI * done)),
    linear: (done: number) => done,
  });
  const first = maxLearningRate / divFactor;
  const last = first / finalDivFactor;
  const config = { maxLearningRate, totalSteps, pctStart, annealing, divFactor, finalDivFactor };
  return schedule("OneCycle", config, (n) => {
    if (n <= top) return first + (maxLearningRate - first) * shape(n / top);
    const done = Math.min(1, (n - top) / (totalSteps - 1 - top));
    return maxLearningRate + (last - maxLearningRate) * shape(done);
  });
}

/** Options of `schedules.warmup`. */
export interface WarmupOptions {
  /** Updates of the rise. */
  steps: number;
  /** What comes after it, counted from its end: a rate or a schedule. */
  learningRate: number | Schedule;
  /** The rate of the first update. 0 by default. */
  from?: number;
}

/**
 * A straight rise to the first rate of another schedule, which follows.
 *
 * @example schedules.warmup({ steps: 500, learningRate: schedules.step({ initialLearningRate: 0.1, stepSize: 1000 }) })
 */
export function warmup(options: WarmupOptions): Schedule {
  const where = "schedules.warmup";
  checkOptions(where, options, ["steps", "learningRate", "from"]);
  const { steps, learningRate, from = 0 } = options;
  requirePositive(where, "steps", steps);
  checkNotNegative(where, "from", from);
  if (typeof learningRate !== "number" && (typeof learningRate !== "object" || !learningRate?.at)) {
    throw new RondoError("option", `${where}: learningRate must be a number or a schedule`, {
      received: String(learningRate),
    });
  }
  const after = (n: number) => (typeof learningRate === "number" ? learningRate : learningRate.at(n));
  checkNotNegative(where, "learningRate", after(0));
  const saved =
    typeof learningRate === "number"
      ? learningRate
      : { className: learningRate.className, config: learningRate.getConfig() };
  return schedule("Warmup", { steps, learningRate: saved, from }, (n) =>
    n < steps ? from + ((after(0) - from) * n) / steps : after(n - steps),
  );
}

/**
 * Learning rates that depend on the number of updates.
 *
 * @example optimizers.adam({ learningRate: schedules.cosineDecay({ initialLearningRate: 0.001, decaySteps: 10_000 }) })
 */
export const schedules = {
  exponentialDecay,
  inverseTimeDecay,
  polynomialDecay,
  cosineDecay,
  cosineDecayRestarts,
  piecewiseConstant,
  piecewiseConstantDecay: piecewiseConstant,
  step,
  oneCycle,
  warmup,
} as const;

interface SavedSchedule {
  className: string;
  config: Record<string, unknown>;
}

const byClassName: Readonly<Record<string, (options: never) => Schedule>> = {
  ExponentialDecay: exponentialDecay,
  InverseTimeDecay: inverseTimeDecay,
  PolynomialDecay: polynomialDecay,
  CosineDecay: cosineDecay,
  CosineDecayRestarts: cosineDecayRestarts,
  PiecewiseConstantDecay: piecewiseConstant,
  StepDecay: step,
  OneCycle: oneCycle,
  Warmup: ({ learningRate, ...rest }: Omit<WarmupOptions, "learningRate"> & { learningRate: number | SavedSchedule }) =>
    warmup({
      ...rest,
      learningRate: typeof learningRate === "number" ? learningRate : scheduleFromConfig(learningRate),
    }),
};

/** A schedule from what a file says about it. */
export function scheduleFromConfig(saved: SavedSchedule): Schedule {
  return lookUp("schedule", saved.className, byClassName)(saved.config as never);
}
