import { add, mul, sub } from "../../tensor/ops/arithmetic.js";
import { reshape } from "../../tensor/ops/movement.js";
import { rsqrt } from "../../tensor/ops/unary.js";
import type { Shape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ConstraintSpec } from "../constraints.js";
import { FieldLayer } from "../field-layer.js";
import { constraint, type Fields, flag, initializer, nonNegative, regularizer, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { LayerOptions } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";

/** Options that layer, batch and group normalization share. */
export interface ScaledOptions extends LayerOptions {
  /** Added to the variance, so that a constant input does not divide by 0. Default: 0.001. */
  epsilon?: number;
  /** Adds a trained `beta`. Default: true. */
  center?: boolean;
  /** Multiplies by a trained `gamma`. Default: true. */
  scale?: boolean;
  /** Default: "zeros". */
  betaInitializer?: InitializerSpec;
  /** Default: "ones". */
  gammaInitializer?: InitializerSpec;
  /** Penalty on beta. Default: none. */
  betaRegularizer?: RegularizerSpec;
  /** Penalty on gamma. Default: none. */
  gammaRegularizer?: RegularizerSpec;
  /** What beta is moved to after every update. Default: none. */
  betaConstraint?: ConstraintSpec;
  /** What gamma is moved to after every update. Default: none. */
  gammaConstraint?: ConstraintSpec;
}

export const scaledFields = {
  epsilon: nonNegative(0.001),
  center: flag(true),
  scale: flag(true),
  betaInitializer: initializer("zeros"),
  gammaInitializer: initializer("ones"),
  betaRegularizer: regularizer(),
  gammaRegularizer: regularizer(),
  betaConstraint: constraint(),
  gammaConstraint: constraint(),
} satisfies Fields<ScaledOptions, keyof LayerOptions>;

/** Normalization to mean 0 and variance 1, followed by a trained scale and offset, either of which may be left out. */
export abstract class ScaledNormalization<V extends Values<typeof scaledFields>> extends FieldLayer<V> {
  gamma: Variable | null = null;
  beta: Variable | null = null;

  protected addScale(shape: Shape): void {
    const o = this.options;
    if (o.scale) {
      this.gamma = this.addWeight("gamma", shape, o.gammaInitializer, {
        regularizer: o.gammaRegularizer,
        constraint: o.gammaConstraint,
      });
    }
    if (o.center) {
      this.beta = this.addWeight("beta", shape, o.betaInitializer, {
        regularizer: o.betaRegularizer,
        constraint: o.betaConstraint,
      });
    }
  }

  /** (x - mean) / sqrt(variance + epsilon). */
  protected standardize(x: Tensor, mean: Tensor, variance: Tensor): Tensor {
    return mul(sub(x, mean), rsqrt(add(variance, this.options.epsilon)));
  }

  /** x · gamma + beta, the weights laid along `axes` of x. */
  protected rescale(x: Tensor, axes: readonly number[]): Tensor {
    const scaled = this.gamma ? mul(x, along(this.gamma, x.shape, axes)) : x;
    return this.beta ? add(scaled, along(this.beta, x.shape, axes)) : scaled;
  }
}

/** Weights for some axes of a shape, with sizes of 1 on the others. */
export function along(weight: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  return reshape(
    weight,
    shape.map((n, i) => (axes.includes(i) ? n : 1)),
  );
}
