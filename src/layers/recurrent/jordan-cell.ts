import { add } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ActivationSpec } from "../activations.js";
import type { BatchShape, ComponentOptions } from "../component.js";
import { activation, type Fields, initializer, positive, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { CellContext, StepResult } from "./cell.js";
import { StandardCell, type StandardCellOptions, standardCellFields } from "./standard-cell.js";

/** Options of `layers.jordanCell`. */
export interface JordanCellOptions extends StandardCellOptions {
  /** Size of the output, which is fed back. */
  outputUnits: number;
  /** Of the output. Default: "linear". */
  outputActivation?: ActivationSpec;
  /** Of the weights from the hidden units to the output. Default: "glorotUniform". */
  outputInitializer?: InitializerSpec;
}

const fields = {
  ...standardCellFields,
  outputUnits: positive(),
  outputActivation: activation("linear"),
  outputInitializer: initializer("glorotUniform"),
} satisfies Fields<JordanCellOptions, keyof ComponentOptions>;

/**
 * One step of a Jordan network, which feeds back its output rather than its hidden units (Jordan 1986, "Serial order: a
 * parallel distributed processing approach"):
 *
 *     h = activation(x · kernel + y · recurrentKernel + bias)
 *     y' = outputActivation(h · outputKernel + outputBias)
 *
 * Weights kernel [inputs, units], recurrent_kernel [outputUnits, units], bias [units], output_kernel
 * [units, outputUnits] and output_bias [outputUnits]. Output and state are y', [batch, outputUnits].
 *
 * @example layers.rnn({ cell: layers.jordanCell({ units: 32, outputUnits: 2 }), returnSequences: true })
 */
export class JordanCell extends StandardCell<Values<typeof fields>> {
  readonly className = "JordanCell";
  protected readonly gates = 1;
  outputKernel!: Variable;
  outputBias: Variable | null = null;

  constructor(options: JordanCellOptions) {
    super("layers.jordanCell", fields, options);
  }

  get stateSize(): number {
    return this.options.outputUnits;
  }

  protected override get recurrentSize(): number {
    return this.options.outputUnits;
  }

  override build(inputShape: BatchShape): void {
    super.build(inputShape);
    const { units, outputUnits, outputInitializer, useBias, biasInitializer } = this.options;
    this.outputKernel = this.addWeight("output_kernel", [units, outputUnits], outputInitializer);
    if (useBias) this.outputBias = this.addWeight("output_bias", [outputUnits], biasInitializer);
  }

  call(input: Tensor, [fedBack]: readonly Tensor[], context: CellContext): StepResult {
    const { activation, outputActivation } = this.options;
    const h = activation.apply(this.sums(input, fedBack!, context));
    const sum = matMul(h, this.outputKernel);
    const y = outputActivation.apply(this.outputBias ? add(sum, this.outputBias) : sum);
    return [y, [y]];
  }
}
