import { add, mul } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { split } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { BatchShape, ComponentOptions } from "../component.js";
import { type Fields, flag, initializer, optional, positive, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { CellContext, StepResult } from "./cell.js";
import { project, StandardCell, type StandardCellOptions, standardCellFields } from "./standard-cell.js";

/** Options of `layers.chainedTanhCell`. */
export interface ChainedTanhCellOptions extends StandardCellOptions {
  /** Size of the output. Default: units. */
  outputUnits?: number | null;
  /** Whether the output gate lets the content through, or stands alone. Default: true. */
  useContent?: boolean;
  /** Of the weights after the hidden units. Default: "glorotUniform". */
  outputInitializer?: InitializerSpec;
}

const fields = {
  ...standardCellFields,
  outputUnits: optional(positive()),
  useContent: flag(true),
  outputInitializer: initializer("glorotUniform"),
} satisfies Fields<ChainedTanhCellOptions, keyof ComponentOptions>;

/**
 * One step of a simple network whose hidden units pass through further tanh layers, all within the step:
 *
 *     h' = activation(x · W_xh + h · W_hh + b_h)      hidden units, the state
 *     C = activation(h' · W_hc)                       content
 *     o = activation(x · W_xc + h' · W_ho + b_o)      output gate
 *     y = activation((o C) · W_oy)                    output
 *
 * The activation is tanh. Where these equations are written down, y is tanh(o · W_oy) and nothing reads C. A gate is
 * there to let something through, and C is all there is: so the gate multiplies it, as an LSTM's does its memory. With
 * useContent: false the equations hold to the letter, without C and its weights.
 *
 * Weights kernel [inputs, 2 units] (W_xh, W_xc), recurrent_kernel W_hh [units, units], bias [2 units] (b_h, b_o),
 * chain_kernel [units, 2 units] (W_hc, W_ho; W_ho alone without content) and output_kernel W_oy [units, outputUnits].
 * The state is h' [batch, units], the output y [batch, outputUnits].
 *
 * @example layers.rnn({ cell: layers.chainedTanhCell({ units: 32 }) })
 */
export class ChainedTanhCell extends StandardCell<Values<typeof fields>> {
  readonly className = "ChainedTanhCell";
  protected readonly gates = 2;
  chainKernel!: Variable;
  outputKernel!: Variable;

  constructor(options: ChainedTanhCellOptions) {
    super("layers.chainedTanhCell", fields, options);
  }

  get stateSize(): number {
    return this.options.units;
  }

  override get outputSize(): number {
    return this.options.outputUnits ?? this.options.units;
  }

  protected override get recurrentGates(): number {
    return 1;
  }

  override build(inputShape: BatchShape): void {
    super.build(inputShape);
    const { units, useContent, outputInitializer } = this.options;
    this.chainKernel = this.addWeight("chain_kernel", [units, useContent ? 2 * units : units], outputInitializer);
    this.outputKernel = this.addWeight("output_kernel", [units, this.outputSize], outputInitializer);
  }

  call(input: Tensor, [h]: readonly Tensor[], { training, drawn }: CellContext): StepResult {
    const { useContent, activation } = this.options;
    const masks = this.masksOf(drawn, input, training);
    const left = project(input, this.kernel, masks.input);
    const [xh, xo] = split(this.bias ? add(left, this.bias) : left, 2, 1) as [Tensor, Tensor];
    const next = activation.apply(add(xh, project(h!, this.recurrentKernel, masks.recurrent)));
    const chain = split(matMul(next, this.chainKernel), useContent ? 2 : 1, 1);
    const gate = activation.apply(add(xo, chain.at(-1)!));
    const shown = useContent ? mul(gate, activation.apply(chain[0]!)) : gate;
    return [activation.apply(matMul(shown, this.outputKernel)), [next]];
  }
}
