import { noGrad } from "../../autograd/tape.js";
import { scope } from "../../tensor/scope.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { LossFunction } from "../losses/index.js";
import { type Values, weightedMeans } from "./values.js";

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
  /** Forgets all batches. */
  reset(): void;
  /** The sums so far, to go on from later. */
  getState(): Record<string, number>;
  /** Goes on from what `getState` gave. */
  setState(state: Record<string, number>): void;
  /** What a configuration says about the metric; null for one that cannot be saved. */
  readonly config: { readonly name: string; readonly config: Record<string, unknown> } | null;
}

/** total / count; the base of all metrics that are means. */
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
  /** What counts besides the mask of the predictions. */
  maskOf?: (yTrue: Tensor, values: Tensor, mask: Tensor | null) => Tensor | null;
  gather?: (values: Values) => { total: number; count: number };
  finish?: (mean: number) => number;
  config: Metric["config"];
}

/** A metric that is a mean over the examples, or a function of that mean. */
export function meanMetric(parts: MetricParts): Metric {
  const { name, direction, values, maskOf = (_, __, mask) => mask, gather = weightedMeans, config } = parts;
  const { finish = (mean: number) => mean } = parts;
  const state = new MeanMetric();
  return {
    name,
    direction,
    config,
    update: (yTrue, yPred, sampleWeight = null, mask = null) =>
      noGrad(() =>
        scope(() => {
          const each = values(yTrue, yPred, mask);
          state.add(gather({ values: each, sampleWeight, mask: maskOf(yTrue, each, mask) }));
        }),
      ),
    result: () => (state.count === 0 ? 0 : finish(state.mean)),
    reset: () => state.reset(),
    getState: () => state.getState(),
    setState: (saved) => state.setState(saved),
  };
}

/** Named rows of sums in double precision. */
export class Tally {
  private readonly rows = new Map<string, Float64Array>();

  /** The row of this name and size; zeros at first. */
  row(name: string, size = 1): Float64Array {
    let row = this.rows.get(name);
    if (!row || row.length < size) {
      const grown = new Float64Array(size);
      if (row) grown.set(row);
      row = grown;
      this.rows.set(name, row);
    }
    return row;
  }
  reset(): void {
    this.rows.clear();
  }
  get empty(): boolean {
    return this.rows.size === 0;
  }
  getState(): Record<string, number> {
    const entries = [...this.rows].flatMap(([name, row]) => Array.from(row, (v, i) => [`${name} ${i}`, v] as const));
    return Object.fromEntries(entries);
  }
  setState(state: Record<string, number>): void {
    this.rows.clear();
    for (const [key, value] of Object.entries(state)) {
      const at = key.lastIndexOf(" ");
      const index = Number(key.slice(at + 1));
      this.row(key.slice(0, at), index + 1)[index] = value;
    }
  }
}

interface TallyParts {
  name: string;
  direction: Direction;
  config: Record<string, unknown>;
  /** Adds one batch to the sums. */
  update: (tally: Tally, yTrue: Tensor, yPred: Tensor, sampleWeight: Tensor | null, mask: Tensor | null) => void;
  /** The value from the sums of at least one batch. */
  result: (tally: Tally) => number;
}

/** A metric computed from several sums. */
export function tallyMetric({ name, direction, config, update, result }: TallyParts): Metric {
  const tally = new Tally();
  return {
    name,
    direction,
    config: { name, config },
    update: (yTrue, yPred, sampleWeight = null, mask = null) =>
      noGrad(() => scope(() => update(tally, yTrue, yPred, sampleWeight, mask))),
    result: () => (tally.empty ? 0 : result(tally)),
    reset: () => tally.reset(),
    getState: () => tally.getState(),
    setState: (saved) => tally.setState(saved),
  };
}

/** a / b, 0 where b is 0. */
export function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}
