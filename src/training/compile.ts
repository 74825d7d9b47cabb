import { checkOptions, closest, RondoError } from "../errors.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Logs } from "./callbacks.js";
import { type Loss, type LossLike, lossFromConfig, resolveLoss } from "./losses/index.js";
import {
  type Direction,
  MeanMetric,
  type Metric,
  type MetricLike,
  metricFromConfig,
  resolveMetric,
} from "./metrics/index.js";
import { type OptimizerName, optimizerFromConfig, resolveOptimizer } from "./optimizers/index.js";
import { Optimizer } from "./optimizers/optimizer.js";
import type { LearningRate } from "./optimizers/options.js";
import { perOutput } from "./per-output.js";

/** Options of `model.compile`. */
export interface CompileOptions {
  /** "sgd", "rmsprop", "adam", "adamw", …, or one with options: `optimizers.adam({ learningRate: 0.003 })`. */
  optimizer: OptimizerName | Optimizer;
  /**
   * "meanSquaredError", "sparseCategoricalCrossentropy", …, one with options, or a function of (yTrue, yPred). For a
   * model with several outputs: one for all, a list, or by name; an output without (null) is not trained. Only models with
   * a `trainStep` of their own can do without.
   */
  loss?: LossLike | readonly (LossLike | null)[] | { readonly [output: string]: LossLike | null };
  /** How much the loss of each output counts, in order or by name. 1 each by default. */
  lossWeights?: readonly number[] | { readonly [output: string]: number };
  /**
   * Computed besides the loss. They respect masks but not sample weights, as in Keras. For a model with several outputs:
   * one entry per output (a metric or a list of them), in order or by name.
   */
  metrics?: MetricsOption;
  /** Like `metrics`, but sample weights count. One that is in both is logged as "weighted_…" here. */
  weightedMetrics?: MetricsOption;
  /** For an optimizer given by name. */
  learningRate?: LearningRate;
  /** For an optimizer given by name; see its options. */
  clipNorm?: number;
  /** For an optimizer given by name; see its options. */
  clipValue?: number;
  /** For an optimizer given by name; see its options. */
  globalClipNorm?: number;
}

/** Metrics of a model with one output, or for each of several. */
export type MetricsOption =
  | readonly (MetricLike | readonly MetricLike[] | null)[]
  | { readonly [output: string]: MetricLike | readonly MetricLike[] | null };

interface Saved {
  readonly name: string;
  /** What a metric is called in logs, where that is not its name: "mae". */
  readonly label?: string;
  readonly config: Record<string, unknown>;
}

/** What a file says about how a model was compiled. Lists by output for a model with several. */
export interface CompileConfig {
  readonly optimizer: { readonly className: string; readonly config: Record<string, unknown> };
  readonly loss?: Saved | readonly (Saved | null)[];
  readonly lossWeights?: readonly number[];
  readonly metrics: readonly (Saved | readonly Saved[])[];
  readonly weightedMetrics: readonly (Saved | readonly Saved[])[];
}

const optimizerOptions = ["learningRate", "clipNorm", "clipValue", "globalClipNorm"] as const;

/** How one output is judged. */
interface CompiledOutput {
  readonly name: string;
  readonly loss: Loss | null;
  readonly lossWeight: number;
  /** Whether a loss or metric looks at it. */
  readonly needsTargets: boolean;
  /** Of its own loss, for models with several outputs. */
  readonly mean: MeanMetric;
}

interface Entry {
  readonly name: string;
  readonly output: number;
  readonly metric: Metric;
  readonly weighted: boolean;
}

/** A batch as metrics see it; lists by output. */
export interface BatchResults {
  /** The loss trained on. */
  readonly loss: number;
  /** The unweighted losses; empty for a model with one output. */
  readonly parts: readonly (number | null)[];
  /** As many examples (times steps) as the batch has. */
  readonly weight: number;
  readonly y: readonly (Tensor | null)[];
  readonly outputs: readonly Tensor[];
  readonly sampleWeight: readonly (Tensor | null)[];
  readonly masks: readonly (Tensor | null)[];
}

/** What `compile` was given, ready for use, and the running means of loss and metrics. */
export class Compiled {
  readonly optimizer: Optimizer;
  readonly outputs: readonly CompiledOutput[];
  private readonly lossMean = new MeanMetric();
  private readonly entries: readonly Entry[];
  /** Values that a model's own step returns. */
  private readonly extras = new Map<string, MeanMetric>();

  /** @param names of the model's outputs. @param ownStep the model may compute its loss itself. */
  constructor(
    options: CompileOptions,
    names: readonly string[],
    private readonly ownStep = false,
  ) {
    checkOptions("compile", options, [
      "optimizer",
      "loss",
      "lossWeights",
      "metrics",
      "weightedMetrics",
      ...optimizerOptions,
    ]);
    this.optimizer = makeOptimizer(options);
    const losses = ownStep && options.loss === undefined ? names.map(() => null) : resolveLosses(options.loss, names);
    for (const loss of losses) {
      if (loss?.reduction !== "none") continue;
      throw new RondoError("option", `compile: ${loss.name} with reduction "none" gives no single number to train`, {
        fix: 'leave the reduction out, or use "sum"',
      });
    }
    const weights = options.lossWeights ? perOutput("lossWeights", options.lossWeights, names) : [];
    for (const weight of weights) {
      if (weight === null || Number.isFinite(weight)) continue;
      throw new RondoError("value", "compile: lossWeights are finite numbers", { received: String(weight) });
    }
    const given = [
      metricsOf("metrics", options.metrics, names),
      metricsOf("weightedMetrics", options.weightedMetrics, names),
    ];
    const taken = new Set(["loss", ...(names.length > 1 ? names.map((name) => `${name}_loss`) : [])]);
    const entry = (like: MetricLike, output: number, weighted: boolean): Entry => {
      const metric = resolveMetric(like, losses[output] ?? noLoss);
      const prefix = names.length > 1 ? `${names[output]!}_` : "";
      const base = `${prefix}${weighted && taken.has(prefix + metric.name) ? "weighted_" : ""}${metric.name}`;
      let name = base;
      for (let n = 1; taken.has(name); n++) name = `${base}_${n}`;
      taken.add(name);
      return { name, output, metric, weighted };
    };
    this.entries = names.flatMap((_, i) =>
      given.flatMap((lists, w) => lists[i]!.map((like) => entry(like, i, w === 1))),
    );
    this.outputs = names.map((name, i) => ({
      name,
      loss: losses[i]!,
      lossWeight: weights[i] ?? 1,
      needsTargets: losses[i] !== null || this.entries.some(({ output }) => output === i),
      mean: new MeanMetric(),
    }));
  }

  private get several(): boolean {
    return this.outputs.length > 1;
  }

  /** Forgets the running means. */
  reset(): void {
    this.lossMean.reset();
    for (const { mean } of this.outputs) mean.reset();
    for (const { metric } of this.entries) metric.reset();
    this.extras.clear();
  }

  /** Takes in what a model's own step says about a batch. */
  addLogs(values: Logs, weight: number): void {
    for (const [name, value] of Object.entries(values)) {
      if (!this.extras.has(name)) this.extras.set(name, new MeanMetric());
      this.extras.get(name)!.add({ total: value * weight, count: weight });
    }
  }

  /** Takes in one batch: its losses, counting as much as it has examples, and its metrics. */
  update({ loss, parts, weight, y, outputs, sampleWeight, masks }: BatchResults): void {
    this.lossMean.add({ total: loss * weight, count: weight });
    for (const [i, part] of parts.entries()) {
      if (part !== null) this.outputs[i]!.mean.add({ total: part * weight, count: weight });
    }
    for (const { metric, output, weighted } of this.entries) {
      const weights = weighted ? (sampleWeight[output] ?? null) : null;
      metric.update(y[output]!, outputs[output]!, weights, masks[output] ?? null);
    }
  }

  /** Loss, losses of several outputs ("name_loss"), and metrics ("accuracy", or "name_accuracy") since the last reset. */
  logs(): Logs {
    // A model's own step may know no loss, or give it itself.
    const logs: Record<string, number> =
      this.extras.size > 0 && this.lossMean.count === 0 ? {} : { loss: this.lossMean.mean };
    if (this.several) for (const { name, loss, mean } of this.outputs) if (loss) logs[`${name}_loss`] = mean.mean;
    for (const { name, metric } of this.entries) logs[name] = metric.result();
    for (const [name, mean] of this.extras) logs[name] = mean.mean;
    return logs;
  }

  direction(name: string): Direction {
    if (name === "loss" || (this.several && this.outputs.some((output) => name === `${output.name}_loss`)))
      return "down";
    const found = this.entries.find((entry) => entry.name === name);
    if (found) return found.metric.direction;
    // What a model's own step returns is taken for losses, unless its name says otherwise.
    if (this.ownStep) return /acc|precision|recall|f1|auc|score/i.test(name) ? "up" : "down";
    const names = ["loss", ...this.entries.map((entry) => entry.name)];
    const near = closest(name, names);
    throw new RondoError("option", `no metric "${name}" is computed`, {
      received: name,
      expected: names.join(", "),
      fix: near ? `did you mean "${near}"?` : "add it to the metrics in compile()",
    });
  }

  /** The running means, to go on from in the middle of an epoch. */
  getState(): Record<string, Record<string, number>> {
    const losses = this.several ? this.outputs.map(({ name, mean }) => [`${name}_loss`, mean.getState()] as const) : [];
    const metrics = this.entries.map(({ name, metric }) => [name, metric.getState()] as const);
    const extras = [...this.extras].map(([name, mean]) => [`step/${name}`, mean.getState()] as const);
    return { loss: this.lossMean.getState(), ...Object.fromEntries([...losses, ...metrics, ...extras]) };
  }

  setState(state: Record<string, Record<string, number>>): void {
    this.lossMean.setState(state.loss ?? {});
    for (const { name, mean } of this.outputs) mean.setState(state[`${name}_loss`] ?? {});
    for (const { name, metric } of this.entries) metric.setState(state[name] ?? {});
    this.extras.clear();
    for (const [key, value] of Object.entries(state)) {
      if (!key.startsWith("step/")) continue;
      const mean = new MeanMetric();
      mean.setState(value);
      this.extras.set(key.slice(5), mean);
    }
  }

  /** As plain JSON values. Throws RondoError "value" when the loss or a metric is a function. */
  getConfig(): CompileConfig {
    const saved = (what: string, name: string, config: Readonly<Record<string, unknown>> | null): Saved => {
      if (config) return { name, config: { ...config } };
      throw new RondoError("value", `the ${what} "${name}" is a function and cannot be saved`, {
        fix: "compile with one that has a name, or compile again after loading",
      });
    };
    const metrics = (weighted: boolean) => {
      const lists = this.outputs.map((_, i) =>
        this.entries
          .filter((entry) => entry.weighted === weighted && entry.output === i)
          .map(({ metric }) => {
            const { name, config } = metric.config ?? { name: metric.name, config: null };
            return { ...saved("metric", name, config), ...(name === metric.name ? {} : { label: metric.name }) };
          }),
      );
      return this.several ? lists : lists[0]!;
    };
    const losses = this.outputs.map(({ loss }) => loss && saved("loss", loss.name, loss.config));
    const lossWeights = this.outputs.map(({ lossWeight }) => lossWeight);
    return {
      optimizer: { className: this.optimizer.className, config: this.optimizer.getConfig() },
      ...(losses.some((loss) => loss) ? { loss: this.several ? losses : losses[0]! } : {}),
      ...(lossWeights.some((weight) => weight !== 1) ? { lossWeights } : {}),
      metrics: metrics(false),
      weightedMetrics: metrics(true),
    };
  }
}

/** Stands for the loss of an output that has none, where a metric asks. */
const noLoss: Loss = { name: "none", config: null, call: (_, yPred) => yPred };

function resolveLosses(given: CompileOptions["loss"], names: readonly string[]): readonly (Loss | null)[] {
  const single = typeof given !== "object" || given === null || typeof (given as Loss).call === "function";
  const losses = single
    ? names.map(() => resolveLoss(given as LossLike))
    : perOutput("loss", given as readonly (LossLike | null)[], names).map((like) =>
        like === null ? null : resolveLoss(like),
      );
  if (losses.some((loss) => loss !== null)) return losses;
  throw new RondoError("option", "compile() needs a loss for at least one output", { expected: names.join(", ") });
}

/** A list of metrics for each output. */
function metricsOf(
  option: string,
  given: MetricsOption | undefined,
  names: readonly string[],
): (readonly MetricLike[])[] {
  if (given === undefined) return names.map(() => []);
  const list = (each: MetricLike | readonly MetricLike[] | null): readonly MetricLike[] =>
    each === null ? [] : Array.isArray(each) ? each : [each as MetricLike];
  if (names.length === 1 && Array.isArray(given)) return [given.flatMap(list)];
  return perOutput(option, given, names).map(list);
}

/** `compile` options from what a file says. @example model.compile(compileOptionsFromConfig(saved)) */
export function compileOptionsFromConfig(saved: CompileConfig): CompileOptions {
  const named = (each: Saved) => Object.assign(metricFromConfig(each), each.label ? { name: each.label } : {});
  const metric = (each: Saved | readonly Saved[]) => (Array.isArray(each) ? each.map(named) : named(each as Saved));
  return {
    optimizer: optimizerFromConfig(saved.optimizer),
    ...(saved.loss
      ? {
          loss: Array.isArray(saved.loss)
            ? saved.loss.map((each) => each && lossFromConfig(each))
            : lossFromConfig(saved.loss as Saved),
        }
      : {}),
    ...(saved.lossWeights ? { lossWeights: saved.lossWeights } : {}),
    metrics: saved.metrics.map(metric),
    weightedMetrics: saved.weightedMetrics.map(metric),
  };
}

function makeOptimizer(options: CompileOptions): Optimizer {
  const given = optimizerOptions.filter((name) => options[name] !== undefined);
  if (given.length > 0 && options.optimizer instanceof Optimizer) {
    throw new RondoError("option", `compile: ${given.join(" and ")} can only go with an optimizer given by name`, {
      fix: `pass ${given.join(" and ")} to the optimizer itself`,
    });
  }
  return resolveOptimizer(options.optimizer, Object.fromEntries(given.map((name) => [name, options[name]])));
}
