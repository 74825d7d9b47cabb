import { RondoError } from "../../errors.js";
import { maximum, mul } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { reshape, transpose } from "../../tensor/ops/movement.js";
import { sum } from "../../tensor/ops/reduce.js";
import { rsqrt, square } from "../../tensor/ops/unary.js";
import { formatShape, sizeOf } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { BatchShape } from "../component.js";
import { axisPair, type Fields, flag, layerOptionNames, readFields, type Values, writeFields } from "../fields.js";
import type { LayerOptions } from "../layer.js";
import { MultiInputLayer } from "../multi-input-layer.js";

/** Options of `layers.dot`. */
export interface DotOptions extends LayerOptions {
  /** The axis of both inputs, or of each, that is multiplied and summed; from the end when negative, never 0. */
  axes: number | readonly [number, number];
  /** Scales the vectors to length 1 first: the result is the cosine of their angle. Default: false. */
  normalize?: boolean;
}

const fields = { axes: axisPair(), normalize: flag(false) } satisfies Fields<DotOptions, keyof LayerOptions>;

/**
 * Products of the vectors of two tensors, example by example: the axes that are left stay in order, the first input's
 * before the second's, [batch, 1] when none is left.
 *
 * @example layers.dot({ axes: -1, normalize: true }).apply([a, b]) // cosine similarity
 */
export class Dot extends MultiInputLayer {
  readonly className = "Dot";
  readonly options: Values<typeof fields>;

  constructor(options: DotOptions) {
    super(options);
    this.options = readFields("layers.dot", fields, options, layerOptionNames);
  }

  private places(shapes: readonly BatchShape[]): [number, number] {
    const { axes } = this.options;
    const given = typeof axes === "number" ? [axes, axes] : axes;
    const [a, b] = given.map((axis, i) => (axis < 0 ? axis + (shapes[i]?.length ?? 0) : axis));
    const [n, m] = [shapes[0]?.[a!], shapes[1]?.[b!]];
    const fits = shapes.length === 2 && a! > 0 && b! > 0 && n !== undefined && m !== undefined;
    if (fits && (n === null || m === null || n === m)) return [a!, b!];
    throw new RondoError("shape", "layers.dot cannot multiply these", {
      path: this.describe(),
      received: `${shapes.map((shape) => formatShape(shape)).join(", ")} along axes ${given.join(" and ")}`,
      expected: "two tensors with the same size on these axes",
    });
  }

  override buildMany(shapes: readonly BatchShape[]): void {
    this.places(shapes);
  }

  override callMany(inputs: readonly Tensor[]): Tensor {
    const places = this.places(inputs.map((x) => x.shape));
    const [a, b] = inputs.map((x, i) => {
      const place = places[i]!;
      const rest = x.shape.map((_, k) => k).filter((k) => k !== 0 && k !== place);
      const last = reshape(transpose(x, [0, ...rest, place]), [
        x.shape[0]!,
        sizeOf(rest.map((k) => x.shape[k]!)),
        x.shape[place]!,
      ]);
      if (!this.options.normalize) return last;
      return mul(last, rsqrt(maximum(sum(square(last), -1, true), 1e-12)));
    });
    const shape = this.computeOutputShapeMany(inputs.map((x) => x.shape)) as number[];
    return reshape(matMul(a!, b!, { transposeB: true }), shape);
  }

  override computeOutputShapeMany(shapes: readonly BatchShape[]): BatchShape {
    const [a, b] = this.places(shapes);
    const left = [...shapes[0]!.filter((_, i) => i !== a), ...shapes[1]!.slice(1).filter((_, i) => i + 1 !== b)];
    return left.length === 1 ? [...left, 1] : left;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, fields, this.options) };
  }
}
