import { mul } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { expandDims, reverse } from "../../tensor/ops/movement.js";
import {
  gruSequence,
  lstmSequence,
  type SequenceOptions,
  type SequenceResult,
  simpleRnnSequence,
} from "../../tensor/ops/recurrent.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Lookup } from "../lookup.js";
import { type Cell, stateSizes } from "./cell.js";
import { StackedRNNCells } from "./stacked-cells.js";
import { type DropoutMasks, StandardCell } from "./standard-cell.js";
import type { LoopOptions } from "./step-loop.js";

export interface FusedOptions extends LoopOptions {
  /** Null: all zeros. */
  readonly initial: readonly Tensor[] | null;
  /** What the cell drew for this call. */
  readonly drawn: unknown;
  /** Instead of x. */
  readonly lookup?: Lookup | undefined;
}

/** The numbers of the step loop by whole-sequence kernels, or null when there are none for this cell. */
export function takesLookup(cell: Cell, training: boolean): boolean {
  // Dropout of the input differs from step to step of the same row.
  return cell instanceof StandardCell && cell.recurrence !== null && !(training && cell.options.dropout > 0);
}

export function fusedSequence(cell: Cell, x: Tensor, options: FusedOptions): SequenceResult | null {
  if (!isFusible(cell, options.drawn)) return null;
  return cell instanceof StackedRNNCells ? stacked(cell, x, options) : single(cell as StandardCell, x, options);
}

function isFusible(cell: Cell, drawn: unknown): boolean {
  if (cell instanceof StackedRNNCells && cell.call === StackedRNNCells.prototype.call) {
    return cell.cells.every((each, i) => isFusible(each, (drawn as readonly unknown[])[i]));
  }
  if (!(cell instanceof StandardCell) || !cell.recurrence) return false;
  // Kernels take one recurrent mask for all gates; an input mask is a product before the kernel runs.
  const { input, recurrent } = drawn as DropoutMasks;
  return input.length <= 1 && recurrent.length <= 1;
}

function single(cell: StandardCell, x: Tensor, options: FusedOptions): SequenceResult {
  const { initial, drawn, lookup, mask, sequences, goBackwards, zeroOutputForMask } = options;
  const { kernel, recurrentKernel: recurrent, bias } = cell;
  const { input: inputMasks, recurrent: recurrentMasks } = drawn as DropoutMasks;
  const all: SequenceOptions = {
    ...{ mask, sequences, goBackwards, zeroOutputForMask },
    ...{ recurrent, bias, initialState: initial },
    ...(lookup
      ? { indices: lookup.indices, kernel: matMul(lookup.table, kernel) }
      : { x: inputMasks[0] ? mul(x, expandDims(inputMasks[0], 1)) : x, kernel }),
    recurrentMask: recurrentMasks[0] ?? null,
  };
  const kind = cell.recurrence!;
  if (kind.kind === "lstm") return lstmSequence(all);
  if (kind.kind === "gru") return gruSequence({ ...all, resetAfter: kind.resetAfter });
  return simpleRnnSequence({ ...all, activation: kind.activation });
}

/** One layer after the other instead of one step after the other: a masked step changes no state either way. */
function stacked({ cells }: StackedRNNCells, x: Tensor, options: FusedOptions): SequenceResult {
  const { initial, drawn, mask, sequences, goBackwards, zeroOutputForMask } = options;
  // The first layer puts its outputs in the order of processing, which the others then follow.
  const laterMask = mask && goBackwards ? reverse(mask, 1) : mask;
  const states: Tensor[] = [];
  let output = x;
  for (const [i, cell] of cells.entries()) {
    const last = i === cells.length - 1;
    const result = fusedSequence(cell, output, {
      initial: initial?.slice(states.length, states.length + stateSizes(cell).length) ?? null,
      drawn: (drawn as readonly unknown[])[i],
      mask: i === 0 ? mask : laterMask,
      sequences: sequences || !last,
      goBackwards: goBackwards && i === 0,
      zeroOutputForMask: zeroOutputForMask && last,
    })!;
    output = result.output;
    states.push(...result.states);
  }
  return { output, states };
}
