import { noGrad } from "../autograd/tape.js";
import { checkOptions, lookUp, RondoError } from "../errors.js";
import { cast, equal, greater } from "../tensor/ops/comparison.js";
import { reshape } from "../tensor/ops/movement.js";
import { argMax } from "../tensor/ops/reduce.js";
import { scope } from "../tensor/scope.js";
import { formatShape, sameShape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { type Loss, type LossFunction, losses } from "./losses/index.js";
import { type Values, weightedMeans, weightedSums } from "./metric-values.js";

/** Which direction is better. */
export type Direction = "up" | "down";

/** A number gathered over batches. Everything is summed in double precision, so the size of batches does not matter. */
export interface Metric {
  /** Name in logs, e.g. "accuracy". */
  readonly name: string;
  readonly direction: Direction;
  /** Takes one batch in. `mask` [batch, time] leaves steps out; `sampleWeight` is [batch] or [batch, time]. */
  update(yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor | null, mask?: Tensor | null): void;
  /** The value over all batches since the last reset; 0 before the first. */
  result(): number;
  reset(): void;
  /** The sums so far, to go on from later. */
  getState(): Record<string, number>;
  setState(state: Record<string, number>): void;
  /** What a configuration says about the metric; null for one that cannot be saved. */
  readonly config: { readonly name: string; readonly config: Record<string, unknown> } | null;
}

/** total / count; the base of all metrics here. */
export class MeanMetric {
  total = 0;
  count = 0;

  add(sums: { total: number; count: number }): void {
    this.total += sums.total;
    this.count += sums.count;
  }
  get mean(): number {
    return this.count === 0 ? 0 : this.total / this.count;
  }
  reset(): void {
    this.total = 0;
    this.count = 0;
  }
  getState(): Record<string, number> {
    return { total: this.total, count: this.count };
  }
  setState(state: Record<string, number>): void {
    this.total = state.total ?? 0;
    this.count = state.count ?? 0;
  }
}

interface MetricParts {
  name: string;
  direction: Direction;
  /** One value per example (and step). */
  values: LossFunction;
  gather?: (values: Values) => { total: number; count: number };
  finish?: (mean: number) => number;
  config: Metric["config"];
}

function metric({ name, direction, values, gather = weightedMeans, finish = (m) => m, config }: MetricParts): Metric {
  const state = new MeanMetric();
  return {
    name,
    direction,
    config,
    update: (yTrue, yPred, sampleWeight = null, mask = null) =>
      noGrad(() =>
        scope(() => {
          state.add(gather({ values: values(yTrue, yPred), sampleWeight, mask }));
        }),
      ),
    result: () => (state.count === 0 ? 0 : finish(state.mean)),
    reset: () => state.reset(),
    getState: () => state.getState(),
    setState: (saved) => state.setState(saved),
  };
}

/** The targets in `shape`, when only axes of size 1 at the end differ. */
function inShape(name: string, yTrue: Tensor, shape: readonly number[], yPred: Tensor): Tensor {
  const column = sameShape(yTrue.shape, [...shape, 1]);
  const row = shape.at(-1) === 1 && sameShape(yTrue.shape, shape.slice(0, -1));
  if (!column && !row && !sameShape(yTrue.shape, shape)) {
    throw new RondoError("shape", `metric ${name}: the targets do not fit the predictions`, {
      received: `targets ${formatShape(yTrue.shape)}, predictions ${formatShape(yPred.shape)}`,
      expected: `targets ${formatShape(shape)}`,
    });
  }
  return reshape(yTrue, shape);
}

const matches: Record<"binary" | "categorical" | "sparse", (name: string, threshold: number) => LossFunction> = {
  binary: (name, threshold) => (yTrue, yPred) => {
    const target = inShape(name, cast(yTrue, "float32"), yPred.shape, yPred);
    return cast(equal(target, cast(greater(yPred, threshold), "float32")), "float32");
  },
  categorical: (name) => (yTrue, yPred) =>
    cast(equal(argMax(inShape(name, yTrue, yPred.shape, yPred), -1), argMax(yPred, -1)), "float32"),
  sparse: (name) => (yTrue, yPred) => {
    const target = inShape(name, cast(yTrue, "int32"), yPred.shape.slice(0, -1), yPred);
    return cast(equal(target, argMax(yPred, -1)), "float32");
  },
};

/** Keras' rule for "accuracy": one output is binary, targets with fewer axes are class numbers, the rest one-hot. */
function kindOf(yTrue: Tensor, yPred: Tensor): "binary" | "categorical" | "sparse" {
  const outputs = yPred.shape.at(-1);
  if (outputs === 1) return "binary";
  return yTrue.rank < yPred.rank || yTrue.shape.at(-1) === 1 ? "sparse" : "categorical";
}

/** Share of right answers; binary, categorical or sparse is decided by the shapes, as in Keras. */
export function accuracy(): Metric {
  return metric({
    name: "accuracy",
    direction: "up",
    values: (yTrue, yPred) => matches[kindOf(yTrue, yPred)]("accuracy", 0.5)(yTrue, yPred),
    config: { name: "accuracy", config: {} },
  });
}

/** Share of outputs on the right side of `threshold` (0.5). */
export function binaryAccuracy(options: { threshold?: number } = {}): Metric {
  checkOptions("metrics.binaryAccuracy", options, ["threshold"]);
  const { threshold = 0.5 } = options;
  return metric({
    name: "binaryAccuracy",
    direction: "up",
    values: matches.binary("binaryAccuracy", threshold),
    config: { name: "binaryAccuracy", config: { threshold } },
  });
}

/** Share of examples whose largest output is where the one-hot target is. */
export function categoricalAccuracy(): Metric {
  return metric({
    name: "categoricalAccuracy",
    direction: "up",
    values: matches.categorical("categoricalAccuracy", 0),
    config: { name: "categoricalAccuracy", config: {} },
  });
}

/** Share of examples whose largest output is at the target's class number. */
export function sparseCategoricalAccuracy(): Metric {
  return metric({
    name: "sparseCategoricalAccuracy",
    direction: "up",
    values: matches.sparse("sparseCategoricalAccuracy", 0),
    config: { name: "sparseCategoricalAccuracy", config: {} },
  });
}

/** A loss as a metric, for example a loss other than the one trained. */
function lossMetric(loss: Loss): Metric {
  return metric({
    name: loss.name,
    direction: "down",
    values: loss.call,
    config: loss.config && { name: loss.name, config: { ...loss.config } },
  });
}

const crossentropies = {
  binary: losses.binaryCrossentropy,
  categorical: losses.categoricalCrossentropy,
  sparse: losses.sparseCategoricalCrossentropy,
};

/**
 * exp of the mean cross-entropy over all tokens that are not masked: how many equally likely next tokens the model is
 * choosing from. Every token counts the same, whatever the lengths of the batches.
 */
export function perplexity(options: { fromLogits?: boolean } = {}): Metric {
  checkOptions("metrics.perplexity", options, ["fromLogits"]);
  const { fromLogits = false } = options;
  return metric({
    name: "perplexity",
    direction: "down",
    values: (yTrue, yPred) => crossentropies[kindOf(yTrue, yPred)]({ fromLogits }).call(yTrue, yPred),
    gather: weightedSums,
    finish: Math.exp,
    config: { name: "perplexity", config: { fromLogits } },
  });
}

/** Metrics that can be configured, and named in `compile({ metrics })`. */
export const metrics = {
  accuracy,
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  perplexity,
  meanSquaredError: () => lossMetric(losses.meanSquaredError()),
  meanAbsoluteError: () => lossMetric(losses.meanAbsoluteError()),
  binaryCrossentropy: (options?: Parameters<typeof losses.binaryCrossentropy>[0]) =>
    lossMetric(losses.binaryCrossentropy(options)),
  categoricalCrossentropy: (options?: Parameters<typeof losses.categoricalCrossentropy>[0]) =>
    lossMetric(losses.categoricalCrossentropy(options)),
  sparseCategoricalCrossentropy: (options?: Parameters<typeof losses.sparseCategoricalCrossentropy>[0]) =>
    lossMetric(losses.sparseCategoricalCrossentropy(options)),
} as const;

const shortNames = { acc: "accuracy", mse: "meanSquaredError", mae: "meanAbsoluteError" } as const;

export type MetricName = keyof typeof metrics | keyof typeof shortNames;

/** What `compile({ metrics })` takes: a name, a configured metric, or a function as for losses. */
export type MetricLike = MetricName | Metric | LossFunction;

/** A metric from its name, itself, or a function. By name, cross-entropies take `fromLogits` over from the loss. */
export function resolveMetric(like: MetricLike, loss: Loss): Metric {
  if (typeof like === "function") {
    return metric({ name: like.name || "metric", direction: "down", values: like, config: null });
  }
  if (typeof like === "object" && like !== null && typeof like.update === "function") return like;
  if (typeof like !== "string") {
    throw new RondoError("option", "this is not a metric", {
      received: String(like),
      expected: `${Object.keys(metrics).join(", ")}, metrics.…({ … }), or a function of (yTrue, yPred)`,
    });
  }
  const full = Object.hasOwn(shortNames, like) ? shortNames[like as keyof typeof shortNames] : like;
  const fromLogits = loss.config?.fromLogits === true && /perplexity|rossentropy/.test(full);
  const made = lookUp(
    "metric",
    full,
    metrics as Record<string, (options?: object) => Metric>,
  )(fromLogits ? { fromLogits } : undefined);
  // Logs use the name the user gave, as Keras does.
  return like === full ? made : Object.assign(made, { name: like });
}

/** A metric from what a file says about it. */
export function metricFromConfig(saved: { name: string; config: Record<string, unknown> }): Metric {
  return lookUp("metric", saved.name, metrics as Record<string, (options?: object) => Metric>)(saved.config);
}
