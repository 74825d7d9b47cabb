import { RondoError } from "../../errors.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { reshape } from "../../tensor/ops/movement.js";
import { slice, split } from "../../tensor/ops/slicing.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { activatedShape } from "../activations.js";
import type { ConstraintSpec } from "../constraints.js";
import {
  constraint,
  type Fields,
  initializer,
  oneOf,
  optional,
  positive,
  regularizer,
  type Values,
} from "../fields.js";
import type { InitializerSpec } from "../initializers.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import type { RegularizerSpec } from "../regularizers.js";
import { perAxis } from "../spatial/spatial-layer.js";
import { type ConvolutionPadding, extent, overlapAdd, type WindowSpec } from "../spatial/windows.js";
import { Convolution, type ConvolutionOptions, convolutionFields } from "./convolution.js";

/** Options of a transposed convolution. */
export interface ConvTransposeOptions<Size = number> extends ConvolutionOptions<Size, "valid" | "same"> {
  /** Number of output features. */
  filters: number;
  /** Steps added at the end of the output, below strides; null (default) for steps · strides ("same"), or all there are. */
  outputPadding?: Size | null;
  /** Default: "glorotUniform". */
  kernelInitializer?: InitializerSpec;
  /** Penalty on the kernel. Default: none. */
  kernelRegularizer?: RegularizerSpec;
  /** What the kernel is moved to after every update. Default: none. */
  kernelConstraint?: ConstraintSpec;
}

function fieldsFor(axes: number) {
  return {
    filters: positive(),
    ...convolutionFields(axes),
    padding: oneOf<ConvolutionPadding>(["valid", "same"], "valid"),
    outputPadding: optional(perAxis(axes, 0, 0)),
    kernelInitializer: initializer("glorotUniform"),
    kernelRegularizer: regularizer(),
    kernelConstraint: constraint(),
  } satisfies Fields<ConvTransposeOptions, keyof LayerOptions>;
}

/** Steps that are taken off both ends of everything the windows reach; negative: zeros are added. */
function cropOf(spec: WindowSpec, outputPadding: number | undefined): readonly [number, number] {
  const reach = extent(spec);
  if (spec.padding === "valid") return [0, -(outputPadding ?? Math.max(reach, spec.strides) - reach)];
  // The input of the convolution whose transpose this is would have been padded by so much.
  const missing = outputPadding === undefined ? spec.strides + reach - 2 : reach + (reach % 2) - 2 + outputPadding;
  const left = Math.min(Math.ceil(missing / 2), reach - 1);
  return [reach - 1 - left, reach - 1 - (missing - left)];
}

/** Over any number of axes: kernel [kernelSize …, filters, features] and bias [filters]. */
export abstract class ConvTranspose extends Convolution<Values<ReturnType<typeof fieldsFor>>> {
  kernel!: Variable;

  constructor(where: string, options: LayerOptions, axes: number) {
    super(where, fieldsFor(axes), options, axes);
    const { outputPadding, strides } = this.options;
    if (outputPadding?.every((n, i) => n < strides[i]!) === false) {
      throw new RondoError("value", `${where}: outputPadding must be below strides`, {
        received: `outputPadding ${outputPadding.join(", ")}, strides ${strides.join(", ")}`,
      });
    }
  }

  protected outputFeatures(): number {
    return this.options.filters;
  }

  protected override make(inputShape: BatchShape): void {
    const { kernelSize, filters, ...o } = this.options;
    const inputs = this.checkInput(inputShape);
    this.kernel = this.addWeight("kernel", [...kernelSize, filters, inputs], o.kernelInitializer, {
      regularizer: o.kernelRegularizer,
      constraint: o.kernelConstraint,
    });
    this.addBias(filters);
  }

  /** What every step of the input adds to each window in one matrix product; then the windows are added up. */
  protected run(input: Tensor): Tensor {
    this.requireLastSize(input, this.kernel.shape.at(-1)!);
    const { kernel, windows } = this;
    let sum = matMul(input, reshape(kernel, [-1, kernel.shape.at(-1)!]), { transposeB: true });
    const shape = this.outputShape(input.shape) as number[];
    for (const [i, spec] of windows.entries()) {
      const [left, right] = cropOf(spec, this.options.outputPadding?.[i]);
      const length = shape[i + 1]! + left + Math.max(0, right);
      const whole = overlapAdd(split(sum, spec.size, -1), i + 1, spec, length);
      const at = whole.shape.map((_, axis) => (axis === i + 1 ? left : 0));
      sum = slice(
        whole,
        at,
        whole.shape.map((n, axis) => (axis === i + 1 ? shape[axis]! : n)),
      );
    }
    return this.finish(sum);
  }

  protected override outputShape(inputShape: BatchShape): BatchShape {
    const sizes = this.windows.map((spec, i) => {
      const steps = inputShape[i + 1];
      const [left, right] = cropOf(spec, this.options.outputPadding?.[i]);
      return typeof steps === "number" ? (steps - 1) * spec.strides + extent(spec) - left - right : null;
    });
    return activatedShape(this.options.activation, [inputShape[0] ?? null, ...sizes, this.options.filters]);
  }
}
