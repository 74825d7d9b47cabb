import { add, mul } from "../../tensor/ops/arithmetic.js";
import { split } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { BatchShape, ComponentOptions } from "../component.js";
import { type Fields, nonNegative, type Values } from "../fields.js";
import { getInitializer, type Initializer } from "../initializers.js";
import type { CellContext, StepResult } from "./cell.js";
import { type Gates, type LSTMCellOptions, lstmCellFields, withForgetBias } from "./lstm-cell.js";
import { project, StandardCell } from "./standard-cell.js";
import { standardize } from "./standardize.js";

/** Options of `layers.layerNormLSTMCell`. */
export interface LayerNormLSTMCellOptions extends LSTMCellOptions {
  /** Added to the variances. Default: 0.001, as in `LayerNormalization`. */
  epsilon?: number;
}

const fields = { ...lstmCellFields, epsilon: nonNegative(0.001) } satisfies Fields<
  LayerNormLSTMCellOptions,
  keyof ComponentOptions
>;

/**
 * One step of a long short-term memory with layer normalization (Ba et al. 2016, arXiv 1607.06450, equations 20-22).
 * LN(x; g) = (x - mean) / sqrt(variance + epsilon) · g over the last axis:
 *
 *     z = LN(x · kernel; kernelGamma) + LN(h · recurrentKernel; recurrentGamma) + bias, columns in the order i, f, c, o
 *     c' = recurrentActivation(z_f) c + recurrentActivation(z_i) activation(z_c)
 *     h' = recurrentActivation(z_o) activation(LN(c'; stateGamma) + stateBeta)
 *
 * Weights as in `LSTMCell`, then kernel_gamma and recurrent_gamma [4 units], state_gamma and state_beta [units]. States
 * [h, c], output h'.
 *
 * @example layers.rnn({ cell: layers.layerNormLSTMCell({ units: 32 }) })
 */
export class LayerNormLSTMCell extends StandardCell<Values<typeof fields>> {
  readonly className = "LayerNormLSTMCell";
  protected readonly gates = 4;
  kernelGamma!: Variable;
  recurrentGamma!: Variable;
  stateGamma!: Variable;
  stateBeta!: Variable;

  constructor(options: LayerNormLSTMCellOptions) {
    super("layers.layerNormLSTMCell", fields, options);
  }

  get stateSize(): readonly number[] {
    return [this.options.units, this.options.units];
  }

  protected override get biasInitializer(): Initializer {
    return withForgetBias(this.options);
  }

  override build(inputShape: BatchShape): void {
    super.build(inputShape);
    const { units } = this.options;
    const ones = getInitializer("ones");
    this.kernelGamma = this.addWeight("kernel_gamma", [4 * units], ones);
    this.recurrentGamma = this.addWeight("recurrent_gamma", [4 * units], ones);
    this.stateGamma = this.addWeight("state_gamma", [units], ones);
    this.stateBeta = this.addWeight("state_beta", [units], getInitializer("zeros"));
  }

  protected override sums(input: Tensor, h: Tensor, { training, drawn }: CellContext): Tensor {
    const { epsilon } = this.options;
    const masks = this.masksOf(drawn, input, training);
    const sum = add(
      standardize(project(input, this.kernel, masks.input), this.kernelGamma, epsilon),
      standardize(project(h, this.recurrentKernel, masks.recurrent), this.recurrentGamma, epsilon),
    );
    return this.bias ? add(sum, this.bias) : sum;
  }

  call(input: Tensor, [h, c]: readonly Tensor[], context: CellContext): StepResult {
    const { activation, recurrentActivation, epsilon } = this.options;
    const [i, f, candidate, o] = split(this.sums(input, h!, context), 4, 1) as Gates;
    const kept = mul(recurrentActivation.apply(f), c!);
    const nextC = add(kept, mul(recurrentActivation.apply(i), activation.apply(candidate)));
    const shown = add(standardize(nextC, this.stateGamma, epsilon), this.stateBeta);
    const nextH = mul(recurrentActivation.apply(o), activation.apply(shown));
    return [nextH, [nextH, nextC]];
  }
}
