import { checkOptions, RondoError } from "../../errors.js";
import { add, mul } from "../../tensor/ops/arithmetic.js";
import { reverse } from "../../tensor/ops/movement.js";
import { concat } from "../../tensor/ops/slicing.js";
import { inSection } from "../../tensor/sections.js";
import { Tensor } from "../../tensor/tensor.js";
import type { BatchShape, Component } from "../component.js";
import { layerOptionNames, oneOf, specOf } from "../fields.js";
import { type CallContext, Layer, type LayerOptions } from "../layer.js";
import { RecurrentLayer } from "./recurrent-layer.js";

/** How `layers.bidirectional` joins both directions; null: two outputs. */
export type MergeMode = "concat" | "sum" | "mul" | "ave" | null;

/** Options of `layers.bidirectional`. */
export interface BidirectionalOptions extends LayerOptions {
  /** The layer to run in both directions. It serves as a pattern: both directions get new weights. */
  layer: RecurrentLayer;
  /** How the two outputs become one; null returns both. Default: "concat". */
  mergeMode?: MergeMode;
  /** A layer of its own for the way back; it must have goBackwards: true. Default: a copy of `layer`. */
  backwardLayer?: RecurrentLayer;
}

const mergeMode = oneOf<MergeMode>(["concat", "sum", "mul", "ave", null], "concat");

/**
 * Reads a sequence in both directions and merges the outputs (Schuster and Paliwal 1997); with returnSequences both are
 * in the order of the input. States: the forward layer's, then the backward layer's. Masked steps put out zeros.
 *
 * @example layers.bidirectional({ layer: layers.lstm({ units: 32, returnSequences: true }), mergeMode: "concat" })
 */
export class Bidirectional extends Layer {
  readonly className = "Bidirectional";
  readonly forwardLayer: RecurrentLayer;
  readonly backwardLayer: RecurrentLayer;
  readonly mergeMode: MergeMode;

  constructor(options: BidirectionalOptions) {
    super(options);
    checkOptions("layers.bidirectional", options, ["layer", "mergeMode", "backwardLayer", ...layerOptionNames]);
    const { layer, backwardLayer } = options;
    for (const given of backwardLayer === undefined ? [layer] : [layer, backwardLayer]) {
      if (given instanceof RecurrentLayer) continue;
      throw new RondoError("option", "layers.bidirectional wraps a recurrent layer", {
        received: String((given as object | undefined)?.constructor?.name ?? given),
        expected: "layers.lstm(...), layers.gru(...), layers.simpleRNN(...) or layers.rnn(...)",
      });
    }
    this.mergeMode = mergeMode.read(options.mergeMode, "layers.bidirectional mergeMode");
    this.forwardLayer = layer.clone({ name: `forward_${layer.name.replace(/^forward_/, "")}` });
    this.backwardLayer =
      backwardLayer ?? layer.clone({ name: `backward_${layer.name.replace(/^forward_/, "")}`, goBackwards: true });
    this.checkPair();
    for (const each of [this.forwardLayer, this.backwardLayer]) each.zeroOutputForMask = this.returnSequences;
  }

  private checkPair(): void {
    const [forward, backward] = [this.forwardLayer.settings, this.backwardLayer.settings];
    if (forward.goBackwards || !backward.goBackwards) {
      throw new RondoError(
        "option",
        "layers.bidirectional needs a layer that goes forwards and one that goes backwards",
        {
          received: `layer goBackwards: ${forward.goBackwards}, backwardLayer goBackwards: ${backward.goBackwards}`,
          expected: "layer goBackwards: false, backwardLayer goBackwards: true",
        },
      );
    }
    for (const name of ["stateful", "returnSequences", "returnState"] as const) {
      if (forward[name] === backward[name]) continue;
      throw new RondoError("option", `layers.bidirectional: both layers need the same ${name}`, {
        received: `layer ${forward[name]}, backwardLayer ${backward[name]}`,
      });
    }
    const [a, b] = [this.forwardLayer.cell.outputSize, this.backwardLayer.cell.outputSize];
    if (a === b || this.mergeMode === "concat" || this.mergeMode === null) return;
    throw new RondoError(
      "option",
      `layers.bidirectional cannot merge outputs of different size by "${this.mergeMode}"`,
      {
        received: `sizes ${a} and ${b}`,
        fix: 'give both layers the same units, or use mergeMode "concat"',
      },
    );
  }

  get returnSequences(): boolean {
    return this.forwardLayer.settings.returnSequences;
  }
  get stateful(): boolean {
    return this.forwardLayer.settings.stateful;
  }

  protected override get parts(): readonly (readonly [string, Component])[] {
    return [
      ["forward", this.forwardLayer],
      ["backward", this.backwardLayer],
    ];
  }

  override build(inputShape: BatchShape): void {
    this.requireRank({ shape: inputShape }, 3, "[batch, time, features]");
    for (const [part, each] of [
      ["forward", this.forwardLayer],
      ["backward", this.backwardLayer],
    ] as const) {
      each.path = `${this.describe()} (${part})`;
      each.ensureBuilt(inputShape);
    }
  }

  /** @internal */
  override takesLookup(training: boolean): boolean {
    const plain = this.call === Bidirectional.prototype.call;
    return plain && this.forwardLayer.takesLookup(training) && this.backwardLayer.takesLookup(training);
  }

  call(input: Tensor, context: CallContext): Tensor | readonly Tensor[] {
    const { initialState, ...shared } = context;
    const half = initialState ? initialState.length / 2 : 0;
    const run = (each: RecurrentLayer, from: number, to: number) => {
      const own = initialState ? { ...shared, initialState: initialState.slice(from, to) } : shared;
      const result = inSection(
        "layer",
        () => each.describe(),
        () => each.call(input, own),
      );
      const outputs = result instanceof Tensor ? [result] : result;
      each.penalize(outputs, context.penalties);
      return outputs;
    };
    const [forward, ...forwardStates] = run(this.forwardLayer, 0, Math.ceil(half));
    const [processed, ...backwardStates] = run(this.backwardLayer, Math.ceil(half), 2 * half);
    const backward = this.returnSequences ? reverse(processed!, 1) : processed!;
    const outputs = this.merge(forward!, backward);
    const all = [...outputs, ...forwardStates, ...backwardStates];
    return all.length === 1 ? all[0]! : all;
  }

  private merge(forward: Tensor, backward: Tensor): Tensor[] {
    if (this.mergeMode === null) return [forward, backward];
    if (this.mergeMode === "concat") return [concat([forward, backward], -1)];
    if (this.mergeMode === "mul") return [mul(forward, backward)];
    const sum = add(forward, backward);
    return [this.mergeMode === "sum" ? sum : mul(sum, 0.5)];
  }

  computeOutputShape(inputShape: BatchShape): BatchShape {
    const forward = this.forwardLayer.computeOutputShape(inputShape);
    if (this.mergeMode !== "concat") return forward;
    const [a, b] = [forward, this.backwardLayer.computeOutputShape(inputShape)].map((shape) => shape.at(-1) ?? null);
    return [...forward.slice(0, -1), a === null || b === null ? null : a! + b!];
  }

  override computeOutputShapes(inputShape: BatchShape): readonly BatchShape[] {
    const [forward, ...forwardStates] = this.forwardLayer.computeOutputShapes(inputShape);
    const [backward, ...backwardStates] = this.backwardLayer.computeOutputShapes(inputShape);
    const outputs = this.mergeMode === null ? [forward!, backward!] : [this.computeOutputShape(inputShape)];
    return [...outputs, ...forwardStates, ...backwardStates];
  }

  override computeMask(_input: Tensor, mask: Tensor | null): Tensor | null {
    return this.returnSequences ? mask : null;
  }

  override computeMasksMany(inputs: readonly Tensor[], masks: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
    const mask = this.computeMask(inputs[0]!, masks[0] ?? null);
    return this.mergeMode === null ? [mask, mask] : [mask];
  }

  override getConfig(): Record<string, unknown> {
    return {
      ...super.getConfig(),
      layer: specOf(this.forwardLayer),
      backwardLayer: specOf(this.backwardLayer),
      mergeMode: this.mergeMode,
    };
  }
}
