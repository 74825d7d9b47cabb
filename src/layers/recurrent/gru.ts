import { checkOptions } from "../../errors.js";
import { pickFields } from "../fields.js";
import { GRUCell, type GRUCellOptions, gruCellFields } from "./gru-cell.js";
import { cellConfig, RecurrentLayer, type RecurrentOptions, recurrentOptionNames } from "./recurrent-layer.js";

/** Options of `layers.gru`. */
export interface GRUOptions extends GRUCellOptions, RecurrentOptions {}

/**
 * A gated recurrent unit over time (Cho et al. 2014; formula: `layers.gruCell`):
 * [batch, time, features] -> [batch, units]. One fused kernel per pass with the default activations.
 *
 * @example layers.gru({ units: 64, returnSequences: true })
 */
export class GRU extends RecurrentLayer<GRUCell> {
  readonly className = "GRU";

  constructor(options: GRUOptions) {
    checkOptions("layers.gru", options, [...Object.keys(gruCellFields), ...recurrentOptionNames]);
    super("layers.gru", new GRUCell(pickFields(gruCellFields, options), "layers.gru"), options);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...cellConfig(this.cell) };
  }

  override copyOptions(): Record<string, unknown> {
    return { ...super.copyOptions(), ...this.cell.options };
  }
}
