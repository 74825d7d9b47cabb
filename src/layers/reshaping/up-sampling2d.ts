import { matMul } from "../../tensor/ops/linalg.js";
import { reshape } from "../../tensor/ops/movement.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type Fields, oneOf } from "../fields.js";
import type { PerAxis } from "../spatial/spatial-layer.js";
import { type Interpolation, interpolationMatrix, interpolations } from "./interpolation.js";
import { UpSampling, type UpSamplingOptions } from "./up-sampling.js";

/** Options of `layers.upSampling2d`. */
export interface UpSampling2DOptions extends UpSamplingOptions<PerAxis> {
  /**
   * What lies between rows and columns: copies, or "bilinear", "bicubic", "lanczos3" or "lanczos5" interpolation, as Keras
   * computes them on JAX and TensorFlow (its "bicubic" on PyTorch differs). Default: "nearest".
   */
  interpolation?: Interpolation;
}

const fields = { interpolation: oneOf(interpolations, "nearest") } satisfies Fields<
  UpSampling2DOptions,
  keyof UpSamplingOptions<PerAxis>
>;

/**
 * Repeats rows and columns, or interpolates between them:
 * [batch, height, width, channels] -> [batch, height · size, width · size, channels].
 *
 * @example layers.upSampling2d({ size: [2, 3], interpolation: "bilinear" })
 */
export class UpSampling2D extends UpSampling {
  readonly className = "UpSampling2D";

  constructor(options: UpSampling2DOptions = {}) {
    super("layers.upSampling2d", options, 2, fields);
  }

  protected override run(input: Tensor): Tensor {
    const { size, interpolation } = this.options as typeof this.options & { interpolation: Interpolation };
    if (interpolation === "nearest") return super.run(input);
    const [batch, height, width, channels] = input.shape as [number, number, number, number];
    const [rows, columns] = [height * size[0]!, width * size[1]!];
    const taller = matMul(
      interpolationMatrix(interpolation, height, size[0]!),
      reshape(input, [batch, height, width * channels]),
    );
    const wider = matMul(
      interpolationMatrix(interpolation, width, size[1]!),
      reshape(taller, [batch * rows, width, channels]),
    );
    return reshape(wider, [batch, rows, columns, channels]);
  }
}
