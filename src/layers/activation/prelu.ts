import { RondoError } from "../../errors.js";
import { mul, sub } from "../../tensor/ops/arithmetic.js";
import { neg, relu } from "../../tensor/ops/unary.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { ConstraintSpec } from "../constraints.js";
import { FieldLayer } from "../field-layer.js";
import { constraint, type Field, type Fields, initializer, positive, regularizer, type Values } from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";

/** Options of `layers.prelu`. */
export interface PReLUOptions extends LayerOptions {
  /** Axes (the batch being 0, time 1) along which all positions have one slope. Default: null, none. */
  sharedAxes?: number | readonly number[] | null;
  /** Default: "zeros". */
  alphaInitializer?: InitializerSpec;
  /** Penalty on alpha. Default: none. */
  alphaRegularizer?: RegularizerSpec;
  /** What alpha is moved to after every update. Default: none. */
  alphaConstraint?: ConstraintSpec;
}

const shared: Field<number | readonly number[] | null, readonly number[] | null> = {
  read: (value = null, at) =>
    value === null ? null : [value].flat().map((axis) => positive().read(axis as number, at)),
  write: (value) => (value ? [...value] : null),
};

const fields = {
  sharedAxes: shared,
  alphaInitializer: initializer("zeros"),
  alphaRegularizer: regularizer(),
  alphaConstraint: constraint(),
} satisfies Fields<PReLUOptions, keyof LayerOptions>;

/**
 * x above 0, alpha · x below, the slopes alpha being trained (He et al. 2015, arXiv 1502.01852). Keeps the shape and the
 * mask. Weight alpha with the sizes of the input without the batch, 1 along `sharedAxes`; sequences of different
 * lengths need sharedAxes: [1].
 *
 * @example layers.prelu({ sharedAxes: [1] })
 */
export class PReLU extends FieldLayer<Values<typeof fields>> {
  readonly className = "PReLU";
  alpha!: Variable;

  constructor(options: PReLUOptions = {}) {
    super("layers.prelu", fields, options);
  }

  override build(inputShape: BatchShape): void {
    const { sharedAxes, ...o } = this.options;
    const outside = sharedAxes?.find((axis) => axis >= inputShape.length);
    const shape = inputShape.slice(1).map((n, i) => (sharedAxes?.includes(i + 1) ? 1 : n));
    if (outside !== undefined || shape.includes(null)) {
      throw new RondoError("shape", "the shape of alpha does not follow from this input", {
        path: this.describe(),
        received: `${formatShape(inputShape)}, sharedAxes: ${JSON.stringify(sharedAxes)}`,
        expected: "known sizes on all axes but the batch and the shared ones, and shared axes that exist",
        fix: "use sharedAxes: [1] for sequences of different lengths",
      });
    }
    this.alpha = this.addWeight("alpha", shape as number[], o.alphaInitializer, {
      regularizer: o.alphaRegularizer,
      constraint: o.alphaConstraint,
    });
  }

  call(input: Tensor): Tensor {
    return sub(relu(input), mul(this.alpha, relu(neg(input))));
  }
}
