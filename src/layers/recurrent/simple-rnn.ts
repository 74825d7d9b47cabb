import { checkOptions } from "../../errors.js";
import { pickFields } from "../fields.js";
import { cellConfig, RecurrentLayer, type RecurrentOptions, recurrentOptionNames } from "./recurrent-layer.js";
import { SimpleRNNCell, type SimpleRNNCellOptions } from "./simple-rnn-cell.js";
import { standardCellFields } from "./standard-cell.js";

export interface SimpleRNNOptions extends SimpleRNNCellOptions, RecurrentOptions {}

/**
 * A simple (Elman) network over time: h' = activation(x · kernel + h · recurrentKernel + bias);
 * [batch, time, features] -> [batch, units].
 *
 * @example layers.simpleRNN({ units: 32, returnSequences: true })
 */
export class SimpleRNN extends RecurrentLayer<SimpleRNNCell> {
  readonly className = "SimpleRNN";

  constructor(options: SimpleRNNOptions) {
    checkOptions("layers.simpleRNN", options, [...Object.keys(standardCellFields), ...recurrentOptionNames]);
    super("layers.simpleRNN", new SimpleRNNCell(pickFields(standardCellFields, options), "layers.simpleRNN"), options);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...cellConfig(this.cell) };
  }

  override copyOptions(): Record<string, unknown> {
    return { ...super.copyOptions(), ...this.cell.options };
  }
}
