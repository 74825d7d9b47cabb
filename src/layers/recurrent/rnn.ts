import { checkOptions } from "../../errors.js";
import { specOf } from "../fields.js";
import { type Cell, type RNNCell, toCell } from "./cell.js";
import { RecurrentLayer, type RecurrentOptions, recurrentOptionNames } from "./recurrent-layer.js";
import { StackedRNNCells } from "./stacked-cells.js";

/** Options of `layers.rnn`. */
export interface RNNOptions extends RecurrentOptions {
  /** A cell, or several to be stacked; also of the user's own making (see `RNNCell`). */
  cell: Cell | RNNCell | readonly (Cell | RNNCell)[];
}

function cellOf({ cell }: RNNOptions): Cell {
  return Array.isArray(cell) ? new StackedRNNCells({ cells: cell }) : toCell(cell as Cell | RNNCell, "layers.rnn");
}

/**
 * Runs any cell over time, step by step: [batch, time, …] -> [batch, outputSize].
 *
 * @example layers.rnn({ cell: [layers.lstmCell({ units: 32 }), layers.gruCell({ units: 16 })], returnSequences: true })
 */
export class RNN extends RecurrentLayer {
  readonly className = "RNN";

  constructor(options: RNNOptions) {
    checkOptions("layers.rnn", options, ["cell", ...recurrentOptionNames]);
    super("layers.rnn", cellOf(options), options);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), cell: specOf(this.cell) };
  }

  override copyOptions(): Record<string, unknown> {
    return { ...super.copyOptions(), cell: this.cell.clone() };
  }
}
