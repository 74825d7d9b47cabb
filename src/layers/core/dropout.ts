import { RondoError } from "../../errors.js";
import { mul } from "../../tensor/ops/arithmetic.js";
import { dropoutMask } from "../../tensor/ops/random.js";
import { formatShape, type Shape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { LayerState } from "../component.js";
import { type Fields, layerOptionNames, rate, readFields, seed, sizes, type Values, writeFields } from "../fields.js";
import { type BatchShape, type CallContext, Layer, type LayerOptions } from "../layer.js";
import { LayerRandom } from "../random.js";

/** Options of `layers.dropout`. */
export interface DropoutOptions extends LayerOptions {
  /** Share of the elements that is set to 0, from 0 to below 1. */
  rate: number;
  /**
   * Shape of the mask, batch axis included; null takes the input's size, 1 shares the mask along that axis:
   * [null, 1, null] drops whole features over time. Default: the input's shape.
   */
  noiseShape?: readonly (number | null)[] | null;
  /** Fixes the random numbers. Default: drawn from the global generator. */
  seed?: number | null;
}

const fields = { rate: rate(), noiseShape: sizes(), seed: seed() } satisfies Fields<DropoutOptions, keyof LayerOptions>;

/**
 * While training, sets a random share of the elements to 0 and scales the others by 1 / (1 - rate); otherwise does
 * nothing (Srivastava et al. 2014).
 *
 * @example layers.dropout({ rate: 0.2 })
 */
export class Dropout extends Layer {
  readonly className = "Dropout";
  readonly options: Values<typeof fields>;
  private readonly random: LayerRandom;

  constructor(options: DropoutOptions) {
    super(options);
    this.options = readFields("layers.dropout", fields, options, layerOptionNames);
    this.random = new LayerRandom(this.options.seed);
  }

  call(input: Tensor, { training }: CallContext): Tensor {
    const { rate, noiseShape } = this.options;
    if (!training || rate === 0) return input;
    return mul(input, dropoutMask(noiseShapeFor(this, input.shape, noiseShape), rate, this.random.generator));
  }

  computeOutputShape(inputShape: BatchShape): BatchShape {
    return inputShape;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, fields, this.options) };
  }

  override collectState(prefix: string, into: LayerState): void {
    this.random.collect(prefix, into);
  }

  override restoreState(prefix: string, state: LayerState): void {
    this.random.restore(prefix, state);
  }
}

/** The shape of the random numbers for an input. Throws RondoError "shape" when `noiseShape` does not fit it. */
export function noiseShapeFor(layer: Layer, shape: Shape, noiseShape: readonly (number | null)[] | null): Shape {
  if (!noiseShape) return shape;
  const fits =
    noiseShape.length === shape.length && noiseShape.every((n, i) => n === null || n === 1 || n === shape[i]);
  if (!fits) {
    throw new RondoError("shape", "the noiseShape does not fit the input", {
      path: layer.describe(),
      received: `noiseShape ${formatShape(noiseShape)} for an input ${formatShape(shape)}`,
      expected: "one size per axis: null, 1, or the input's size",
    });
  }
  return noiseShape.map((n, i) => n ?? shape[i]!);
}
