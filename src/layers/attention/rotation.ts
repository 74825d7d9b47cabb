import { RondoError } from "../../errors.js";
import { add, mul, sub } from "../../tensor/ops/arithmetic.js";
import { concat, slice } from "../../tensor/ops/slicing.js";
import { formatShape, normalizeAxis } from "../../tensor/shape.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";

/**
 * Rotary positions (Su et al. 2021, arXiv 2104.09864): features i and i + d/2 of step t are turned together by the angle
 * t / scalingFactor · maxWavelength^(-2 i / d). Products of two turned vectors depend on how far apart their steps are.
 */
export class Rotation {
  private readonly maxWavelength: number;
  private readonly scalingFactor: number;
  /** Cosines and sines last asked for, [steps, half]. */
  private table = { start: 0, time: 0, half: 0, cosines: new Float32Array(), sines: new Float32Array() };

  constructor(maxWavelength: number, scalingFactor = 1) {
    this.maxWavelength = maxWavelength;
    this.scalingFactor = scalingFactor;
  }

  /** The features of x turned, the first step along `sequenceAxis` being number `start`. */
  apply(x: Tensor, where: string, sequenceAxis = 1, featureAxis = -1, start = 0): Tensor {
    const along = normalizeAxis(sequenceAxis, x.rank, where);
    const axis = normalizeAxis(featureAxis, x.rank, where);
    const [time, size] = [x.shape[along]!, x.shape[axis]!];
    if (along === axis || size % 2 !== 0) {
      throw new RondoError("shape", "rotary positions cannot be given to this", {
        path: where,
        received: formatShape(x.shape),
        expected: "an even number of features, on another axis than the steps",
      });
    }
    const half = size / 2;
    const part = (from: number) =>
      slice(
        x,
        x.shape.map((_, i) => (i === axis ? from : 0)),
        x.shape.map((n, i) => (i === axis ? half : n)),
      );
    const [first, second] = [part(0), part(half)];
    const [cosines, sines] = this.waves(start, time, half).map((values) => {
      // Laid out as x is, steps before features or after them.
      const ordered = along < axis ? values : values.map((_, i) => values[(i % time) * half + Math.floor(i / time)]!);
      return tensor(
        ordered,
        x.shape.map((_, i) => (i === along ? time : i === axis ? half : 1)),
      );
    }) as [Tensor, Tensor];
    return concat([sub(mul(first, cosines), mul(second, sines)), add(mul(second, cosines), mul(first, sines))], axis);
  }

  /** Cosines and sines of the angles of some steps, [steps, half] each. */
  waves(start: number, time: number, half: number): readonly [Float32Array, Float32Array] {
    const { table } = this;
    if (table.start !== start || table.time !== time || table.half !== half) {
      const angle = (i: number) =>
        (start + Math.floor(i / half)) / this.scalingFactor / this.maxWavelength ** ((i % half) / half);
      const values = (f: (angle: number) => number) =>
        Float32Array.from({ length: time * half }, (_, i) => f(angle(i)));
      this.table = { start, time, half, cosines: values(Math.cos), sines: values(Math.sin) };
    }
    return [this.table.cosines, this.table.sines];
  }
}
