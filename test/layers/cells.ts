import { add, matMul, mul, sigmoid, slice, sub, type Tensor, tanh } from "../../src/index.js";
import type { BatchShape } from "../../src/layers/component.js";
import { getInitializer } from "../../src/layers/initializers.js";
import { Cell, type RNNCell, type StepResult } from "../../src/layers/recurrent/cell.js";
import { randomUniform } from "../../src/tensor/ops/random.js";
import { type Variable, variable } from "../../src/tensor/variable.js";

/** A cell by extension: one gate, one state (Zhou et al. 2016, arXiv 1603.09420). */
export class OwnGatedUnitCell extends Cell {
  readonly className = "OwnGatedUnitCell";
  readonly units: number;
  private kernel!: Variable;
  private recurrentKernel!: Variable;
  private bias!: Variable;

  constructor({ units, ...options }: { units: number; name?: string; trainable?: boolean }) {
    super(options);
    this.units = units;
  }

  get stateSize(): number {
    return this.units;
  }

  override build(inputShape: BatchShape): void {
    const uniform = getInitializer("glorotUniform");
    this.kernel = this.addWeight("kernel", [inputShape.at(-1)!, 2 * this.units], uniform);
    this.recurrentKernel = this.addWeight("recurrent_kernel", [this.units, 2 * this.units], uniform);
    this.bias = this.addWeight("bias", [2 * this.units], getInitializer("zeros"));
  }

  call(input: Tensor, [h]: readonly Tensor[]): StepResult {
    const u = this.units;
    const x = add(matMul(input, this.kernel), this.bias);
    const left = (t: Tensor) => slice(t, [0, 0], [-1, u]);
    const right = (t: Tensor) => slice(t, [0, u], [-1, u]);
    const f = sigmoid(add(left(x), matMul(h!, left(this.recurrentKernel))));
    const c = tanh(add(right(x), matMul(mul(f, h!), right(this.recurrentKernel))));
    const next = add(mul(sub(1, f), h!), mul(f, c));
    return [next, [next]];
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), units: this.units };
  }
}

/** A cell as a plain class: two states of different size, and the output fed back (Jordan 1986). */
export class ReadoutCell implements RNNCell {
  readonly className = "ReadoutCell";
  readonly stateSize: readonly [number, number];
  readonly outputSize: number;
  weights: Variable[] = [];

  constructor(private readonly config: { units: number; outputUnits: number }) {
    this.stateSize = [config.units, config.outputUnits];
    this.outputSize = config.outputUnits;
  }

  build(inputShape: BatchShape): void {
    const [units, outputs] = this.stateSize;
    const make = (name: string, rows: number, columns: number) =>
      variable(randomUniform([rows, columns], -0.5, 0.5), { name });
    this.weights = [
      make("kernel", inputShape.at(-1)!, units),
      make("feedback_kernel", outputs, units),
      make("output_kernel", units, outputs),
    ];
  }

  call(input: Tensor, [memory, fedBack]: readonly Tensor[]): [Tensor, Tensor[]] {
    const [kernel, feedback, readout] = this.weights as [Variable, Variable, Variable];
    const next = tanh(add(add(matMul(input, kernel), matMul(fedBack!, feedback)), mul(memory!, 0.5)));
    const y = matMul(next, readout);
    return [y, [next, y]];
  }

  getConfig(): Record<string, unknown> {
    return this.config;
  }
}
