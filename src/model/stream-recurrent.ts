import { opCode } from "../backend/kernels.js";
import { type Cell, checkStep, stateSizes } from "../layers/recurrent/cell.js";
import type { GRUCell } from "../layers/recurrent/gru-cell.js";
import type { LSTMCell } from "../layers/recurrent/lstm-cell.js";
import type { SimpleRNNCell } from "../layers/recurrent/simple-rnn-cell.js";
import { StackedRNNCells } from "../layers/recurrent/stacked-cells.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Carried, Source, StreamPlan } from "./stream-plan.js";
import { copy, plainly } from "./stream-run.js";

/** How a cell is run. */
export interface CellStep {
  readonly source: Source;
  readonly mask: Tensor | null;
  readonly zeroOutputForMask: boolean;
  /** Whether the first states are given, rather than the cell's own. */
  readonly startsElsewhere: boolean;
}

/** What a step of a cell gives: the output, and the states in the cell's order. */
export interface CellResult {
  readonly output: Source;
  readonly states: readonly Carried[];
}

/** One step of a cell, or of several on top of each other. */
export function runCell(plan: StreamPlan, cell: Cell, step: CellStep): CellResult {
  if (!(cell instanceof StackedRNNCells)) return fused(plan, cell, step) ?? anyCell(plan, cell, step);
  const states: Carried[] = [];
  let { source } = step;
  for (const [i, each] of cell.cells.entries()) {
    const zeroOutputForMask = step.zeroOutputForMask && i === cell.cells.length - 1;
    const made = runCell(plan, each, { ...step, source, zeroOutputForMask });
    source = made.output;
    states.push(...made.states);
  }
  return { output: source, states };
}

/** The whole-sequence kernels with a sequence of one step. */
function fused(plan: StreamPlan, cell: Cell, step: CellStep): CellResult | null {
  const { source, mask, zeroOutputForMask, startsElsewhere } = step;
  const kind = cell.recurrence;
  // Before the first step that counts the output is zeros, which h then does not hold.
  if (!kind || (mask && !zeroOutputForMask && startsElsewhere)) return null;
  const { kernels } = plan.engine;
  const { batch } = plan;
  const { kernel, recurrentKernel, bias } = cell as LSTMCell | GRUCell | SimpleRNNCell;
  const inputs = kernel.shape[0]!;
  const units = recurrentKernel.shape[0]!;
  const zeros = zeroOutputForMask ? 1 : 0;
  const h = plan.carried(units);
  const states = [h];
  const y = plan.buffer([batch, units]);
  const at = (t: Tensor | null) => (t ? t.offset : 0);
  if (kind.kind === "lstm") {
    const c = plan.carried(units);
    states.push(c);
    const scratch = plan.buffer([kernels.lstmScratchSize(batch, 1, inputs, units, 0, 0, 0)]);
    plan.actions.push(() => {
      kernels.lstmForward(
        source().offset,
        0,
        kernel.offset,
        recurrentKernel.offset,
        at(bias),
        h.current.offset,
        c.current.offset,
        at(mask),
        0,
        y.offset,
        h.next.offset,
        c.next.offset,
        0,
        0,
        scratch.offset,
        batch,
        1,
        inputs,
        units,
        0,
        0,
        zeros,
      );
    });
  } else {
    // Both take the same, after what only they have.
    const gru = kind.kind === "gru";
    const own = gru ? Number(kind.resetAfter) : opCode("activation", kind.activation);
    const forward = gru ? kernels.gruForward : kernels.rnnForward;
    const scratch = plan.buffer([
      gru
        ? kernels.gruScratchSize(own, batch, 1, inputs, units, 0, 0, 0)
        : kernels.rnnScratchSize(batch, 1, inputs, units, 0, 0, 0),
    ]);
    plan.actions.push(() => {
      forward(
        own,
        source().offset,
        0,
        kernel.offset,
        recurrentKernel.offset,
        at(bias),
        h.current.offset,
        at(mask),
        0,
        y.offset,
        h.next.offset,
        0,
        0,
        scratch.offset,
        batch,
        1,
        inputs,
        units,
        0,
        0,
        zeros,
      );
    });
  }
  // A masked step repeats the previous output, which is what h holds; the kernel alone knows no step before this one.
  return { output: mask && !zeros ? () => h.next : () => y, states };
}

/** A cell without a kernel: ordinary operations whose temporaries are freed at the end of the step. */
function anyCell(plan: StreamPlan, cell: Cell, { source, mask, zeroOutputForMask }: CellStep): CellResult {
  const { batch } = plan;
  const states = stateSizes(cell).map((size) => plan.carried(size));
  // A masked step repeats the previous output, which must be remembered for that.
  const output = mask ? plan.carried(cell.outputSize) : null;
  const y = output ? null : plan.buffer([batch, cell.outputSize]);
  if (!cell.startsAtZero) {
    plan.starts.push(() =>
      plainly(() => {
        for (const [i, s] of cell.getInitialState(batch).entries()) copy(s, states[i]!.current);
      }),
    );
  }
  plan.actions.push(() =>
    plainly(() => {
      const result = cell.call(
        source(),
        states.map((s) => s.current),
        { training: false },
      );
      checkStep(cell, batch, result);
      const counts = mask ? mask.view() : null;
      for (const [i, s] of states.entries()) copyRows(result[1][i]!, s.current, s.next, counts, false);
      if (output) copyRows(result[0], output.current, output.next, counts, zeroOutputForMask);
      else copy(result[0], y!);
    }),
  );
  return { output: output ? () => output.next : () => y!, states };
}

/** Takes a row from `made` where its step counts, else from `before` (or zeros). */
function copyRows(made: Tensor, before: Tensor, to: Tensor, counts: ArrayLike<number> | null, zeros: boolean): void {
  const target = to.view();
  target.set(made.view());
  if (!counts) return;
  const n = to.size / counts.length;
  for (let row = 0; row < counts.length; row++) {
    if (counts[row]) continue;
    const here = target.subarray(row * n, (row + 1) * n);
    if (zeros) here.fill(0);
    else here.set(before.view().subarray(row * n, (row + 1) * n));
  }
}
