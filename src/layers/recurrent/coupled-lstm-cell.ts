import { add, mul, sub } from "../../tensor/ops/arithmetic.js";
import { split } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { ActivationSpec } from "../activations.js";
import type { ComponentOptions } from "../component.js";
import { activation, type Fields, type Values } from "../fields.js";
import type { CellContext, StepResult } from "./cell.js";
import { StandardCell, type StandardCellOptions, standardCellFields } from "./standard-cell.js";

/** Options of `layers.coupledLSTMCell`. */
export interface CoupledLSTMCellOptions extends StandardCellOptions {
  /** Of the two gates. Default: "sigmoid". */
  recurrentActivation?: ActivationSpec;
}

const fields = { ...standardCellFields, recurrentActivation: activation("sigmoid") } satisfies Fields<
  CoupledLSTMCellOptions,
  keyof ComponentOptions
>;

/**
 * One step of a long short-term memory that forgets exactly as much as it takes in (CIFG in Greff et al. 2015,
 * arXiv 1503.04069). With z = x · kernel + h · recurrentKernel + bias, its columns in the order i, c, o:
 *
 *     i = recurrentActivation(z_i), c' = (1 - i) c + i activation(z_c), h' = recurrentActivation(z_o) activation(c')
 *
 * Weights kernel [inputs, 3 units], recurrent_kernel [units, 3 units], bias [3 units]. States [h, c], output h'.
 *
 * @example layers.rnn({ cell: layers.coupledLSTMCell({ units: 32 }) })
 */
export class CoupledLSTMCell extends StandardCell<Values<typeof fields>> {
  readonly className = "CoupledLSTMCell";
  protected readonly gates = 3;

  constructor(options: CoupledLSTMCellOptions) {
    super("layers.coupledLSTMCell", fields, options);
  }

  get stateSize(): readonly number[] {
    return [this.options.units, this.options.units];
  }

  call(input: Tensor, [h, c]: readonly Tensor[], context: CellContext): StepResult {
    const { activation, recurrentActivation } = this.options;
    const [zi, candidate, zo] = split(this.sums(input, h!, context), 3, 1) as [Tensor, Tensor, Tensor];
    const i = recurrentActivation.apply(zi);
    const nextC = add(mul(sub(1, i), c!), mul(i, activation.apply(candidate)));
    const nextH = mul(recurrentActivation.apply(zo), activation.apply(nextC));
    return [nextH, [nextH, nextC]];
  }
}
