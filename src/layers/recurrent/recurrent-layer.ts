import { RondoError } from "../../errors.js";
import { clone } from "../../tensor/ops/creation.js";
import { formatShape, sameShape } from "../../tensor/shape.js";
import { asTensor, type Tensor, type TensorLike } from "../../tensor/tensor.js";
import { Variable } from "../../tensor/variable.js";
import type { BatchShape, Component, LayerState } from "../component.js";
import {
  type Field,
  type Fields,
  flag,
  layerOptionNames,
  pickFields,
  readFields,
  type Values,
  writeFields,
} from "../fields.js";
import { type CallContext, Layer, type LayerOptions } from "../layer.js";
import type { Lookup } from "../lookup.js";
import { type Cell, checkStep, stateSizes } from "./cell.js";
import { fusedSequence, takesLookup } from "./fused.js";
import { type LoopOptions, stepLoop } from "./step-loop.js";
import { inStretches, repeatPrevious, type Stretch, type StretchResult } from "./stretches.js";

/** Options of every layer that runs a cell over time. */
export interface RecurrentOptions extends LayerOptions {
  /** All outputs [batch, time, units] rather than the last [batch, units]. Default: false. */
  returnSequences?: boolean;
  /** Returns [output, ...states]. Default: false. */
  returnState?: boolean;
  /** Reads from the last step to the first; outputs stay in the order of processing. Default: false. */
  goBackwards?: boolean;
  /** Starts each call from the states the previous one ended with; the batch size is fixed until `resetStates()`. */
  stateful?: boolean;
  /** Uses the step loop even where a fused kernel exists: same numbers, slower. Default: false. */
  unroll?: boolean;
  /** Masked steps put out zeros instead of repeating the previous output. Default: false. */
  zeroOutputForMask?: boolean;
  /**
   * For long sequences: keeps only the states at the borders of stretches of this many steps, and computes each stretch
   * again on the way back. Memory for the gradient grows with the square root of the length instead of the length, and a
   * training step takes a forward pass more. True: stretches of about the square root of the length. Results are the same.
   * Default: false.
   */
  rematerialize?: boolean | number;
}

const rematerialize: Field<boolean | number | undefined, boolean | number> = {
  read(value, where) {
    if (value === undefined) return false;
    if (typeof value === "boolean" || (Number.isInteger(value) && value >= 1)) return value;
    throw new RondoError("option", `${where} must be true, false or a number of steps`, {
      received: String(value),
      expected: "a whole number of at least 1",
    });
  },
  write: (value) => value,
};

export const recurrentFields = {
  returnSequences: flag(false),
  returnState: flag(false),
  goBackwards: flag(false),
  stateful: flag(false),
  unroll: flag(false),
  zeroOutputForMask: flag(false),
  rematerialize,
} satisfies Fields<RecurrentOptions, keyof LayerOptions>;

export const recurrentOptionNames = [...Object.keys(recurrentFields), ...layerOptionNames];

/** Inputs of one pass over time, checked. */
interface Pass {
  readonly input: Tensor;
  readonly mask: Tensor | null;
  /** Null: all zeros. */
  readonly initial: readonly Tensor[] | null;
  readonly training: boolean;
  readonly lookup: Lookup | undefined;
}

/**
 * Runs a cell over x [batch, time, …]. Masks, states, direction and statefulness are the same for all cells and live
 * here; subclasses bring the cell and, where there is one, a fused kernel.
 */
export abstract class RecurrentLayer<C extends Cell = Cell> extends Layer {
  readonly cell: C;
  /** The options beyond the cell's. */
  readonly settings: Values<typeof recurrentFields>;
  /** Bidirectional layers want zeros at masked steps whatever the layer was told. @internal */
  zeroOutputForMask: boolean;
  /** Carries states from call to call as if stateful; truncated backpropagation sets it for a while. @internal */
  carriesStates = false;
  private features: number | null = null;
  private carried: readonly Variable[] | null = null;

  /** @internal `options` must have been checked for unknown names. */
  constructor(where: string, cell: C, options: RecurrentOptions) {
    super(options);
    this.cell = cell;
    this.settings = readFields(where, recurrentFields, pickFields(recurrentFields, options), []);
    this.zeroOutputForMask = this.settings.zeroOutputForMask;
  }

  get stateful(): boolean {
    return this.settings.stateful;
  }

  /** Size of the input's last axis, once built. */
  get inputSize(): number | null {
    return this.features;
  }

  protected override get parts(): readonly (readonly [string, Component])[] {
    return [["", this.cell]];
  }

  override build(inputShape: BatchShape): void {
    this.requireRank({ shape: inputShape }, 3, "[batch, time, features]");
    this.features = this.lastSize(inputShape);
    this.cell.path = this.describe();
    this.cell.ensureBuilt([inputShape[0]!, ...inputShape.slice(2)]);
  }

  call(input: Tensor, context: CallContext): Tensor | readonly Tensor[] {
    const { lookup } = context;
    if (!lookup) {
      this.requireRank(input, 3, "[batch, time, features]");
      this.requireLastSize(input, this.features!);
    }
    if (input.shape[1] === 0) {
      throw new RondoError("shape", "a recurrent layer needs at least one step", {
        path: this.describe(),
        received: formatShape(input.shape),
        fix: "leave empty sequences out, or pad them and mask the padding",
      });
    }
    this.checkMask(input, context.mask);
    const initial = this.initialStates(input.shape[0]!, context.initialState);
    const { output, states } = this.run({ input, mask: context.mask, initial, training: context.training, lookup });
    if (this.settings.stateful || this.carriesStates) this.carry(states);
    return this.settings.returnState ? [output, ...states] : output;
  }

  /** @internal */
  override takesLookup(training: boolean): boolean {
    const { unroll, rematerialize } = this.settings;
    const plain = this.call === RecurrentLayer.prototype.call && !unroll && rematerialize === false;
    return plain && takesLookup(this.cell, training);
  }

  private run({ input, mask, initial, training, lookup }: Pass): { output: Tensor; states: readonly Tensor[] } {
    const { returnSequences: sequences, goBackwards, rematerialize } = this.settings;
    const { cell, zeroOutputForMask } = this;
    const drawn = cell.draw(input.shape[0]!, this.features!, training);
    const options = { mask, sequences, goBackwards, zeroOutputForMask };
    const whole: Stretch = (x, start, changes) =>
      this.runStretch(x, start, { ...options, ...changes }, training, drawn, lookup);
    return rematerialize === false
      ? whole(input, initial, {})
      : inStretches(whole, input, initial, options, rematerialize);
  }

  /** Runs the cell over some steps, by a fused kernel if there is one. */
  private runStretch(
    input: Tensor,
    initial: readonly Tensor[] | null,
    options: LoopOptions,
    training: boolean,
    drawn: unknown,
    lookup: Lookup | undefined,
  ): StretchResult {
    const { cell } = this;
    const batch = input.shape[0]!;
    const fused = this.settings.unroll ? null : fusedSequence(cell, input, { initial, drawn, lookup, ...options });
    if (fused) return repeatPrevious(fused, options);
    let checked = false;
    const step = (x: Tensor, states: readonly Tensor[]) => {
      const result = cell.call(x, states, { training, drawn });
      if (!checked) checkStep(cell, batch, result);
      checked = true;
      return result;
    };
    return stepLoop(step, input, initial ?? cell.getInitialState(batch), options);
  }

  private checkMask(input: Tensor, mask: Tensor | null): void {
    if (!mask || sameShape(mask.shape, input.shape.slice(0, 2))) return;
    throw new RondoError("shape", "the mask does not fit the input", {
      path: this.describe(),
      received: `mask ${formatShape(mask.shape)} for an input ${formatShape(input.shape)}`,
      expected: `[batch, time], here ${formatShape(input.shape.slice(0, 2))}`,
    });
  }

  // ---- states ----

  private initialStates(batch: number, given: readonly Tensor[] | undefined): readonly Tensor[] | null {
    if (given) return this.checkStates(given, batch, "initialState");
    if (this.carried) {
      const expected = this.carried[0]!.shape[0]!;
      if (batch !== expected) {
        throw new RondoError(
          "state",
          "a stateful layer keeps one state per example, so the batch size must stay the same",
          {
            path: this.describe(),
            received: `a batch of ${batch}`,
            expected: `a batch of ${expected}, as in the call before`,
            fix: "call resetStates() before changing the batch size",
          },
        );
      }
      // Copies, because the variables change at the end of this call and gradients are taken after it.
      return this.carried.map((state) => clone(state));
    }
    return this.cell.startsAtZero ? null : this.cell.getInitialState(batch);
  }

  private checkStates(given: readonly Tensor[], batch: number | null, what: string): readonly Tensor[] {
    const sizes = stateSizes(this.cell);
    const fits =
      given.length === sizes.length &&
      given.every(
        (s, i) => s.rank >= 2 && (batch === null || s.shape[0] === batch) && s.shape[s.rank - 1] === sizes[i],
      );
    if (fits) return given;
    throw new RondoError("shape", `the ${what} does not fit the layer`, {
      path: this.describe(),
      received: given.map((s) => formatShape(s.shape)).join(", ") || "no states",
      expected: sizes.map((n) => formatShape([batch, n])).join(", "),
    });
  }

  private carry(states: readonly Tensor[]): void {
    const { carried } = this;
    if (carried?.every((v, i) => sameShape(v.shape, states[i]!.shape))) {
      for (const [i, v] of carried.entries()) v.assign(states[i]!);
      return;
    }
    this.resetCarried();
    this.carried = states.map((s, i) => new Variable(s, { name: `${this.name}/state_${i}`, trainable: false }));
  }

  private resetCarried(): void {
    for (const v of this.carried ?? []) v.dispose();
    this.carried = null;
  }

  /** The states a stateful layer goes on from, in the cell's order; null at the start. */
  get states(): readonly Tensor[] | null {
    return this.carried;
  }

  /** Forgets the states of a stateful layer, or replaces them by the ones given, [batch, size] each. */
  override resetStates(states?: readonly TensorLike[]): void {
    this.resetCarried();
    super.resetStates();
    if (!states) return;
    if (!this.settings.stateful) {
      throw new RondoError("state", "only a stateful layer has states to set", {
        path: this.describe(),
        fix: "make the layer with stateful: true, or pass initialState to apply()",
      });
    }
    this.carry(
      this.checkStates(
        states.map((s) => asTensor(s)),
        null,
        "state",
      ),
    );
  }

  override collectState(prefix: string, into: LayerState): void {
    for (const [i, state] of (this.carried ?? []).entries()) into.tensors[`${prefix}/state_${i}`] = clone(state);
    super.collectState(prefix, into);
  }

  override restoreState(prefix: string, state: LayerState): void {
    const saved = stateSizes(this.cell).map((_, i) => state.tensors[`${prefix}/state_${i}`]);
    this.resetCarried();
    if (saved.every((s) => s !== undefined)) this.carry(this.checkStates(saved, null, "saved state"));
    super.restoreState(prefix, state);
  }

  // ---- shapes, masks, config ----

  computeOutputShape([batch, time]: BatchShape): BatchShape {
    const { outputSize } = this.cell;
    return this.settings.returnSequences ? [batch ?? null, time ?? null, outputSize] : [batch ?? null, outputSize];
  }

  override computeOutputShapes(inputShape: BatchShape): readonly BatchShape[] {
    const output = this.computeOutputShape(inputShape);
    if (!this.settings.returnState) return [output];
    return [output, ...stateSizes(this.cell).map((size) => [inputShape[0] ?? null, size])];
  }

  override computeMask(_input: Tensor, mask: Tensor | null): Tensor | null {
    return this.settings.returnSequences ? mask : null;
  }

  override getConfig(): Record<string, unknown> {
    const { rematerialize, ...config } = writeFields(this, recurrentFields, this.settings);
    // Other programs do not know it, and it changes no result.
    return { ...super.getConfig(), ...config, ...(rematerialize === false ? {} : { rematerialize }) };
  }

  override copyOptions(): Record<string, unknown> {
    return { ...this.sharedOptions, ...this.settings };
  }
}

/** Options of a layer whose cell's options are its own: the cell's without name and trainable. @internal */
export function cellConfig(cell: Cell): Record<string, unknown> {
  const { name: _name, trainable: _trainable, ...config } = cell.getConfig();
  return config;
}
