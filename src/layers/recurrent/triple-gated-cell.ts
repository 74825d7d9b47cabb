import { add, mul } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { slice, split } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ActivationSpec } from "../activations.js";
import type { BatchShape, ComponentOptions } from "../component.js";
import { activation, type Fields, initializer, optional, positive, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { CellContext, StepResult } from "./cell.js";
import {
  type DropoutMasks,
  project,
  StandardCell,
  type StandardCellOptions,
  standardCellFields,
} from "./standard-cell.js";

/** Options of `layers.tripleGatedCell`. */
export interface TripleGatedCellOptions extends StandardCellOptions {
  /** Size of a, what the cell makes of its input before anything else. Default: units. */
  inputUnits?: number | null;
  /** Size of the output. Default: units. */
  outputUnits?: number | null;
  /** Of the gates. Default: "sigmoid". */
  recurrentActivation?: ActivationSpec;
  /** Of the output. Default: "linear". */
  outputActivation?: ActivationSpec;
  /** Of the weights of a and of the output. Default: "glorotUniform". */
  outputInitializer?: InitializerSpec;
}

const fields = {
  ...standardCellFields,
  inputUnits: optional(positive()),
  outputUnits: optional(positive()),
  recurrentActivation: activation("sigmoid"),
  outputActivation: activation("linear"),
  outputInitializer: initializer("glorotUniform"),
} satisfies Fields<TripleGatedCellOptions, keyof ComponentOptions>;

/**
 * One step of a unit with three gates of its own: g for what the candidate sees of the past, i for what is taken in, o
 * for what is kept. A GRU ties i and o together (o = 1 - i); here nothing does. Input and state both reach the output:
 *
 *     a = x · W + b_a
 *     g, i, o = recurrentActivation(a · K_* + h · R_* + b_*)
 *     candidate = activation(a · K_h + g (h · R_h) + b_h), h' = o h + i candidate
 *     y = outputActivation(a · W_ay + h' · W_hy + b_y)
 *
 * Weights kernel [inputUnits, 4 units], recurrent_kernel [units, 4 units] and bias [4 units], columns in the order
 * g, i, o, h; then input_kernel W [inputs, inputUnits], input_output_kernel W_ay [inputUnits, outputUnits] and
 * output_kernel W_hy [units, outputUnits], and with biases input_bias b_a and output_bias b_y. The state is h'
 * [batch, units], the output y [batch, outputUnits]. `dropout` acts on a.
 *
 * @example layers.rnn({ cell: layers.tripleGatedCell({ units: 32, outputUnits: 4 }), returnSequences: true })
 */
export class TripleGatedCell extends StandardCell<Values<typeof fields>> {
  readonly className = "TripleGatedCell";
  protected readonly gates = 4;
  inputKernel!: Variable;
  inputOutputKernel!: Variable;
  outputKernel!: Variable;
  inputBias: Variable | null = null;
  outputBias: Variable | null = null;

  constructor(options: TripleGatedCellOptions) {
    super("layers.tripleGatedCell", fields, options);
  }

  get stateSize(): number {
    return this.options.units;
  }

  override get outputSize(): number {
    return this.options.outputUnits ?? this.options.units;
  }

  private get inputUnits(): number {
    return this.options.inputUnits ?? this.options.units;
  }

  override build(inputShape: BatchShape): void {
    const { inputUnits, outputSize } = this;
    const { units, useBias, outputInitializer, biasInitializer } = this.options;
    super.build([inputShape[0] ?? null, inputUnits]);
    this.inputKernel = this.addWeight("input_kernel", [inputShape.at(-1)!, inputUnits], outputInitializer);
    this.inputOutputKernel = this.addWeight("input_output_kernel", [inputUnits, outputSize], outputInitializer);
    this.outputKernel = this.addWeight("output_kernel", [units, outputSize], outputInitializer);
    if (!useBias) return;
    this.inputBias = this.addWeight("input_bias", [inputUnits], biasInitializer);
    this.outputBias = this.addWeight("output_bias", [outputSize], biasInitializer);
  }

  override draw(batch: number, _inputs: number, training: boolean): DropoutMasks {
    return super.draw(batch, this.inputUnits, training);
  }

  call(input: Tensor, [h]: readonly Tensor[], { training, drawn }: CellContext): StepResult {
    const { units, activation, recurrentActivation, outputActivation } = this.options;
    const masks = this.masksOf(drawn, input, training);
    const a = biased(matMul(input, this.inputKernel), this.inputBias);
    const left = biased(project(a, this.kernel, masks.input), this.bias);
    const right = project(h!, this.recurrentKernel, masks.recurrent);
    const first = (t: Tensor) => slice(t, [0, 0], [-1, 3 * units]);
    const last = (t: Tensor) => slice(t, [0, 3 * units]);
    const gates = recurrentActivation.apply(add(first(left), first(right)));
    const [g, i, o] = split(gates, 3, 1) as [Tensor, Tensor, Tensor];
    const candidate = activation.apply(add(last(left), mul(g, last(right))));
    const next = add(mul(o, h!), mul(i, candidate));
    const y = biased(add(matMul(a, this.inputOutputKernel), matMul(next, this.outputKernel)), this.outputBias);
    return [outputActivation.apply(y), [next]];
  }
}

const biased = (x: Tensor, bias: Tensor | null) => (bias ? add(x, bias) : x);
