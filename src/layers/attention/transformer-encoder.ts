import { RondoError } from "../../errors.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { BatchShape } from "../component.js";
import type { CallFlags, RunContext } from "../layer.js";
import { TransformerBlock, type TransformerBlockOptions } from "./transformer-block.js";

/** Options of `layers.transformerEncoder`. */
export interface TransformerEncoderOptions extends TransformerBlockOptions {}

/**
 * One block of a Transformer's encoder (Vaswani et al. 2017), as in KerasHub: self-attention, then two dense layers, each
 * with a residual connection and layer normalization. [batch, time, features] keeps its shape and its mask; masked steps
 * are not looked at. `apply` also takes attentionMask, useCausalMask and returnAttentionScores.
 *
 * @example layers.transformerEncoder({ intermediateDim: 256, numHeads: 4 })
 */
export class TransformerEncoder extends TransformerBlock {
  readonly className = "TransformerEncoder";

  constructor(options: TransformerEncoderOptions) {
    super("layers.transformerEncoder", options);
  }

  protected override checkInputs(shapes: readonly BatchShape[]): BatchShape {
    const [shape] = shapes;
    if (shapes.length === 1 && shape!.length === 3) return shape!;
    throw new RondoError("shape", "TransformerEncoder cannot take these inputs", {
      path: this.describe(),
      received: shapes.map(formatShape).join(", "),
      expected: "one sequence [batch, time, features]",
    });
  }

  override callMany(inputs: readonly Tensor[], context: RunContext): Tensor | readonly Tensor[] {
    this.checkInputs(inputs.map((x) => x.shape));
    const mask = context.masks[0] ?? null;
    const scores: Tensor[] = [];
    const looked = this.attend(inputs[0]!, this.self, null, { ...context, masks: [mask, mask] }, scores);
    const output = this.feedForward(looked, context.training);
    return context.returnAttentionScores ? [output, ...scores] : output;
  }

  override computeOutputShapesMany(shapes: readonly BatchShape[], flags: CallFlags): readonly BatchShape[] {
    const shape = this.checkInputs(shapes);
    const [batch, time] = shape as [number, number];
    return flags.returnAttentionScores ? [shape, [batch, this.options.numHeads, time, time]] : [shape];
  }
}
