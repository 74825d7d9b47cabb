import type { RecurrentCell } from "../../tensor/forward/recurrent.js";
import { add, mul, sub } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { slice, split, unstack } from "../../tensor/ops/slicing.js";
import type { Shape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type ActivationSpec, isActivation } from "../activations.js";
import type { ComponentOptions } from "../component.js";
import { activation, type Fields, flag, type Values } from "../fields.js";
import type { CellContext, StepResult } from "./cell.js";
import { project, StandardCell, type StandardCellOptions, standardCellFields } from "./standard-cell.js";

/** Options of `layers.gruCell`. */
export interface GRUCellOptions extends StandardCellOptions {
  /** Of the two gates. Default: "sigmoid". */
  recurrentActivation?: ActivationSpec;
  /** Applies the reset gate after the recurrent product (with a bias of its own) rather than before. Default: true. */
  resetAfter?: boolean;
}

export const gruCellFields = {
  ...standardCellFields,
  recurrentActivation: activation("sigmoid"),
  resetAfter: flag(true),
} satisfies Fields<GRUCellOptions, keyof ComponentOptions>;

/**
 * One step of a gated recurrent unit (Cho et al. 2014):
 *
 *     z, r = recurrentActivation(x · kernel + h · recurrentKernel + bias), each with its own columns
 *     candidate = activation(x · K + r (h · R + b)) with resetAfter, else activation(x · K + (r h) · R)
 *     h' = z h + (1 - z) candidate
 *
 * Weights hold the gates in the order z, r, h; with resetAfter the bias is [2, 3 units], for the input and for the
 * recurrent product. Output and state are h'.
 *
 * @example layers.rnn({ cell: layers.gruCell({ units: 32 }) })
 */
export class GRUCell extends StandardCell<Values<typeof gruCellFields>> {
  readonly className: string = "GRUCell";
  protected readonly gates = 3;

  constructor(options: GRUCellOptions, where = "layers.gruCell") {
    super(where, gruCellFields, options);
  }

  get stateSize(): number {
    return this.options.units;
  }

  protected override get biasShape(): Shape {
    const { units, resetAfter } = this.options;
    return resetAfter ? [2, 3 * units] : [3 * units];
  }

  override get recurrence(): RecurrentCell | null {
    const { activation, recurrentActivation, resetAfter } = this.options;
    const standard = isActivation(activation, "tanh") && isActivation(recurrentActivation, "sigmoid");
    return standard && this.call === GRUCell.prototype.call ? { kind: "gru", resetAfter } : null;
  }

  call(input: Tensor, [h]: readonly Tensor[], { training, drawn }: CellContext): StepResult {
    const { units, activation, recurrentActivation, resetAfter } = this.options;
    const masks = this.masksOf(drawn, input, training);
    const [inputBias, recurrentBias] = this.bias ? (resetAfter ? unstack(this.bias) : [this.bias]) : [];
    const withBias = (t: Tensor, bias: Tensor | undefined) => (bias ? add(t, bias) : t);
    const three = (t: Tensor) => split(t, 3, 1) as [Tensor, Tensor, Tensor];
    const [xz, xr, xh] = three(withBias(project(input, this.kernel, masks.input), inputBias));
    let z: Tensor;
    let candidate: Tensor;
    if (resetAfter) {
      const [hz, hr, hh] = three(withBias(project(h!, this.recurrentKernel, masks.recurrent), recurrentBias));
      z = recurrentActivation.apply(add(xz, hz));
      const r = recurrentActivation.apply(add(xr, hr));
      candidate = activation.apply(add(xh, mul(r, hh)));
    } else {
      const gates = slice(this.recurrentKernel, [0, 0], [-1, 2 * units]);
      const rest = slice(this.recurrentKernel, [0, 2 * units]);
      const [hz, hr] = split(project(h!, gates, masks.recurrent.slice(0, 2)), 2, 1) as [Tensor, Tensor];
      z = recurrentActivation.apply(add(xz, hz));
      const r = recurrentActivation.apply(add(xr, hr));
      const mask = masks.recurrent.at(-1);
      candidate = activation.apply(add(xh, matMul(mul(r, mask ? mul(h!, mask) : h!), rest)));
    }
    const next = add(mul(z, h!), mul(sub(1, z), candidate));
    return [next, [next]];
  }
}
