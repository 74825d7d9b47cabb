import { add, mul } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { dropoutMask } from "../../tensor/ops/random.js";
import { concat, slice } from "../../tensor/ops/slicing.js";
import type { Shape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ActivationSpec } from "../activations.js";
import type { BatchShape, ComponentOptions, LayerState } from "../component.js";
import type { ConstraintSpec } from "../constraints.js";
import {
  type AnyField,
  activation,
  cellOptionNames,
  constraint,
  type Fields,
  flag,
  initializer,
  oneOf,
  pickFields,
  positive,
  rate,
  readFields,
  regularizer,
  seed,
  type Values,
  writeFields,
} from "../fields.js";
import type { Initializer, InitializerSpec } from "../initializers.js";
import { LayerRandom } from "../random.js";
import type { RegularizerSpec } from "../regularizers.js";
import { Cell, type CellContext } from "./cell.js";

/** Options that the simple RNN, LSTM and GRU share. */
export interface StandardCellOptions extends ComponentOptions {
  /** Size of the output and of each state. */
  units: number;
  /** Default: "tanh". */
  activation?: ActivationSpec;
  /** Default: true. */
  useBias?: boolean;
  /** Of the weights on the input. Default: "glorotUniform". */
  kernelInitializer?: InitializerSpec;
  /** Of the weights on the previous output. Default: "orthogonal". */
  recurrentInitializer?: InitializerSpec;
  /** Default: "zeros". */
  biasInitializer?: InitializerSpec;
  /** Penalty on the kernel. Default: none. */
  kernelRegularizer?: RegularizerSpec;
  /** Penalty on the recurrent kernel. Default: none. */
  recurrentRegularizer?: RegularizerSpec;
  /** Penalty on the bias. Default: none. */
  biasRegularizer?: RegularizerSpec;
  /** What the kernel is moved to after every update. Default: none. */
  kernelConstraint?: ConstraintSpec;
  /** What the recurrent kernel is moved to after every update. Default: none. */
  recurrentConstraint?: ConstraintSpec;
  /** What the bias is moved to after every update. Default: none. */
  biasConstraint?: ConstraintSpec;
  /** Share of the inputs dropped while training, 0 to below 1; the same inputs at every step of a call. */
  dropout?: number;
  /** Share of the previous outputs dropped while training; the same units at every step of a call. */
  recurrentDropout?: number;
  /**
   * Dropout masks: 2 (default) draws one for all gates, which the fused kernels can use; 1 draws one for each gate, which
   * is what Keras does as soon as recurrentDropout is not 0.
   */
  implementation?: 1 | 2;
  /** Fixes the dropout. Default: drawn from the global generator. */
  seed?: number | null;
}

export const standardCellFields = {
  units: positive(),
  activation: activation("tanh"),
  useBias: flag(true),
  kernelInitializer: initializer("glorotUniform"),
  recurrentInitializer: initializer("orthogonal"),
  biasInitializer: initializer("zeros"),
  kernelRegularizer: regularizer(),
  recurrentRegularizer: regularizer(),
  biasRegularizer: regularizer(),
  kernelConstraint: constraint(),
  recurrentConstraint: constraint(),
  biasConstraint: constraint(),
  dropout: rate(0),
  recurrentDropout: rate(0),
  implementation: oneOf([1, 2], 2),
  seed: seed(),
} satisfies Fields<StandardCellOptions, keyof ComponentOptions>;

type CommonValues = Values<typeof standardCellFields>;

/** Masks of one call: none, one for all gates, or one for each. */
export interface DropoutMasks {
  readonly input: readonly Tensor[];
  readonly recurrent: readonly Tensor[];
}

const noMasks: DropoutMasks = { input: [], recurrent: [] };

/** What the simple RNN, LSTM and GRU cells share: kernel [inputs, gates · units], recurrent kernel, bias, dropout. */
export abstract class StandardCell<V extends CommonValues = CommonValues> extends Cell {
  readonly options: V;
  private readonly fields: Readonly<Record<string, AnyField>>;
  /** Only where something is dropped. */
  private readonly random: LayerRandom | null;
  kernel!: Variable;
  recurrentKernel!: Variable;
  bias: Variable | null = null;

  constructor(where: string, fields: { readonly [K in keyof V]: AnyField }, options: StandardCellOptions) {
    super(options);
    this.fields = fields;
    this.options = readFields(where, this.fields, options, cellOptionNames) as unknown as V;
    const { dropout, recurrentDropout, seed } = this.options;
    this.random = dropout > 0 || recurrentDropout > 0 ? new LayerRandom(seed) : null;
  }

  /** Number of blocks of `units` columns in the weights. */
  protected abstract readonly gates: number;

  /** The same of the recurrent kernel. */
  protected get recurrentGates(): number {
    return this.gates;
  }

  /** Size of the previous output, which the recurrent kernel multiplies. */
  protected get recurrentSize(): number {
    return this.options.units;
  }

  protected get biasShape(): Shape {
    return [this.gates * this.options.units];
  }

  protected get biasInitializer(): Initializer {
    return this.options.biasInitializer;
  }

  override build(inputShape: BatchShape): void {
    const { units, useBias, ...o } = this.options;
    const inputs = inputShape[inputShape.length - 1]!;
    this.kernel = this.addWeight("kernel", [inputs, this.gates * units], o.kernelInitializer, {
      regularizer: o.kernelRegularizer,
      constraint: o.kernelConstraint,
    });
    this.recurrentKernel = this.addWeight(
      "recurrent_kernel",
      [this.recurrentSize, this.recurrentGates * units],
      o.recurrentInitializer,
      {
        regularizer: o.recurrentRegularizer,
        constraint: o.recurrentConstraint,
      },
    );
    if (!useBias) return;
    this.bias = this.addWeight("bias", this.biasShape, this.biasInitializer, {
      regularizer: o.biasRegularizer,
      constraint: o.biasConstraint,
    });
  }

  override draw(batch: number, inputs: number, training: boolean): DropoutMasks {
    const { dropout, recurrentDropout, implementation } = this.options;
    const { random } = this;
    if (!training || !random) return noMasks;
    const masks = (size: number, rate: number, gates: number) => {
      const length = rate === 0 ? 0 : implementation === 1 ? gates : 1;
      return Array.from({ length }, () => dropoutMask([batch, size], rate, random.generator));
    };
    return {
      input: masks(inputs, dropout, this.gates),
      recurrent: masks(this.recurrentSize, recurrentDropout, this.recurrentGates),
    };
  }

  /** The masks of this call, or fresh ones when the cell is called by itself. */
  protected masksOf(drawn: unknown, input: Tensor, training: boolean): DropoutMasks {
    return (drawn as DropoutMasks | undefined) ?? this.draw(input.shape[0]!, input.shape[input.rank - 1]!, training);
  }

  /** input · kernel + h · recurrentKernel + bias, [batch, gates · units]. */
  protected sums(input: Tensor, h: Tensor, { training, drawn }: CellContext): Tensor {
    const masks = this.masksOf(drawn, input, training);
    const sum = add(project(input, this.kernel, masks.input), project(h, this.recurrentKernel, masks.recurrent));
    return this.bias ? add(sum, this.bias) : sum;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, this.fields, { ...this.options }) };
  }

  override copyOptions(): Record<string, unknown> {
    return { trainable: this.trainable, ...pickFields(this.fields, this.options) };
  }

  override collectState(prefix: string, into: LayerState): void {
    this.random?.collect(prefix, into);
  }

  override restoreState(prefix: string, state: LayerState): void {
    this.random?.restore(prefix, state);
  }
}

/** x · weights [n, gates · units], where x is multiplied by a mask first: by one for all gates or by one for each. */
export function project(x: Tensor, weights: Tensor, masks: readonly Tensor[]): Tensor {
  if (masks.length === 0) return matMul(x, weights);
  if (masks.length === 1) return matMul(mul(x, masks[0]!), weights);
  const columns = weights.shape[1]! / masks.length;
  return concat(
    masks.map((mask, gate) => matMul(mul(x, mask), slice(weights, [0, gate * columns], [-1, columns]))),
    1,
  );
}
