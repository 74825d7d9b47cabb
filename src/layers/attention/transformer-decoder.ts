import { RondoError } from "../../errors.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { BatchShape } from "../component.js";
import type { CallFlags, RunContext } from "../layer.js";
import { TransformerBlock, type TransformerBlockOptions } from "./transformer-block.js";

/** Options of `layers.transformerDecoder`. */
export interface TransformerDecoderOptions extends TransformerBlockOptions {}

/**
 * One block of a Transformer's decoder (Vaswani et al. 2017), as in KerasHub: causal self-attention, attention to an
 * encoder's output where that is given, then two dense layers, each with a residual connection and layer normalization.
 * apply(x) or apply([x, encoded]): x [batch, time, features] keeps its shape and its mask; masked steps of either are
 * not looked at. `apply` also takes attentionMask (of the self-attention) and returnAttentionScores: own scores, then
 * those of the encoder's output. Models of such blocks can be streamed, one step at a time.
 *
 * @example layers.transformerDecoder({ intermediateDim: 256, numHeads: 4, normalizeFirst: true })
 */
export class TransformerDecoder extends TransformerBlock {
  readonly className = "TransformerDecoder";

  constructor(options: TransformerDecoderOptions) {
    super("layers.transformerDecoder", options);
  }

  protected override checkInputs(shapes: readonly BatchShape[]): BatchShape {
    const right = (shapes.length === 1 || shapes.length === 2) && shapes.every((shape) => shape.length === 3);
    if (right && (!this.built || (shapes.length === 2) === (this.cross !== null))) return shapes[0]!;
    const encoded = "and the encoder's output [batch, steps, size]";
    throw new RondoError("shape", "TransformerDecoder cannot take these inputs", {
      path: this.describe(),
      received: shapes.map(formatShape).join(", "),
      expected: `a sequence [batch, time, features] ${this.built ? (this.cross ? encoded : "alone") : `alone, or ${encoded}`}`,
    });
  }

  override callMany(inputs: readonly Tensor[], context: RunContext): Tensor | readonly Tensor[] {
    this.checkInputs(inputs.map((x) => x.shape));
    const [x, encoded] = inputs as [Tensor, Tensor?];
    const [mask = null, other = null] = context.masks;
    const scores: Tensor[] = [];
    let h = this.attend(x, this.self, null, { ...context, useCausalMask: true, masks: [mask, mask] }, scores);
    if (this.cross) {
      const { training, returnAttentionScores = false } = context;
      h = this.attend(h, this.cross, encoded!, { training, returnAttentionScores, masks: [mask, other] }, scores);
    }
    const output = this.feedForward(h, context.training);
    return context.returnAttentionScores ? [output, ...scores] : output;
  }

  override computeOutputShapesMany(shapes: readonly BatchShape[], flags: CallFlags): readonly BatchShape[] {
    const shape = this.checkInputs(shapes);
    if (!flags.returnAttentionScores) return [shape];
    const looks = shapes.map((other) => [shape[0]!, this.options.numHeads, shape[1]!, other[1]!]);
    return [shape, ...looks];
  }
}
