import { type OpCode, opCodes } from "../../backend/kernels.js";
import type { RecurrentCell } from "../../tensor/forward/recurrent.js";
import { add } from "../../tensor/ops/arithmetic.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { CellContext, StepResult } from "./cell.js";
import { project, StandardCell, type StandardCellOptions, standardCellFields } from "./standard-cell.js";

/** Options of `layers.simpleRNNCell`. */
export type SimpleRNNCellOptions = StandardCellOptions;

/**
 * One step of a simple network (Elman 1990): h' = activation(x · kernel + h · recurrentKernel + bias). Output and state
 * are h'.
 *
 * @example layers.rnn({ cell: layers.simpleRNNCell({ units: 32 }) })
 */
export class SimpleRNNCell extends StandardCell {
  readonly className: string = "SimpleRNNCell";
  protected readonly gates = 1;

  constructor(options: SimpleRNNCellOptions, where = "layers.simpleRNNCell") {
    super(where, standardCellFields, options);
  }

  get stateSize(): number {
    return this.options.units;
  }

  override get recurrence(): RecurrentCell | null {
    const activation = this.options.activation.config as OpCode<"activation">;
    const known = opCodes.activation.includes(activation) && this.call === SimpleRNNCell.prototype.call;
    return known ? { kind: "rnn", activation } : null;
  }

  call(input: Tensor, [h]: readonly Tensor[], { training, drawn }: CellContext): StepResult {
    const masks = this.masksOf(drawn, input, training);
    const fromInput = project(input, this.kernel, masks.input);
    const sum = add(
      this.bias ? add(fromInput, this.bias) : fromInput,
      project(h!, this.recurrentKernel, masks.recurrent),
    );
    const next = this.options.activation.apply(sum);
    return [next, [next]];
  }
}
