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
import { type LearningRate, Optimizer } from "./optimizers/optimizer.js";

export interface CompileOptions {
  /** "sgd", "rmsprop", "adam", "adamw", …, or one with options: `optimizers.adam({ learningRate: 0.003 })`. */
  optimizer: OptimizerName | Optimizer;
  /** "meanSquaredError", "sparseCategoricalCrossentropy", …, one with options, or a function of (yTrue, yPred). */
  loss: LossLike;
  /** Computed besides the loss. They respect masks but not sample weights, as in Keras. */
  metrics?: readonly MetricLike[];
  /** Like `metrics`, but sample weights count. One that is in both is logged as "weighted_…" here. */
  weightedMetrics?: readonly MetricLike[];
  /** For an optimizer given by name. */
  learningRate?: LearningRate;
  /** For an optimizer given by name; see its options. */
  clipNorm?: number;
  /** For an optimizer given by name; see its options. */
  clipValue?: number;
  /** For an optimizer given by name; see its options. */
  globalClipNorm?: number;
}

/** What a file says about how a model was compiled. */
export interface CompileConfig {
  readonly optimizer: { readonly className: string; readonly config: Record<string, unknown> };
  readonly loss: { readonly name: string; readonly config: Record<string, unknown> };
  readonly metrics: readonly { readonly name: string; readonly config: Record<string, unknown> }[];
  readonly weightedMetrics: readonly { readonly name: string; readonly config: Record<string, unknown> }[];
}

const optimizerOptions = ["learningRate", "clipNorm", "clipValue", "globalClipNorm"] as const;

/** What `compile` was given, ready for use, and the running means of loss and metrics. */
export class Compiled {
  readonly optimizer: Optimizer;
  readonly loss: Loss;
  private readonly lossMean = new MeanMetric();
  private readonly entries: readonly { name: string; metric: Metric; weighted: boolean }[];

  constructor(options: CompileOptions) {
    checkOptions("compile", options, ["optimizer", "loss", "metrics", "weightedMetrics", ...optimizerOptions]);
    this.optimizer = makeOptimizer(options);
    this.loss = resolveLoss(options.loss);
    if (this.loss.reduction === "none") {
      throw new RondoError(
        "option",
        `compile: ${this.loss.name} with reduction "none" gives no single number to train`,
        {
          fix: 'leave the reduction out, or use "sum"',
        },
      );
    }
    const taken = new Set(["loss"]);
    const entry = (like: MetricLike, weighted: boolean) => {
      const metric = resolveMetric(like, this.loss);
      const base = weighted && taken.has(metric.name) ? `weighted_${metric.name}` : metric.name;
      let name = base;
      for (let n = 1; taken.has(name); n++) name = `${base}_${n}`;
      taken.add(name);
      return { name, metric, weighted };
    };
    this.entries = [
      ...(options.metrics ?? []).map((m) => entry(m, false)),
      ...(options.weightedMetrics ?? []).map((m) => entry(m, true)),
    ];
  }

  /** Forgets the running means. */
  reset(): void {
    this.lossMean.reset();
    for (const { metric } of this.entries) metric.reset();
  }

  /** Takes in one batch: its loss, counting as much as it has examples, and its metrics. */
  update(
    loss: number,
    weight: number,
    yTrue: Tensor,
    yPred: Tensor,
    sampleWeight: Tensor | null,
    mask: Tensor | null,
  ): void {
    this.lossMean.add({ total: loss * weight, count: weight });
    for (const { metric, weighted } of this.entries) metric.update(yTrue, yPred, weighted ? sampleWeight : null, mask);
  }

  /** Loss and metrics since the last reset. */
  logs(): Logs {
    const logs: Record<string, number> = { loss: this.lossMean.mean };
    for (const { name, metric } of this.entries) logs[name] = metric.result();
    return logs;
  }

  direction(name: string): Direction {
    if (name === "loss") return "down";
    const found = this.entries.find((entry) => entry.name === name);
    if (found) return found.metric.direction;
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
    const metrics = this.entries.map(({ name, metric }) => [name, metric.getState()] as const);
    return { loss: this.lossMean.getState(), ...Object.fromEntries(metrics) };
  }

  setState(state: Record<string, Record<string, number>>): void {
    this.lossMean.setState(state.loss ?? {});
    for (const { name, metric } of this.entries) metric.setState(state[name] ?? {});
  }

  /** As plain JSON values. Throws RondoError "value" when the loss or a metric is a function. */
  getConfig(): CompileConfig {
    const saved = (what: string, name: string, config: Readonly<Record<string, unknown>> | null) => {
      if (config) return { name, config: { ...config } };
      throw new RondoError("value", `the ${what} "${name}" is a function and cannot be saved`, {
        fix: "compile with one that has a name, or compile again after loading",
      });
    };
    const metrics = (weighted: boolean) =>
      this.entries
        .filter((entry) => entry.weighted === weighted)
        .map(({ metric }) => saved("metric", metric.config?.name ?? metric.name, metric.config?.config ?? null));
    return {
      optimizer: { className: this.optimizer.className, config: this.optimizer.getConfig() },
      loss: saved("loss", this.loss.name, this.loss.config),
      metrics: metrics(false),
      weightedMetrics: metrics(true),
    };
  }
}

/** `compile` options from what a file says. */
export function compileOptionsFromConfig(saved: CompileConfig): CompileOptions {
  return {
    optimizer: optimizerFromConfig(saved.optimizer),
    loss: lossFromConfig(saved.loss),
    metrics: saved.metrics.map(metricFromConfig),
    weightedMetrics: saved.weightedMetrics.map(metricFromConfig),
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
