import { add, mul } from "../../tensor/ops/arithmetic.js";
import { split, unstack } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { BatchShape, ComponentOptions } from "../component.js";
import { type Fields, initializer, type Values } from "../fields.js";
import type { Initializer, InitializerSpec } from "../initializers.js";
import type { CellContext, StepResult } from "./cell.js";
import { type Gates, type LSTMCellOptions, lstmCellFields, withForgetBias } from "./lstm-cell.js";
import { StandardCell } from "./standard-cell.js";

/** Options of `layers.peepholeLSTMCell`. */
export interface PeepholeLSTMCellOptions extends LSTMCellOptions {
  /** Of the weights from the memory to the gates. Default: "glorotUniform". */
  peepholeInitializer?: InitializerSpec;
}

const fields = { ...lstmCellFields, peepholeInitializer: initializer("glorotUniform") } satisfies Fields<
  PeepholeLSTMCellOptions,
  keyof ComponentOptions
>;

/**
 * One step of a long short-term memory whose gates see the memory (Gers and Schmidhuber 2000, "Recurrent nets that time
 * and count"). With z = x · kernel + h · recurrentKernel + bias, its columns in the order i, f, c, o, and peepholes p:
 *
 *     i = recurrentActivation(z_i + p_i c), f = recurrentActivation(z_f + p_f c)
 *     c' = f c + i activation(z_c), o = recurrentActivation(z_o + p_o c'), h' = o activation(c')
 *
 * Weights as in `LSTMCell`, and peephole_kernel [3, units] in the order i, f, o. States [h, c], output h'.
 *
 * @example layers.rnn({ cell: layers.peepholeLSTMCell({ units: 32 }) })
 */
export class PeepholeLSTMCell extends StandardCell<Values<typeof fields>> {
  readonly className = "PeepholeLSTMCell";
  protected readonly gates = 4;
  peepholeKernel!: Variable;

  constructor(options: PeepholeLSTMCellOptions) {
    super("layers.peepholeLSTMCell", fields, options);
  }

  get stateSize(): readonly number[] {
    return [this.options.units, this.options.units];
  }

  protected override get biasInitializer(): Initializer {
    return withForgetBias(this.options);
  }

  override build(inputShape: BatchShape): void {
    super.build(inputShape);
    const { units, peepholeInitializer } = this.options;
    this.peepholeKernel = this.addWeight("peephole_kernel", [3, units], peepholeInitializer);
  }

  call(input: Tensor, [h, c]: readonly Tensor[], context: CellContext): StepResult {
    const { activation, recurrentActivation } = this.options;
    const [zi, zf, candidate, zo] = split(this.sums(input, h!, context), 4, 1) as Gates;
    const [pi, pf, po] = unstack(this.peepholeKernel) as [Tensor, Tensor, Tensor];
    const i = recurrentActivation.apply(add(zi, mul(pi, c!)));
    const f = recurrentActivation.apply(add(zf, mul(pf, c!)));
    const nextC = add(mul(f, c!), mul(i, activation.apply(candidate)));
    const o = recurrentActivation.apply(add(zo, mul(po, nextC)));
    const nextH = mul(o, activation.apply(nextC));
    return [nextH, [nextH, nextC]];
  }
}
