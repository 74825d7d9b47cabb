import { noGrad } from "../../autograd/tape.js";
import { add, div, maximum, mul, squaredDifference } from "../../tensor/ops/arithmetic.js";
import { cast, where } from "../../tensor/ops/comparison.js";
import { broadcastTo, reshape } from "../../tensor/ops/movement.js";
import { moments, sum } from "../../tensor/ops/reduce.js";
import { scope } from "../../tensor/scope.js";
import { normalizeAxis } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { axis, type Fields, initializer, rate, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { BatchShape, CallContext, LayerOptions } from "../layer.js";
import { sizesAlong } from "./axes.js";
import { along, ScaledNormalization, type ScaledOptions, scaledFields } from "./scaled.js";

/** Options of `layers.batchNormalization`. */
export interface BatchNormalizationOptions extends ScaledOptions {
  /** The axis whose positions are normalized each on its own. Default: -1. */
  axis?: number;
  /** Share of the old moving statistics that a batch leaves in place, 0 to below 1. Default: 0.99. */
  momentum?: number;
  /** Default: "zeros". */
  movingMeanInitializer?: InitializerSpec;
  /** Default: "ones". */
  movingVarianceInitializer?: InitializerSpec;
}

const fields = {
  axis: axis(-1),
  momentum: rate(0.99),
  ...scaledFields,
  movingMeanInitializer: initializer("zeros"),
  movingVarianceInitializer: initializer("ones"),
} satisfies Fields<BatchNormalizationOptions, keyof LayerOptions>;

/**
 * Normalizes every feature over the batch (Ioffe and Szegedy 2015, arXiv 1502.03167):
 *
 *     y = (x - mean) / sqrt(variance + epsilon) · gamma + beta
 *
 * While training, mean and variance are those of the batch, masked steps left out, and the moving statistics become
 * momentum · old + (1 - momentum) · batch. Otherwise, and always with `trainable: false`, they are the moving ones.
 * Keeps the shape and the mask. Weights gamma, beta and the untrained moving_mean, moving_variance, [features] each.
 *
 * @example layers.batchNormalization({ momentum: 0.9 })
 */
export class BatchNormalization extends ScaledNormalization<Values<typeof fields>> {
  readonly className = "BatchNormalization";
  movingMean!: Variable;
  movingVariance!: Variable;

  constructor(options: BatchNormalizationOptions = {}) {
    super("layers.batchNormalization", fields, options);
  }

  override build(inputShape: BatchShape): void {
    const shape = sizesAlong(this, inputShape, this.options.axis);
    const { movingMeanInitializer, movingVarianceInitializer } = this.options;
    this.addScale(shape);
    this.movingMean = this.addWeight("moving_mean", shape, movingMeanInitializer, { trainable: false });
    this.movingVariance = this.addWeight("moving_variance", shape, movingVarianceInitializer, { trainable: false });
  }

  call(input: Tensor, { training, mask }: CallContext): Tensor {
    const kept = normalizeAxis(this.options.axis, input.rank, this.describe());
    const { mean, variance } =
      training && this.trainable ? this.batchMoments(input, mask, kept) : this.movingMoments(input, kept);
    return this.rescale(this.standardize(input, mean, variance), [kept]);
  }

  private movingMoments({ shape }: Tensor, kept: number): { mean: Tensor; variance: Tensor } {
    return { mean: along(this.movingMean, shape, [kept]), variance: along(this.movingVariance, shape, [kept]) };
  }

  private batchMoments(input: Tensor, mask: Tensor | null, kept: number): { mean: Tensor; variance: Tensor } {
    const others = input.shape.map((_, i) => i).filter((i) => i !== kept);
    const result = mask ? maskedMoments(input, mask, others) : moments(input, others, true);
    noGrad(() =>
      scope(() => {
        this.move(this.movingMean, result.mean);
        this.move(this.movingVariance, result.variance);
      }),
    );
    return result;
  }

  private move(statistic: Variable, batch: Tensor): void {
    const { momentum } = this.options;
    statistic.assign(add(mul(statistic, momentum), mul(reshape(batch, statistic.shape), 1 - momentum)));
  }
}

/** Moments over the steps that count, [batch, time]; those of a batch without any are 0. */
function maskedMoments(x: Tensor, mask: Tensor, axes: readonly number[]): { mean: Tensor; variance: Tensor } {
  const counts = broadcastTo(reshape(mask, [...mask.shape, ...x.shape.slice(mask.rank).map(() => 1)]), x.shape);
  const total = maximum(sum(cast(counts, "float32"), axes, true), 1);
  const average = (t: Tensor) => div(sum(where(counts, t, 0), axes, true), total);
  const mean = average(x);
  return { mean, variance: average(squaredDifference(x, mean)) };
}
