import { RondoError } from "../../errors.js";
import { mul, sub } from "../../tensor/ops/arithmetic.js";
import { greaterEqual, less, logicalAnd } from "../../tensor/ops/comparison.js";
import { arange } from "../../tensor/ops/creation.js";
import { reshape } from "../../tensor/ops/movement.js";
import { dropoutMask } from "../../tensor/ops/random.js";
import { abs } from "../../tensor/ops/unary.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { BatchShape, LayerState } from "../component.js";
import type { CallFlags, LayerOptions } from "../layer.js";
import { MultiInputLayer } from "../multi-input-layer.js";
import { LayerRandom } from "../random.js";

/** Stands for minus infinity in scores: far below any real score, and finite, so that no row becomes NaN (Keras). */
export const FAR = 1e9;

/** Inputs of an attention layer by their role; the key is the value unless given. */
export interface Roles<T> {
  readonly query: T;
  readonly value: T;
  readonly key: T;
}

/** What attention layers share: inputs [query, value, key?], masks, dropout of the scores. */
export abstract class AttentionBase extends MultiInputLayer {
  private readonly random: LayerRandom;
  private readonly dropout: number;

  constructor(options: LayerOptions, dropout: number, seed: number | null) {
    super(options);
    this.random = new LayerRandom(seed);
    this.dropout = dropout;
  }

  /** Checks number, ranks and sizes of the inputs: query [batch, queries, a], value [batch, keys, b], key [batch, keys, c]. */
  protected roles<T>(shapes: readonly BatchShape[], inputs: readonly T[]): Roles<T> {
    const [query, value, key = value] = shapes;
    const agree = (a: number | null | undefined, b: number | null | undefined) =>
      a === b || a === null || b === null || a === undefined || b === undefined;
    const fits =
      (shapes.length === 2 || shapes.length === 3) &&
      shapes.every((shape) => shape.length === 3) &&
      shapes.every((shape) => agree(shape[0], query![0])) &&
      agree(value![1], key![1]);
    if (!fits) {
      throw new RondoError("shape", `${this.className} cannot take these inputs`, {
        path: this.describe(),
        received: shapes.map((shape) => formatShape(shape)).join(", "),
        expected: "[query, value] or [query, value, key]: [batch, queries, size] and [batch, keys, size] of one batch",
      });
    }
    return { query: inputs[0]!, value: inputs[1]!, key: inputs[2] ?? inputs[1]! };
  }

  /** Scores after dropout. */
  protected drop(scores: Tensor, training: boolean): Tensor {
    if (!training || this.dropout === 0) return scores;
    return mul(scores, dropoutMask(scores.shape, this.dropout, this.random.generator));
  }

  /** The mask of the output is that of the query. */
  override computeMaskMany(_inputs: readonly Tensor[], masks: readonly (Tensor | null)[]): Tensor | null {
    return masks[0] ?? null;
  }

  /** Shape of the scores, which come second where asked for. */
  protected abstract scoreShape(shapes: readonly BatchShape[]): BatchShape;

  override computeOutputShapesMany(shapes: readonly BatchShape[], flags: CallFlags): readonly BatchShape[] {
    const output = this.computeOutputShapeMany(shapes);
    return flags.returnAttentionScores ? [output, this.scoreShape(shapes)] : [output];
  }

  override collectState(prefix: string, into: LayerState): void {
    super.collectState(prefix, into);
    this.random.collect(prefix, into);
  }

  override restoreState(prefix: string, state: LayerState): void {
    super.restoreState(prefix, state);
    this.random.restore(prefix, state);
  }
}

/** A mask of keys [batch, keys] as [batch, 1, keys]. */
export const ofKeys = (mask: Tensor): Tensor => reshape(mask, [mask.shape[0]!, 1, mask.shape[1]!]);
/** A mask of queries [batch, queries] as [batch, queries, 1]. */
export const ofQueries = (mask: Tensor): Tensor => reshape(mask, [...mask.shape, 1]);

/** [1, queries, keys]: true where the key is not after the query. */
export function causalMask(queries: number, keys: number): Tensor {
  return greaterEqual(reshape(arange(queries), [1, queries, 1]), reshape(arange(keys), [1, 1, keys]));
}

/** [1, queries, keys]: true where query and key are fewer than `size` steps apart. */
export function windowMask(queries: number, keys: number, size: number): Tensor {
  return less(abs(sub(reshape(arange(queries), [1, queries, 1]), reshape(arange(keys), [1, 1, keys]))), size);
}

/** True where all masks are; null without any. */
export function allOf(masks: readonly (Tensor | null | undefined)[]): Tensor | null {
  return masks.reduce<Tensor | null>((all, mask) => (mask ? (all ? logicalAnd(all, mask) : mask) : all), null);
}
