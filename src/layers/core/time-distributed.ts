import { checkOptions, RondoError } from "../../errors.js";
import { reshape } from "../../tensor/ops/movement.js";
import { formatShape } from "../../tensor/shape.js";
import { Tensor } from "../../tensor/tensor.js";
import type { Component } from "../component.js";
import { layerOptionNames, specOf } from "../fields.js";
import { type BatchShape, type CallContext, Layer, type LayerOptions } from "../layer.js";

/** Options of `layers.timeDistributed`. */
export interface TimeDistributedOptions extends LayerOptions {
  /** The layer to apply to every step. */
  layer: Layer;
}

/**
 * Applies a layer to every step by itself, to all steps at once: [batch, time, …] -> [batch, time, …]. A mask with more
 * axes than [batch, time] is handed on to the layer step by step.
 *
 * @example layers.timeDistributed({ layer: layers.dense({ units: 10 }) })
 */
export class TimeDistributed extends Layer {
  readonly className = "TimeDistributed";
  readonly layer: Layer;

  constructor(options: TimeDistributedOptions) {
    super(options);
    checkOptions("layers.timeDistributed", options, ["layer", ...layerOptionNames]);
    const { layer } = options;
    const stateful = layer instanceof Layer && (layer as { stateful?: boolean }).stateful === true;
    if (!(layer instanceof Layer) || stateful) {
      throw new RondoError("option", "layers.timeDistributed cannot wrap this", {
        received: stateful ? `${layer.name}, which is stateful` : String(layer),
        expected: "a layer that treats every step alike, for example layers.dense(...)",
      });
    }
    if (layer.activityRegularizer) {
      throw new RondoError(
        "option",
        "layers.timeDistributed does not see the activityRegularizer of the layer inside",
        {
          received: layer.name,
          fix: "give the activityRegularizer to layers.timeDistributed",
        },
      );
    }
    this.layer = layer;
  }

  protected override get parts(): readonly (readonly [string, Component])[] {
    return [["", this.layer]];
  }

  private inner(inputShape: BatchShape): BatchShape {
    this.requireRank({ shape: inputShape }, 3, "[batch, time, ...]");
    return [null, ...inputShape.slice(2)];
  }

  override build(inputShape: BatchShape): void {
    this.layer.path = `${this.describe()} (${this.layer.name})`;
    this.layer.ensureBuilt(this.inner(inputShape));
  }

  call(input: Tensor, { training, mask }: CallContext): Tensor {
    this.requireRank(input, 3, "[batch, time, ...]");
    const [batch, time, ...features] = input.shape as [number, number, ...number[]];
    if (mask && (mask.shape[0] !== batch || mask.shape[1] !== time)) {
      throw new RondoError("shape", "the mask does not fit the input", {
        path: this.describe(),
        received: `mask ${formatShape(mask.shape)} for an input ${formatShape(input.shape)}`,
        expected: `a mask that begins with [${batch}, ${time}]`,
      });
    }
    const innerMask = mask && mask.rank > 2 ? reshape(mask, [batch * time, ...mask.shape.slice(2)]) : null;
    const output = this.layer.call(reshape(input, [batch * time, ...features]), { training, mask: innerMask });
    if (!(output instanceof Tensor)) {
      throw new RondoError("option", "the wrapped layer must have one output", {
        path: this.layer.describe(),
        received: `${output.length} outputs`,
        fix: "set returnState: false",
      });
    }
    return reshape(output, [batch, time, ...output.shape.slice(1)]);
  }

  computeOutputShape(inputShape: BatchShape): BatchShape {
    const [batch, time] = inputShape;
    return [batch ?? null, time ?? null, ...this.layer.computeOutputShape(this.inner(inputShape)).slice(1)];
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), layer: specOf(this.layer) };
  }
}
