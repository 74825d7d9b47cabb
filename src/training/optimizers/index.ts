import { closest, lookUp, RondoError } from "../../errors.js";
import { scheduleFromConfig } from "../schedules.js";
import { adadelta } from "./adadelta.js";
import { adafactor } from "./adafactor.js";
import { adagrad } from "./adagrad.js";
import { adam } from "./adam.js";
import { adamax } from "./adamax.js";
import { adamw } from "./adamw.js";
import { ftrl } from "./ftrl.js";
import { groups } from "./groups.js";
import { lamb } from "./lamb.js";
import { lion } from "./lion.js";
import { lossScale } from "./loss-scale.js";
import { muon } from "./muon.js";
import { nadam } from "./nadam.js";
import { Optimizer } from "./optimizer.js";
import type { OptimizerOptions } from "./options.js";
import { rmsprop } from "./rmsprop.js";
import { scheduleFreeAdamW } from "./schedule-free-adamw.js";
import { sgd } from "./sgd.js";

/**
 * Every optimizer under its Keras name; in lower case, the name of its class in saved files is the same.
 *
 * @example model.compile({ optimizer: optimizers.adam({ learningRate: 0.01, clipNorm: 1 }), loss: "meanSquaredError" })
 */
export const optimizers = {
  sgd,
  rmsprop,
  adam,
  adamw,
  nadam,
  adamax,
  adagrad,
  adadelta,
  ftrl,
  lamb,
  lion,
  adafactor,
  muon,
  scheduleFreeAdamW,
  groups,
  lossScale,
} as const;

const { groups: _groups, lossScale: _lossScale, ...single } = optimizers;

/** Optimizers that a name is enough for. */
export type OptimizerName = keyof typeof single;

const lossScaled = "optimizers.lossScale({ innerOptimizer: optimizers.adam() })";
const grouped = "optimizers.groups({ groups: [{ match, optimizer }], rest: optimizers.adam() })";
/** Optimizers around others, also by Keras' names, and how they are made. */
const wrappers = {
  lossScale: lossScaled,
  lossScaleOptimizer: lossScaled,
  groups: grouped,
  multiOptimizer: grouped,
  optimizerMap: grouped,
} as const;

/** An optimizer from its name and options, or the optimizer itself. */
export function resolveOptimizer(optimizer: OptimizerName | Optimizer, options: OptimizerOptions = {}): Optimizer {
  if (optimizer instanceof Optimizer) return optimizer;
  if (typeof optimizer !== "string") {
    throw new RondoError("option", "compile() needs an optimizer", {
      received: String(optimizer),
      expected: `${Object.keys(single).join(", ")}, or optimizers.adam({ … })`,
    });
  }
  const around = closest(optimizer, Object.keys(wrappers));
  if (around && !closest(optimizer, Object.keys(single))) {
    throw new RondoError("option", `the optimizer "${optimizer}" is made of others, a name is not enough`, {
      received: JSON.stringify(optimizer),
      expected: wrappers[around as keyof typeof wrappers],
    });
  }
  return lookUp("optimizer", optimizer, single)(options);
}

interface SavedOptimizer {
  className: string;
  config: Record<string, unknown>;
}

/** What a file says about an optimizer around another one. */
interface SavedLossScale {
  innerOptimizer: SavedOptimizer;
  initialScale: number;
  dynamicGrowthSteps: number;
}

/** What a file says about groups. */
interface SavedGroups {
  groups: readonly { match: readonly string[]; optimizer: SavedOptimizer }[];
  rest: SavedOptimizer;
}

/** An optimizer from what a file says about it. */
export function optimizerFromConfig(saved: SavedOptimizer): Optimizer {
  const config = { ...saved.config };
  if (saved.className === "Groups") {
    const made = saved.config as unknown as SavedGroups;
    const parts = made.groups.map(({ match, optimizer }) => ({ match, optimizer: optimizerFromConfig(optimizer) }));
    return groups({ groups: parts, rest: optimizerFromConfig(made.rest) });
  }
  if (saved.className === "LossScaleOptimizer") {
    const made = saved.config as unknown as SavedLossScale;
    return lossScale({ ...made, innerOptimizer: optimizerFromConfig(made.innerOptimizer) });
  }
  const rate = config.learningRate;
  if (typeof rate === "object" && rate !== null) config.learningRate = scheduleFromConfig(rate as never);
  const same = (name: string) => name.toLowerCase() === saved.className.toLowerCase();
  return lookUp("optimizer", Object.keys(single).find(same) ?? saved.className, single)(config);
}
