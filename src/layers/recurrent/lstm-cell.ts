import type { RecurrentCell } from "../../tensor/forward/recurrent.js";
import { add, mul } from "../../tensor/ops/arithmetic.js";
import { ones } from "../../tensor/ops/creation.js";
import { concat, split } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type ActivationSpec, isActivation } from "../activations.js";
import type { ComponentOptions } from "../component.js";
import { activation, type Fields, flag, type Values } from "../fields.js";
import type { Initializer } from "../initializers.js";
import type { CellContext, StepResult } from "./cell.js";
import { StandardCell, type StandardCellOptions, standardCellFields } from "./standard-cell.js";

/** Options of `layers.lstmCell`. */
export interface LSTMCellOptions extends StandardCellOptions {
  /** Of the three gates. Default: "sigmoid". */
  recurrentActivation?: ActivationSpec;
  /** Starts the forget gate's bias at 1, so that the network remembers at first. Default: true. */
  unitForgetBias?: boolean;
}

export const lstmCellFields = {
  ...standardCellFields,
  recurrentActivation: activation("sigmoid"),
  unitForgetBias: flag(true),
} satisfies Fields<LSTMCellOptions, keyof ComponentOptions>;

/**
 * One step of a long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
 *
 *     i, f, o = recurrentActivation(x · kernel + h · recurrentKernel + bias), each with its own columns
 *     c' = f c + i activation(…), h' = o activation(c')
 *
 * Weights hold the gates in the order i, f, c, o. States [h, c], output h'.
 *
 * @example layers.rnn({ cell: layers.lstmCell({ units: 32 }) })
 */
export class LSTMCell extends StandardCell<Values<typeof lstmCellFields>> {
  readonly className: string = "LSTMCell";
  protected readonly gates = 4;

  constructor(options: LSTMCellOptions, where = "layers.lstmCell") {
    super(where, lstmCellFields, options);
  }

  get stateSize(): readonly number[] {
    return [this.options.units, this.options.units];
  }

  protected override get biasInitializer(): Initializer {
    return withForgetBias(this.options);
  }

  override get recurrence(): RecurrentCell | null {
    const { activation, recurrentActivation } = this.options;
    const standard = isActivation(activation, "tanh") && isActivation(recurrentActivation, "sigmoid");
    return standard && this.call === LSTMCell.prototype.call ? { kind: "lstm" } : null;
  }

  call(input: Tensor, [h, c]: readonly Tensor[], context: CellContext): StepResult {
    const { activation, recurrentActivation } = this.options;
    const [i, f, candidate, o] = split(this.sums(input, h!, context), 4, 1) as Gates;
    const kept = mul(recurrentActivation.apply(f), c!);
    const nextC = add(kept, mul(recurrentActivation.apply(i), activation.apply(candidate)));
    const nextH = mul(recurrentActivation.apply(o), activation.apply(nextC));
    return [nextH, [nextH, nextC]];
  }
}

/** Sums for the input gate, the forget gate, the candidate and the output gate. */
export type Gates = [i: Tensor, f: Tensor, candidate: Tensor, o: Tensor];

/** The bias' initializer, with ones for the forget gate where `unitForgetBias` says so. */
export function withForgetBias(
  options: Pick<Values<typeof lstmCellFields>, "biasInitializer" | "unitForgetBias" | "units">,
): Initializer {
  const { biasInitializer, unitForgetBias, units } = options;
  if (!unitForgetBias || setsForgetBias(biasInitializer)) return biasInitializer;
  const apply = () => concat([biasInitializer.apply([units]), ones([units]), biasInitializer.apply([2 * units])]);
  return { apply, config: undefined };
}

function setsForgetBias({ config }: Initializer): boolean {
  return typeof config === "object" ? config.name === "chrono" : config === "chrono";
}
