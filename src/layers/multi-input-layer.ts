import { asTensor, Tensor, type TensorLike } from "../tensor/tensor.js";
import type { BatchShape } from "./component.js";
import { type CallContext, type CallFlags, Layer, type RunContext } from "./layer.js";

/**
 * A layer that takes several tensors. To write one, answer `callMany` and `computeOutputShapeMany`; weights are made in
 * `buildMany`, masks in `computeMaskMany`.
 *
 * @example
 * class Gate extends MultiInputLayer {
 *   readonly className = "Gate";
 *   callMany([x, g]: readonly Tensor[]) { return mul(x!, sigmoid(g!)); }
 *   computeOutputShapeMany([shape]: readonly BatchShape[]) { return shape!; }
 * }
 */
export abstract class MultiInputLayer extends Layer {
  abstract override callMany(inputs: readonly Tensor[], context: RunContext): Tensor | readonly Tensor[];

  /** Shape of the main output. */
  abstract computeOutputShapeMany(shapes: readonly BatchShape[]): BatchShape;

  /** Makes the weights for inputs of these shapes. Runs once. */
  buildMany(_shapes: readonly BatchShape[]): void {}

  /** Mask of the main output; by default there is none. */
  computeMaskMany(_inputs: readonly Tensor[], _masks: readonly (Tensor | null)[]): Tensor | null {
    return null;
  }

  override computeOutputShapesMany(shapes: readonly BatchShape[], _flags: CallFlags): readonly BatchShape[] {
    return [this.computeOutputShapeMany(shapes)];
  }

  override ensureBuiltMany(shapes: readonly BatchShape[]): void {
    this.buildOnce(() => this.buildMany(shapes));
  }

  override computeMasksMany(inputs: readonly Tensor[], masks: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
    return [this.computeMaskMany(inputs, masks)];
  }

  protected override inputsOf(input: TensorLike | readonly TensorLike[]): Tensor[] {
    if (!Array.isArray(input)) return [asTensor(input as TensorLike)];
    return input.map((x) => (x instanceof Tensor ? x : asTensor(x as TensorLike)));
  }

  // A single tensor is a list of one.

  override build(inputShape: BatchShape): void {
    this.buildMany([inputShape]);
  }

  override call(input: Tensor, { mask, ...rest }: CallContext): Tensor | readonly Tensor[] {
    return this.callMany([input], { ...rest, masks: [mask] });
  }

  override computeOutputShape(inputShape: BatchShape): BatchShape {
    return this.computeOutputShapeMany([inputShape]);
  }

  override computeMask(input: Tensor, mask: Tensor | null): Tensor | null {
    return this.computeMaskMany([input], [mask]);
  }
}
