import type { Tensor } from "../../tensor/tensor.js";
import type { LayerState } from "../component.js";
import { FieldLayer } from "../field-layer.js";
import type { AnyField } from "../fields.js";
import type { CallContext, LayerOptions } from "../layer.js";
import { LayerRandom } from "../random.js";

/** A layer that disturbs its input while training, by random numbers of its own, and otherwise does nothing. */
export abstract class RandomLayer<V extends { readonly seed: number | null }> extends FieldLayer<V> {
  protected readonly random: LayerRandom;

  constructor(where: string, fields: { readonly [K in keyof V]: AnyField }, options: LayerOptions) {
    super(where, fields, options);
    this.random = new LayerRandom(this.options.seed);
  }

  /** 0 where the layer never does anything. */
  protected abstract readonly strength: number;

  protected abstract disturb(input: Tensor): Tensor;

  call(input: Tensor, { training }: CallContext): Tensor {
    return training && this.strength > 0 ? this.disturb(input) : input;
  }

  override collectState(prefix: string, into: LayerState): void {
    this.random.collect(prefix, into);
  }

  override restoreState(prefix: string, state: LayerState): void {
    this.random.restore(prefix, state);
  }
}
