import { checkOptions, RondoError } from "../../errors.js";
import { add, maximum, minimum, mul, sub } from "../../tensor/ops/arithmetic.js";
import { logicalOr } from "../../tensor/ops/comparison.js";
import { expandDims } from "../../tensor/ops/movement.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { BatchShape } from "../component.js";
import { layerOptionNames } from "../fields.js";
import type { LayerOptions } from "../layer.js";
import { MultiInputLayer } from "../multi-input-layer.js";

/**
 * Options of `layers.add`, `layers.average`, `layers.maximum`, `layers.minimum`, `layers.multiply` and
 * `layers.subtract`.
 */
export type MergeOptions = LayerOptions;

/**
 * Element by element over tensors of the same shape. Axes of size 1 repeat, and tensors with fewer axes get axes of size
 * 1 after the batch. A step is masked only when every input masks it, and never when an input has no mask (Keras).
 */
abstract class Merge extends MultiInputLayer {
  constructor(where: string, options: MergeOptions) {
    super(options);
    checkOptions(where, options, layerOptionNames);
  }

  protected abstract merge(inputs: readonly Tensor[]): Tensor;

  protected readonly count: number | null = null;

  override buildMany(shapes: readonly BatchShape[]): void {
    const wrong = this.count === null ? shapes.length < 2 : shapes.length !== this.count;
    if (wrong) {
      throw new RondoError("shape", `${this.className} merges ${this.count ?? "several"} tensors`, {
        path: this.describe(),
        received: `${shapes.length} inputs`,
        expected: `a list of ${this.count ?? "at least 2"}`,
      });
    }
    this.computeOutputShapeMany(shapes);
  }

  override callMany(inputs: readonly Tensor[]): Tensor {
    this.computeOutputShapeMany(inputs.map((x) => x.shape));
    const rank = Math.max(...inputs.map((x) => x.rank));
    return this.merge(inputs.map((x) => padRank(x, rank)));
  }

  override computeOutputShapeMany(shapes: readonly BatchShape[]): BatchShape {
    const rank = Math.max(...shapes.map((shape) => shape.length));
    const padded = shapes.map(([batch, ...rest]) => [batch!, ...new Array(rank - 1 - rest.length).fill(1), ...rest]);
    return padded.reduce((all: BatchShape, shape: BatchShape) =>
      all.map((n, axis) => {
        const m = shape[axis]!;
        if (n === m || m === 1) return n;
        if (n === 1) return m;
        if (n === null || m === null) return n ?? m;
        throw new RondoError("shape", `${this.className} needs tensors of the same shape`, {
          path: this.describe(),
          received: shapes.map((each) => formatShape(each)).join(", "),
          expected: "sizes that agree, or are 1, on every axis",
        });
      }),
    );
  }

  override computeMaskMany(_inputs: readonly Tensor[], masks: readonly (Tensor | null)[]): Tensor | null {
    return masks.reduce((all, mask) => (all && mask ? logicalOr(all, mask) : null));
  }
}

function padRank(x: Tensor, rank: number): Tensor {
  let result = x;
  while (result.rank < rank) result = expandDims(result, 1);
  return result;
}

/** Sum of the inputs. @example layers.add().apply([a, b]) */
export class Add extends Merge {
  readonly className = "Add";
  constructor(options: MergeOptions = {}) {
    super("layers.add", options);
  }
  protected merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((a, b) => add(a, b));
  }
}

/** The first input minus the second. @example layers.subtract().apply([a, b]) */
export class Subtract extends Merge {
  readonly className = "Subtract";
  protected override readonly count = 2;
  constructor(options: MergeOptions = {}) {
    super("layers.subtract", options);
  }
  protected merge([a, b]: readonly Tensor[]): Tensor {
    return sub(a!, b!);
  }
}

/** Product of the inputs, element by element. @example layers.multiply().apply([a, b]) */
export class Multiply extends Merge {
  readonly className = "Multiply";
  constructor(options: MergeOptions = {}) {
    super("layers.multiply", options);
  }
  protected merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((a, b) => mul(a, b));
  }
}

/** Mean of the inputs, element by element. @example layers.average().apply([a, b]) */
export class Average extends Merge {
  readonly className = "Average";
  constructor(options: MergeOptions = {}) {
    super("layers.average", options);
  }
  protected merge(inputs: readonly Tensor[]): Tensor {
    return mul(
      inputs.reduce((a, b) => add(a, b)),
      1 / inputs.length,
    );
  }
}

/** Largest of the inputs, element by element. @example layers.maximum().apply([a, b]) */
export class Maximum extends Merge {
  readonly className = "Maximum";
  constructor(options: MergeOptions = {}) {
    super("layers.maximum", options);
  }
  protected merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((a, b) => maximum(a, b));
  }
}

/** Smallest of the inputs, element by element. @example layers.minimum().apply([a, b]) */
export class Minimum extends Merge {
  readonly className = "Minimum";
  constructor(options: MergeOptions = {}) {
    super("layers.minimum", options);
  }
  protected merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((a, b) => minimum(a, b));
  }
}
