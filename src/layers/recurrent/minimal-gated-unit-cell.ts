import { add, mul, sub } from "../../tensor/ops/arithmetic.js";
import { slice, split } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { ActivationSpec } from "../activations.js";
import type { ComponentOptions } from "../component.js";
import { activation, type Fields, type Values } from "../fields.js";
import type { CellContext, StepResult } from "./cell.js";
import { project, StandardCell, type StandardCellOptions, standardCellFields } from "./standard-cell.js";

/** Options of `layers.minimalGatedUnitCell`. */
export interface MinimalGatedUnitCellOptions extends StandardCellOptions {
  /** Of the gate. Default: "sigmoid". */
  recurrentActivation?: ActivationSpec;
}

const fields = { ...standardCellFields, recurrentActivation: activation("sigmoid") } satisfies Fields<
  MinimalGatedUnitCellOptions,
  keyof ComponentOptions
>;

/**
 * One step of a minimal gated unit, a recurrent unit with a single gate (Zhou et al. 2016, arXiv 1603.09420):
 *
 *     f = recurrentActivation(x · K_f + h · R_f + b_f)
 *     candidate = activation(x · K_h + (f h) · R_h + b_h), h' = (1 - f) h + f candidate
 *
 * Weights kernel [inputs, 2 units], recurrent_kernel [units, 2 units] and bias [2 units], columns in the order f, h.
 * Output and state are h'.
 *
 * @example layers.rnn({ cell: layers.minimalGatedUnitCell({ units: 32 }) })
 */
export class MinimalGatedUnitCell extends StandardCell<Values<typeof fields>> {
  readonly className = "MinimalGatedUnitCell";
  protected readonly gates = 2;

  constructor(options: MinimalGatedUnitCellOptions) {
    super("layers.minimalGatedUnitCell", fields, options);
  }

  get stateSize(): number {
    return this.options.units;
  }

  call(input: Tensor, [h]: readonly Tensor[], { training, drawn }: CellContext): StepResult {
    const { units, activation, recurrentActivation } = this.options;
    const { input: inputMasks, recurrent: masks } = this.masksOf(drawn, input, training);
    const left = project(input, this.kernel, inputMasks);
    const [xf, xh] = split(this.bias ? add(left, this.bias) : left, 2, 1) as [Tensor, Tensor];
    const gateKernel = slice(this.recurrentKernel, [0, 0], [-1, units]);
    const f = recurrentActivation.apply(add(xf, project(h!, gateKernel, masks.slice(0, 1))));
    const memory = project(mul(f, h!), slice(this.recurrentKernel, [0, units]), masks.slice(-1));
    const candidate = activation.apply(add(xh, memory));
    const next = add(mul(sub(1, f), h!), mul(f, candidate));
    return [next, [next]];
  }
}
