import { checkOptions } from "../../errors.js";
import { pickFields } from "../fields.js";
import { LSTMCell, type LSTMCellOptions, lstmCellFields } from "./lstm-cell.js";
import { cellConfig, RecurrentLayer, type RecurrentOptions, recurrentOptionNames } from "./recurrent-layer.js";

/** Options of `layers.lstm`. */
export interface LSTMOptions extends LSTMCellOptions, RecurrentOptions {}

/**
 * A long short-term memory over time (Hochreiter and Schmidhuber 1997; formula: `layers.lstmCell`):
 * [batch, time, features] -> [batch, units]. States [h, c]. One fused kernel per pass with the default activations.
 *
 * @example layers.lstm({ units: 64, returnSequences: true, inputShape: [null, 8] })
 */
export class LSTM extends RecurrentLayer<LSTMCell> {
  readonly className = "LSTM";

  constructor(options: LSTMOptions) {
    checkOptions("layers.lstm", options, [...Object.keys(lstmCellFields), ...recurrentOptionNames]);
    super("layers.lstm", new LSTMCell(pickFields(lstmCellFields, options), "layers.lstm"), options);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...cellConfig(this.cell) };
  }

  override copyOptions(): Record<string, unknown> {
    return { ...super.copyOptions(), ...this.cell.options };
  }
}
