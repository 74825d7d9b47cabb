import { add } from "../../tensor/ops/arithmetic.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import { type Fields, positive, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";

/** Options of `layers.sinePositionEncoding`. */
export interface SinePositionEncodingOptions extends LayerOptions {
  /** The longest wave has 2π times as many steps. Default: 10000. */
  maxWavelength?: number;
}

const fields = { maxWavelength: positive(10000) } satisfies Fields<SinePositionEncodingOptions, keyof LayerOptions>;

/**
 * Adds waves to the features, which tell where a step is (Vaswani et al. 2017, arXiv 1706.03762). To step t:
 *
 *     feature 2 i gets sin(t / maxWavelength^(2 i / features)), feature 2 i + 1 the cosine of the same
 *
 * [batch, time, features] keeps its shape and its mask; no weights.
 *
 * @example layers.sinePositionEncoding()
 */
export class SinePositionEncoding extends FieldLayer<Values<typeof fields>> {
  readonly className = "SinePositionEncoding";

  constructor(options: SinePositionEncodingOptions = {}) {
    super("layers.sinePositionEncoding", fields, options);
  }

  override build(inputShape: BatchShape): void {
    this.requireRank({ shape: inputShape }, 3, "[batch, time, features]");
  }

  call(input: Tensor): Tensor {
    this.requireRank(input, 3, "[batch, time, features]");
    const [, time, features] = input.shape as [number, number, number];
    return add(input, tensor(this.waves(time, features), [time, features]));
  }

  /** What is added to the first steps, [time, features]. @internal */
  waves(time: number, features: number): Float32Array {
    const wave = (_: unknown, at: number) => {
      const feature = at % features;
      const angle = Math.floor(at / features) / this.options.maxWavelength ** ((feature - (feature % 2)) / features);
      return feature % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    };
    return Float32Array.from({ length: time * features }, wave);
  }
}
