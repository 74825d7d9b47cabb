import { ConvLSTM, type ConvLSTMOptions } from "./conv-lstm.js";

/** Options of `layers.convLSTM1d`. */
export type ConvLSTM1DOptions = ConvLSTMOptions;

/**
 * An LSTM over a row of places (sensors along a line, a spectrum, a road), whose products are convolutions, so that every
 * place has a memory of its own and looks at its neighbours (Shi et al. 2015, arXiv 1506.04214; without peepholes, as in
 * Keras): [batch, time, places, features] -> [batch, places, filters], or with returnSequences every step's output. Formulas,
 * gates in the order i, f, c, o and the states [h, c] are the LSTM's.
 *
 * Weights kernel [kernelSize, features, 4 filters], recurrent_kernel [kernelSize, filters, 4 filters] and bias
 * [4 filters]. While training, dropout draws a mask for each gate.
 *
 * @example layers.convLSTM1d({ filters: 16, kernelSize: 3, padding: "same", returnSequences: true })
 */
export class ConvLSTM1D extends ConvLSTM {
  readonly className = "ConvLSTM1D";

  constructor(options: ConvLSTM1DOptions) {
    super("layers.convLSTM1d", options, 1);
  }
}
