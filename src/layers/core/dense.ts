import { add } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { type ActivationSpec, activatedShape } from "../activations.js";
import type { ConstraintSpec } from "../constraints.js";
import {
  activation,
  constraint,
  type Fields,
  flag,
  initializer,
  layerOptionNames,
  positive,
  readFields,
  regularizer,
  type Values,
  writeFields,
} from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import { type BatchShape, Layer, type LayerOptions } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";

/** Options of `layers.dense`. */
export interface DenseOptions extends LayerOptions {
  /** Size of the output's last axis. */
  units: number;
  /** Default: none. */
  activation?: ActivationSpec;
  /** Default: true. */
  useBias?: boolean;
  /** Default: "glorotUniform". */
  kernelInitializer?: InitializerSpec;
  /** Default: "zeros". */
  biasInitializer?: InitializerSpec;
  /** Penalty on the kernel. Default: none. */
  kernelRegularizer?: RegularizerSpec;
  /** Penalty on the bias. Default: none. */
  biasRegularizer?: RegularizerSpec;
  /** What the kernel is moved to after every update. Default: none. */
  kernelConstraint?: ConstraintSpec;
  /** What the bias is moved to after every update. Default: none. */
  biasConstraint?: ConstraintSpec;
}

const fields = {
  units: positive(),
  activation: activation("linear"),
  useBias: flag(true),
  kernelInitializer: initializer("glorotUniform"),
  biasInitializer: initializer("zeros"),
  kernelRegularizer: regularizer(),
  biasRegularizer: regularizer(),
  kernelConstraint: constraint(),
  biasConstraint: constraint(),
} satisfies Fields<DenseOptions, keyof LayerOptions>;

/**
 * activation(x · kernel + bias) over the last axis: [..., inputs] -> [..., units], kernel [inputs, units].
 *
 * @example layers.dense({ units: 10, activation: "softmax" })
 */
export class Dense extends Layer {
  readonly className = "Dense";
  readonly options: Values<typeof fields>;
  kernel!: Variable;
  bias: Variable | null = null;

  constructor(options: DenseOptions) {
    super(options);
    this.options = readFields("layers.dense", fields, options, layerOptionNames);
  }

  override build(inputShape: BatchShape): void {
    this.requireRank({ shape: inputShape }, 2, "[batch, ..., features]");
    const { units, useBias, ...o } = this.options;
    this.kernel = this.addWeight("kernel", [this.lastSize(inputShape), units], o.kernelInitializer, {
      regularizer: o.kernelRegularizer,
      constraint: o.kernelConstraint,
    });
    if (!useBias) return;
    this.bias = this.addWeight("bias", [units], o.biasInitializer, {
      regularizer: o.biasRegularizer,
      constraint: o.biasConstraint,
    });
  }

  call(input: Tensor): Tensor {
    this.requireLastSize(input, this.kernel.shape[0]!);
    const product = matMul(input, this.kernel);
    return this.options.activation.apply(this.bias ? add(product, this.bias) : product);
  }

  computeOutputShape(inputShape: BatchShape): BatchShape {
    return activatedShape(this.options.activation, [...inputShape.slice(0, -1), this.options.units]);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, fields, this.options) };
  }
}
