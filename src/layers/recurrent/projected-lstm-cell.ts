import { add, mul } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { split } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { BatchShape, ComponentOptions } from "../component.js";
import { type Fields, initializer, positive, type Values } from "../fields.js";
import type { Initializer, InitializerSpec } from "../initializers.js";
import type { CellContext, StepResult } from "./cell.js";
import { type Gates, type LSTMCellOptions, lstmCellFields, withForgetBias } from "./lstm-cell.js";
import { StandardCell } from "./standard-cell.js";

/** Options of `layers.projectedLSTMCell`. */
export interface ProjectedLSTMCellOptions extends LSTMCellOptions {
  /** Size of the output, usually below units. */
  projectionUnits: number;
  /** Of the weights from the memory to the output. Default: "glorotUniform". */
  projectionInitializer?: InitializerSpec;
}

const fields = {
  ...lstmCellFields,
  projectionUnits: positive(),
  projectionInitializer: initializer("glorotUniform"),
} satisfies Fields<ProjectedLSTMCellOptions, keyof ComponentOptions>;

/**
 * One step of a long short-term memory with a smaller output than memory (Sak et al. 2014, arXiv 1402.1128; `proj_size`
 * in PyTorch): as `LSTMCell`, but
 *
 *     h' = (o activation(c')) · projectionKernel
 *
 * Weights kernel [inputs, 4 units], recurrent_kernel [projectionUnits, 4 units], bias [4 units] and projection_kernel
 * [units, projectionUnits]. States [h [projectionUnits], c [units]], output h'.
 *
 * @example layers.rnn({ cell: layers.projectedLSTMCell({ units: 128, projectionUnits: 32 }) })
 */
export class ProjectedLSTMCell extends StandardCell<Values<typeof fields>> {
  readonly className = "ProjectedLSTMCell";
  protected readonly gates = 4;
  projectionKernel!: Variable;

  constructor(options: ProjectedLSTMCellOptions) {
    super("layers.projectedLSTMCell", fields, options);
  }

  get stateSize(): readonly number[] {
    return [this.options.projectionUnits, this.options.units];
  }

  protected override get recurrentSize(): number {
    return this.options.projectionUnits;
  }

  protected override get biasInitializer(): Initializer {
    return withForgetBias(this.options);
  }

  override build(inputShape: BatchShape): void {
    super.build(inputShape);
    const { units, projectionUnits, projectionInitializer } = this.options;
    this.projectionKernel = this.addWeight("projection_kernel", [units, projectionUnits], projectionInitializer);
  }

  call(input: Tensor, [h, c]: readonly Tensor[], context: CellContext): StepResult {
    const { activation, recurrentActivation } = this.options;
    const [i, f, candidate, o] = split(this.sums(input, h!, context), 4, 1) as Gates;
    const kept = mul(recurrentActivation.apply(f), c!);
    const nextC = add(kept, mul(recurrentActivation.apply(i), activation.apply(candidate)));
    const nextH = matMul(mul(recurrentActivation.apply(o), activation.apply(nextC)), this.projectionKernel);
    return [nextH, [nextH, nextC]];
  }
}
