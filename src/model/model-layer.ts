import type { Component } from "../layers/component.js";
import type { BatchShape, CallFlags, RunContext, RunResult } from "../layers/layer.js";
import { MultiInputLayer } from "../layers/multi-input-layer.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Model } from "./model.js";

/** A model inside another one: its weights, states and masks are the model's. @internal */
export class ModelLayer extends MultiInputLayer {
  readonly className: string;
  readonly model: Model;
  /** Weights inside are named by position: names that are given out in turn differ in a second copy of a class. */
  byPosition = false;

  constructor(model: Model) {
    super({ name: model.name });
    this.className = model.className;
    this.model = model;
  }

  get stateful(): boolean {
    return this.model.stateful;
  }

  protected override get parts(): readonly (readonly [string, Component])[] {
    if (!this.byPosition || this.model.isOwn) return this.model.parts;
    return this.model.layers.map((layer, i) => {
      if (layer instanceof ModelLayer) layer.byPosition = true;
      return [String(i), layer];
    });
  }

  override buildMany(shapes: readonly BatchShape[]): void {
    if (!this.model.built) this.model.build(shapes[0]!);
  }

  override computeOutputShapeMany(shapes: readonly BatchShape[]): BatchShape {
    return this.model.shapesFor(shapes)[0]!;
  }

  override computeOutputShapesMany(shapes: readonly BatchShape[], _flags: CallFlags): readonly BatchShape[] {
    return this.model.shapesFor(shapes);
  }

  override callMany(inputs: readonly Tensor[], context: RunContext): Tensor | readonly Tensor[] {
    const { outputs } = this.callWithMasks(inputs, context);
    return outputs.length === 1 ? outputs[0]! : outputs;
  }

  override computeMaskMany(inputs: readonly Tensor[], masks: readonly (Tensor | null)[]): Tensor | null {
    return this.model.forward(inputs, { training: false, masks }).masks[0] ?? null;
  }

  // Masks and outputs of one pass: a second would move the states of stateful layers on.
  override callWithMasks(inputs: readonly Tensor[], { training, masks, penalties }: RunContext): RunResult {
    this.model.prepare(inputs);
    return this.model.forward(inputs, { training, masks, ...(penalties ? { penalties } : {}) });
  }

  override getConfig(): Record<string, unknown> {
    return { ...this.model.getConfig(), trainable: this.trainable };
  }
}
