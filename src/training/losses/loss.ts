import { checkOptions, RondoError } from "../../errors.js";
import type { Tensor } from "../../tensor/tensor.js";

/** Targets and predictions in, one value per example (and step) out: the last axis is reduced. */
export type LossFunction = (yTrue: Tensor, yPred: Tensor, mask?: Tensor | null) => Tensor;

/** Probabilities are kept this far from 0 and 1 before the logarithm, and divisors from 0, as Keras does. */
export const EPSILON = 1e-7;

const reductions = ["sumOverBatchSize", "mean", "sum", "meanWithSampleWeight", "none"] as const;

/**
 * How one number is made of the values, each times its sample weight:
 * - "sumOverBatchSize" or "mean": the sum divided by the number of values that are not masked;
 * - "sum": the sum;
 * - "meanWithSampleWeight": the sum divided by the sum of the weights;
 * - "none": the weighted values as they are. Such a loss cannot be trained with.
 */
export type Reduction = (typeof reductions)[number];

export interface ReductionOption {
  /** How one number is made of the values. "sumOverBatchSize" by default. */
  reduction?: Reduction;
}

/** A loss with its options. `call` gives values [batch] or [batch, time]; `reduceLoss` makes one number of them. */
export interface Loss {
  /** Name in configurations and logs, e.g. "sparseCategoricalCrossentropy". */
  readonly name: string;
  readonly call: LossFunction;
  /** Options that make an equal loss; null for a loss given as a function, which cannot be saved. */
  readonly config: Readonly<Record<string, unknown>> | null;
  /** "sumOverBatchSize" unless given. */
  readonly reduction?: Reduction;
  /** Which values count, in the shape of the values, besides what the mask of the predictions says. */
  readonly valid?: (yTrue: Tensor, values: Tensor) => Tensor;
  /** The loss takes the mask of the predictions as third argument of `call` instead of having its values masked. */
  readonly readsMask?: boolean;
}

/** What tells one loss from another. */
export interface LossParts {
  values: LossFunction;
  valid?: Loss["valid"];
  readsMask?: boolean;
}

/**
 * Makes the function that makes a loss: checks the names of the options, fills in the defaults and writes both into the
 * configuration. `build` checks the values and returns how the loss is computed.
 */
export function defineLoss<O extends object>(
  name: string,
  defaults: Required<O>,
  build: (options: Required<O>) => LossFunction | LossParts,
): (options?: O & ReductionOption) => Loss {
  const names = [...Object.keys(defaults), "reduction"];
  return (given) => {
    checkOptions(`losses.${name}`, given ?? {}, names);
    const set = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
    const { reduction = "sumOverBatchSize", ...config } = { ...defaults, ...Object.fromEntries(set) } as Required<O> &
      ReductionOption;
    if (!reductions.includes(reduction)) {
      throw new RondoError("option", `losses.${name}: unknown reduction`, {
        received: JSON.stringify(reduction),
        expected: reductions.join(", "),
      });
    }
    const built = build(config as unknown as Required<O>);
    const { values: call, ...rest } = typeof built === "function" ? { values: built } : built;
    return { name, config: { ...config, reduction }, reduction, call, ...rest };
  };
}

/** Throws RondoError "value" unless `value` is a finite number that `fits`. */
export function checkNumber(loss: string, option: string, value: number, fits: boolean, expected: string): void {
  if (typeof value === "number" && Number.isFinite(value) && fits) return;
  throw new RondoError("value", `losses.${loss}: ${option} must be ${expected}`, { received: String(value) });
}
