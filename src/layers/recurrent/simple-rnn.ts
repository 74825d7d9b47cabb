import { checkOptions } from "../../errors.js";
import { pickFields } from "../fields.js";
import { cellConfig, RecurrentLayer, type RecurrentOptions, recurrentOptionNames } from "./recurrent-layer.js";
import { SimpleRNNCell, type SimpleRNNCellOptions } from "./simple-rnn-cell.js";
import { standardCellFields } from "./standard-cell.js";

/** Options of `layers.simpleRNN`. */
export interface SimpleRNNOptions extends SimpleRNNCellOptions, RecurrentOptions {}

/**
 * A simple (Elman) network over time: h' = activation(x · kernel + h · recurrentKernel + bias);
 * [batch, time, features] -> [batch, units].
 *
 * With relu and an identity it becomes an IRNN (Le, Jaitly and Hinton 2015, arXiv 1504.00941), which remembers over
 * hundreds of steps and is trained with clipped gradients; a smaller gain on the identity makes it forget.
 *
 * @example layers.simpleRNN({ units: 32, returnSequences: true })
 * @example
 * layers.simpleRNN({
 *   units: 100,
 *   activation: "relu",
 *   recurrentInitializer: "identity", // or { name: "identity", gain: 0.5 }
 *   kernelInitializer: { name: "randomNormal", stddev: 0.001 },
 * })
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
