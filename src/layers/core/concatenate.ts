import { RondoError } from "../../errors.js";
import { logicalOr } from "../../tensor/ops/comparison.js";
import { full } from "../../tensor/ops/creation.js";
import { concat } from "../../tensor/ops/slicing.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { BatchShape } from "../component.js";
import { axis, type Fields, layerOptionNames, readFields, type Values, writeFields } from "../fields.js";
import type { LayerOptions } from "../layer.js";
import { MultiInputLayer } from "../multi-input-layer.js";

/** Options of `layers.concatenate`. */
export interface ConcatenateOptions extends LayerOptions {
  /** Along which the inputs are put one after the other; from the end when negative, never 0. Default: -1. */
  axis?: number;
}

const fields = { axis: axis(-1) } satisfies Fields<ConcatenateOptions, keyof LayerOptions>;

/**
 * Puts tensors one after the other along an axis; all other sizes agree. Along time the masks are put together as well
 * (an input without one counts fully); along other axes a step is masked only when every input masks it.
 *
 * @example layers.concatenate({ axis: 1 }).apply([past, future])
 */
export class Concatenate extends MultiInputLayer {
  readonly className = "Concatenate";
  readonly options: Values<typeof fields>;

  constructor(options: ConcatenateOptions = {}) {
    super(options);
    this.options = readFields("layers.concatenate", fields, options, layerOptionNames);
  }

  private place(rank: number): number {
    const { axis } = this.options;
    return axis < 0 ? axis + rank : axis;
  }

  override buildMany(shapes: readonly BatchShape[]): void {
    this.computeOutputShapeMany(shapes);
  }

  override callMany(inputs: readonly Tensor[]): Tensor {
    this.computeOutputShapeMany(inputs.map((x) => x.shape));
    return concat([...inputs], this.place(inputs[0]!.rank));
  }

  override computeOutputShapeMany(shapes: readonly BatchShape[]): BatchShape {
    const rank = shapes[0]!.length;
    const place = this.place(rank);
    const agrees = (n: number | null, i: number) => {
      const m = shapes[0]![i]!;
      return i === place || n === null || m === null || n === m;
    };
    if (place < 1 || place >= rank || shapes.some((shape) => shape.length !== rank || !shape.every(agrees))) {
      throw new RondoError("shape", "these tensors cannot be put one after the other", {
        path: this.describe(),
        received: `${shapes.map((shape) => formatShape(shape)).join(", ")} along axis ${this.options.axis}`,
        expected: "the same sizes on all other axes",
      });
    }
    const total = shapes.reduce<number | null>(
      (n, shape) => (n === null || shape[place] === null ? null : n + shape[place]!),
      0,
    );
    return shapes[0]!.map((n, i) => (i === place ? total : shapes.reduce((known, shape) => known ?? shape[i]!, n)));
  }

  override computeMaskMany(inputs: readonly Tensor[], masks: readonly (Tensor | null)[]): Tensor | null {
    if (masks.every((mask) => mask === null)) return null;
    if (this.place(inputs[0]!.rank) === 1) {
      return concat(
        masks.map((mask, i) => mask ?? full(inputs[i]!.shape.slice(0, 2), 1, "bool")),
        1,
      );
    }
    return masks.reduce((all, mask) => (all && mask ? logicalOr(all, mask) : null));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, fields, this.options) };
  }
}
