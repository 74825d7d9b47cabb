import { RondoError } from "../../errors.js";
import { add, mul } from "../../tensor/ops/arithmetic.js";
import { where } from "../../tensor/ops/comparison.js";
import { bernoulli } from "../../tensor/ops/random.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { BatchShape, Component, ComponentOptions, LayerState } from "../component.js";
import { cellOptionNames, type Field, rate, readFields, seed, specOf, type Values } from "../fields.js";
import { LayerRandom } from "../random.js";
import { Cell, type CellContext, type RNNCell, type StepResult, stateSizes, toCell } from "./cell.js";

/** Options of `layers.zoneoutCell`. */
export interface ZoneoutCellOptions extends ComponentOptions {
  /** The cell whose states are held back. */
  cell: Cell | RNNCell;
  /** Share of the units that keep their old state, 0 to below 1: one for all states, or one for each. */
  rates: number | readonly number[];
  /** Fixes the random numbers. Default: drawn from the global generator. */
  seed?: number | null;
}

const rates: Field<number | readonly number[], number | readonly number[]> = {
  read: (value, at) => {
    if (!Array.isArray(value)) return rate().read(value as number | undefined, at);
    return value.map((each) => rate().read(each, at));
  },
  write: (value) => (typeof value === "number" ? value : [...value]),
};

const fields = {
  cell: { read: (value: Cell | RNNCell | undefined) => toCell(value!, "layers.zoneoutCell"), write: specOf },
  rates,
  seed: seed(),
};

/**
 * A cell with zoneout (Krueger et al. 2016, arXiv 1606.01305): while training, every unit keeps its previous state with
 * the probability `rate`, anew at every step; otherwise it takes the mean, rate · old + (1 - rate) · new. An output that
 * is one of the states (as in LSTM and GRU) is held back with it. States and weights are those of the cell.
 *
 * @example layers.rnn({ cell: layers.zoneoutCell({ cell: layers.lstmCell({ units: 32 }), rates: [0.05, 0.5] }) })
 */
export class ZoneoutCell extends Cell {
  readonly className = "ZoneoutCell";
  readonly options: Values<typeof fields>;
  private readonly random: LayerRandom;

  constructor(options: ZoneoutCellOptions) {
    super(options);
    this.options = readFields("layers.zoneoutCell", fields, options, cellOptionNames);
    const states = stateSizes(this.cell).length;
    if (Array.isArray(this.options.rates) && this.options.rates.length !== states) {
      throw new RondoError("value", "layers.zoneoutCell rates must be one number, or one for each state", {
        received: `${this.options.rates.length} rates`,
        expected: `${states} for ${this.cell.className}`,
      });
    }
    this.random = new LayerRandom(this.options.seed);
  }

  get cell(): Cell {
    return this.options.cell;
  }

  protected override get parts(): readonly (readonly [string, Component])[] {
    return [["", this.cell]];
  }

  get stateSize(): number | readonly number[] {
    return this.cell.stateSize;
  }

  override get outputSize(): number {
    return this.cell.outputSize;
  }

  override build(inputShape: BatchShape): void {
    this.cell.path = this.describe();
    this.cell.ensureBuilt(inputShape);
  }

  call(input: Tensor, states: readonly Tensor[], context: CellContext): StepResult {
    const [output, next] = this.cell.call(input, states, context);
    const held = next.map((state, i) => this.hold(states[i]!, state, this.rateOf(i), context.training));
    const same = next.indexOf(output);
    return [same === -1 ? output : held[same]!, held];
  }

  private rateOf(state: number): number {
    const { rates } = this.options;
    return typeof rates === "number" ? rates : rates[state]!;
  }

  private hold(before: Tensor, after: Tensor, rate: number, training: boolean): Tensor {
    if (rate === 0) return after;
    if (!training) return add(mul(before, rate), mul(after, 1 - rate));
    return where(bernoulli(after.shape, rate, this.random.generator), before, after);
  }

  override getInitialState(batch: number): readonly Tensor[] {
    return this.cell.getInitialState(batch);
  }

  override get startsAtZero(): boolean {
    return this.cell.startsAtZero;
  }

  override draw(batch: number, inputs: number, training: boolean): unknown {
    return this.cell.draw(batch, inputs, training);
  }

  override getConfig(): Record<string, unknown> {
    const { rates, seed } = this.options;
    return { ...super.getConfig(), cell: specOf(this.cell), rates: fields.rates.write(rates), seed };
  }

  override copyOptions(): Record<string, unknown> {
    return { trainable: this.trainable, ...this.options, cell: this.cell.clone() };
  }

  override collectState(prefix: string, into: LayerState): void {
    this.random.collect(`${prefix}/zoneout`, into);
    super.collectState(prefix, into);
  }

  override restoreState(prefix: string, state: LayerState): void {
    this.random.restore(`${prefix}/zoneout`, state);
    super.restoreState(prefix, state);
  }
}
