import { add, mul, sub } from "../../tensor/ops/arithmetic.js";
import { concat, slice, split } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ActivationSpec } from "../activations.js";
import type { BatchShape, ComponentOptions } from "../component.js";
import { activation, type Fields, nonNegative, type Values } from "../fields.js";
import { getInitializer } from "../initializers.js";
import type { CellContext, StepResult } from "./cell.js";
import { project, StandardCell, type StandardCellOptions, standardCellFields } from "./standard-cell.js";
import { standardize } from "./standardize.js";

/** Options of `layers.layerNormGRUCell`. */
export interface LayerNormGRUCellOptions extends StandardCellOptions {
  /** Of the two gates. Default: "sigmoid". */
  recurrentActivation?: ActivationSpec;
  /** Added to the variances. Default: 0.001, as in `LayerNormalization`. */
  epsilon?: number;
}

const fields = {
  ...standardCellFields,
  recurrentActivation: activation("sigmoid"),
  epsilon: nonNegative(0.001),
} satisfies Fields<LayerNormGRUCellOptions, keyof ComponentOptions>;

/**
 * One step of a gated recurrent unit with layer normalization (Ba et al. 2016, arXiv 1607.06450, equations 23-25, with
 * z and 1 - z exchanged as everywhere in Keras). LN(x; g) = (x - mean) / sqrt(variance + epsilon) · g over the last axis,
 * taken of the columns z, r together and of the columns h by themselves:
 *
 *     z, r = recurrentActivation(LN(x · kernel; kernelGamma) + LN(h · recurrentKernel; recurrentGamma) + bias)
 *     candidate = activation(LN(x · kernel; kernelGamma) + bias + r LN(h · recurrentKernel; recurrentGamma))
 *     h' = z h + (1 - z) candidate
 *
 * Weights kernel [inputs, 3 units], recurrent_kernel [units, 3 units], bias, kernel_gamma and recurrent_gamma [3 units],
 * their columns in the order z, r, h. Output and state are h'.
 *
 * @example layers.rnn({ cell: layers.layerNormGRUCell({ units: 32 }) })
 */
export class LayerNormGRUCell extends StandardCell<Values<typeof fields>> {
  readonly className = "LayerNormGRUCell";
  protected readonly gates = 3;
  kernelGamma!: Variable;
  recurrentGamma!: Variable;

  constructor(options: LayerNormGRUCellOptions) {
    super("layers.layerNormGRUCell", fields, options);
  }

  get stateSize(): number {
    return this.options.units;
  }

  override build(inputShape: BatchShape): void {
    super.build(inputShape);
    const shape = [3 * this.options.units];
    this.kernelGamma = this.addWeight("kernel_gamma", shape, getInitializer("ones"));
    this.recurrentGamma = this.addWeight("recurrent_gamma", shape, getInitializer("ones"));
  }

  call(input: Tensor, [h]: readonly Tensor[], { training, drawn }: CellContext): StepResult {
    const { activation, recurrentActivation } = this.options;
    const masks = this.masksOf(drawn, input, training);
    const left = this.normalized(project(input, this.kernel, masks.input), this.kernelGamma);
    const x = split(this.bias ? add(left, this.bias) : left, 3, 1) as [Tensor, Tensor, Tensor];
    const right = this.normalized(project(h!, this.recurrentKernel, masks.recurrent), this.recurrentGamma);
    const m = split(right, 3, 1) as [Tensor, Tensor, Tensor];
    const z = recurrentActivation.apply(add(x[0], m[0]));
    const r = recurrentActivation.apply(add(x[1], m[1]));
    const candidate = activation.apply(add(x[2], mul(r, m[2])));
    const next = add(mul(z, h!), mul(sub(1, z), candidate));
    return [next, [next]];
  }

  private normalized(sums: Tensor, gamma: Tensor): Tensor {
    const { units, epsilon } = this.options;
    const gates = standardize(slice(sums, [0, 0], [-1, 2 * units]), slice(gamma, 0, 2 * units), epsilon);
    return concat([gates, standardize(slice(sums, [0, 2 * units]), slice(gamma, 2 * units), epsilon)], 1);
  }
}
