import { RondoError } from "../../errors.js";
import type { RecurrentCell } from "../../tensor/forward/recurrent.js";
import { zeros } from "../../tensor/ops/creation.js";
import { formatShape } from "../../tensor/shape.js";
import { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { type BatchShape, Component } from "../component.js";

/** What a cell is told about one step. */
export interface CellContext {
  /** True while training: dropout drops. */
  readonly training: boolean;
  /** What the cell's `draw` returned at the start of this call: dropout masks, the same at every step. */
  readonly drawn?: unknown;
}

/** Output and new states of one step. */
export type StepResult = readonly [output: Tensor, states: readonly Tensor[]];

/**
 * One step of a recurrence: from the input [batch, features] and the states to an output and new states. `rnn` runs a
 * cell over time.
 *
 * To write one: extend, make weights in `build` with `addWeight`, say `stateSize`, compute in `call`. Plain objects with
 * `stateSize` and `call` do as well, see `RNNCell`.
 *
 * @example class Decay extends Cell {
 *   readonly className = "Decay";
 *   readonly stateSize = 2;
 *   call(x: Tensor, [h]: readonly Tensor[]) { const next = add(mul(h!, 0.9), x); return [next, [next]] as const; }
 * }
 */
export abstract class Cell extends Component {
  /** Sizes of the states [batch, size]; a number for a single state. */
  abstract readonly stateSize: number | readonly number[];

  /** Size of the output [batch, size]; that of the first state unless said otherwise. */
  get outputSize(): number {
    return stateSizes(this)[0]!;
  }

  /** One step: input [batch, features] and states to the output and the next states. */
  abstract call(input: Tensor, states: readonly Tensor[], context: CellContext): StepResult;

  /** States before the first step; zeros by default. */
  getInitialState(batch: number): readonly Tensor[] {
    return stateSizes(this).map((size) => zeros([batch, size]));
  }

  /** Whether `getInitialState` is all zeros, which fused kernels need not be given. */
  get startsAtZero(): boolean {
    return this.getInitialState === Cell.prototype.getInitialState;
  }

  /** The recurrence that whole-sequence kernels have for this cell with its options; null when there is none. */
  get recurrence(): RecurrentCell | null {
    return null;
  }

  /** Random numbers that stay the same for all steps of one call, handed to `call` as `context.drawn`. */
  draw(_batch: number, _inputs: number, _training: boolean): unknown {
    return null;
  }
}

/** A cell's state sizes as a list. */
export function stateSizes({ stateSize }: { readonly stateSize: number | readonly number[] }): readonly number[] {
  return typeof stateSize === "number" ? [stateSize] : stateSize;
}

/** The least a cell of the user's own must have. */
export interface RNNCell {
  readonly stateSize: number | readonly number[];
  readonly outputSize?: number;
  /** One step: input [batch, features] and states to the output and the next states. */
  call(input: Tensor, states: readonly Tensor[], context: CellContext): readonly [Tensor, Tensor | readonly Tensor[]];
  /** Makes the weights; inputShape is [batch, features]. */
  build?(inputShape: BatchShape): void;
  /** Trainable and other variables, once built. */
  readonly weights?: readonly Variable[];
  /** States before the first step; zeros by default. */
  getInitialState?(batch: number): readonly Tensor[];
  /** With both, and registered by `registerLayer`, models that hold the cell can be saved. */
  readonly className?: string;
  /** The options that make an equal cell. */
  getConfig?(): Record<string, unknown>;
}

/** Lets a plain object serve as a cell. */
export class UserCell extends Cell {
  readonly cell: RNNCell;

  constructor(cell: RNNCell) {
    super();
    this.cell = cell;
  }

  get className(): string {
    return this.cell.className ?? "UserCell";
  }
  get stateSize(): number | readonly number[] {
    return this.cell.stateSize;
  }
  override get outputSize(): number {
    return this.cell.outputSize ?? super.outputSize;
  }

  override build(inputShape: BatchShape): void {
    this.cell.build?.(inputShape);
    for (const [i, variable] of (this.cell.weights ?? []).entries()) {
      const name = /^variable_\d+$/.test(variable.name) ? `weight_${i}` : variable.name;
      this.ownWeights.push({ name, variable, regularizer: null, constraint: null });
    }
  }

  call(input: Tensor, states: readonly Tensor[], context: CellContext): StepResult {
    const [output, next] = this.cell.call(input, states, context);
    return [output, next instanceof Tensor ? [next] : next];
  }

  override getInitialState(batch: number): readonly Tensor[] {
    return this.cell.getInitialState?.(batch) ?? super.getInitialState(batch);
  }
  override get startsAtZero(): boolean {
    return !this.cell.getInitialState;
  }

  override getConfig(): Record<string, unknown> {
    if (this.cell.getConfig && this.cell.className) return this.cell.getConfig();
    throw new RondoError("option", "this cell cannot be saved or copied", {
      path: this.describe(),
      received: `a cell with ${this.cell.className ? "no getConfig()" : "no className"}`,
      fix: "give it className and getConfig(), and register its class with registerLayer",
    });
  }

  override clone(): this {
    const Same = this.cell.constructor as new (config: Record<string, unknown>) => RNNCell;
    return new UserCell(new Same(this.getConfig())) as this;
  }
}

/** A cell from what a user gave: a cell, or an object that can serve as one. */
export function toCell(value: Cell | RNNCell, where: string): Cell {
  if (value instanceof Cell) return value;
  const sizes = value === null || typeof value !== "object" ? [] : stateSizes({ stateSize: value.stateSize ?? [] });
  const valid =
    sizes.length > 0 && sizes.every((n) => Number.isInteger(n) && n >= 1) && typeof value.call === "function";
  if (valid) return new UserCell(value);
  throw new RondoError("option", `${where} cannot use this as a cell`, {
    received:
      value === null || typeof value !== "object"
        ? String(value)
        : `an object with ${Object.keys(value).join(", ") || "nothing"}`,
    expected:
      "layers.lstmCell(...) and the like, or an object with stateSize (whole numbers of at least 1) and call(input, states)",
  });
}

/** Checks what a cell returned, so that a mistake in a cell is found where it was made. */
export function checkStep(cell: Cell, batch: number, [output, states]: StepResult): void {
  const sizes = stateSizes(cell);
  const fits =
    output?.rank >= 2 &&
    output.shape[0] === batch &&
    output.shape[output.rank - 1] === cell.outputSize &&
    states?.length === sizes.length &&
    states.every((s, i) => s.shape[0] === batch && s.shape[s.rank - 1] === sizes[i]);
  if (fits) return;
  throw new RondoError("shape", "the cell returned something else than it announced", {
    path: cell.describe(),
    received: `output ${formatShape(output?.shape ?? [])}, states ${states?.map((s) => formatShape(s.shape)).join(", ") ?? "none"}`,
    expected: `output [${batch}, ${cell.outputSize}], states ${sizes.map((n) => `[${batch}, ${n}]`).join(", ")}`,
    fix: "return [output, [state, ...]] in the order and sizes of stateSize and outputSize",
  });
}
