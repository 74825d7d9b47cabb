import type { PerAxis } from "../spatial/spatial-layer.js";
import { ConvLSTM, type ConvLSTMOptions } from "./conv-lstm.js";

/** Options of `layers.convLSTM2d`. */
export type ConvLSTM2DOptions = ConvLSTMOptions<PerAxis>;

/**
 * An LSTM over images (video, radar), whose products are convolutions, so that every
 * place has a memory of its own and looks at its neighbours (Shi et al. 2015, arXiv 1506.04214; without peepholes, as in
 * Keras): [batch, time, height, width, channels] -> [batch, height, width, filters], or with returnSequences every step's output. Formulas,
 * gates in the order i, f, c, o and the states [h, c] are the LSTM's.
 *
 * Weights kernel [height, width, channels, 4 filters], recurrent_kernel [height, width, filters, 4 filters], both of kernelSize and bias
 * [4 filters]. While training, dropout draws a mask for each gate.
 *
 * @example layers.convLSTM2d({ filters: 16, kernelSize: [3, 5], padding: "same" })
 */
export class ConvLSTM2D extends ConvLSTM {
  readonly className = "ConvLSTM2D";

  constructor(options: ConvLSTM2DOptions) {
    super("layers.convLSTM2d", options, 2);
  }
}
