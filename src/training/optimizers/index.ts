import { lookUp, RondoError } from "../../errors.js";
import { scheduleFromConfig } from "../schedules.js";
import { adam } from "./adam.js";
import { Optimizer, type OptimizerOptions } from "./optimizer.js";
import { rmsprop } from "./rmsprop.js";
import { sgd } from "./sgd.js";

export const optimizers = { sgd, rmsprop, adam } as const;

export type OptimizerName = keyof typeof optimizers;

/** An optimizer from its name and options, or the optimizer itself. */
export function resolveOptimizer(optimizer: OptimizerName | Optimizer, options: OptimizerOptions = {}): Optimizer {
  if (optimizer instanceof Optimizer) return optimizer;
  if (typeof optimizer !== "string") {
    throw new RondoError("option", "compile() needs an optimizer", {
      received: String(optimizer),
      expected: `${Object.keys(optimizers).join(", ")}, or optimizers.adam({ … })`,
    });
  }
  return lookUp("optimizer", optimizer, optimizers)(options);
}

const byClassName: Readonly<Record<string, (options: never) => Optimizer>> = {
  SGD: sgd,
  RMSprop: rmsprop,
  Adam: adam,
};

/** An optimizer from what a file says about it. */
export function optimizerFromConfig(saved: { className: string; config: Record<string, unknown> }): Optimizer {
  const config = { ...saved.config };
  const rate = config.learningRate;
  if (typeof rate === "object" && rate !== null) config.learningRate = scheduleFromConfig(rate as never);
  return lookUp("optimizer", saved.className, byClassName)(config as never);
}
