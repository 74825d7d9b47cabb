import { checkOptions, RondoError } from "../../errors.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { BatchShape, Component, ComponentOptions } from "../component.js";
import { cellOptionNames, specOf } from "../fields.js";
import { Cell, type CellContext, type RNNCell, type StepResult, stateSizes, toCell } from "./cell.js";

/** Options of `layers.stackedRNNCells`. */
export interface StackedRNNCellsOptions extends ComponentOptions {
  /** Cells, the first one nearest to the input. */
  cells: readonly (Cell | RNNCell)[];
}

/**
 * Several cells as one: the output of each is the input of the next, at the same step. States are those of the first cell,
 * then of the second, and so on.
 *
 * @example layers.rnn({ cell: layers.stackedRNNCells({ cells: [layers.lstmCell({ units: 8 }), layers.gruCell({ units: 4 })] }) })
 */
export class StackedRNNCells extends Cell {
  readonly className = "StackedRNNCells";
  readonly cells: readonly Cell[];

  constructor(options: StackedRNNCellsOptions) {
    super(options);
    checkOptions("layers.stackedRNNCells", options, ["cells", ...cellOptionNames]);
    if (!Array.isArray(options.cells) || options.cells.length === 0) {
      throw new RondoError("option", "layers.stackedRNNCells needs at least one cell", {
        received: JSON.stringify(options.cells) ?? "undefined",
      });
    }
    this.cells = options.cells.map((cell) => toCell(cell, "layers.stackedRNNCells"));
  }

  protected override get parts(): readonly (readonly [string, Component])[] {
    return this.cells.map((cell, i) => [`cell_${i}`, cell]);
  }

  get stateSize(): readonly number[] {
    return this.cells.flatMap((cell) => stateSizes(cell));
  }

  override get outputSize(): number {
    return this.cells[this.cells.length - 1]!.outputSize;
  }

  override build([batch, ...features]: BatchShape): void {
    let shape: BatchShape = [batch ?? null, ...features];
    for (const [i, cell] of this.cells.entries()) {
      cell.path = `${this.describe()}, cell ${i}`;
      cell.ensureBuilt(shape);
      shape = [batch ?? null, cell.outputSize];
    }
  }

  call(input: Tensor, states: readonly Tensor[], { training, drawn }: CellContext): StepResult {
    let at = 0;
    let output = input;
    const next: Tensor[] = [];
    for (const [i, cell] of this.cells.entries()) {
      const count = stateSizes(cell).length;
      const own = states.slice(at, at + count);
      const [y, s] = cell.call(output, own, { training, drawn: (drawn as readonly unknown[] | null | undefined)?.[i] });
      output = y;
      next.push(...s);
      at += count;
    }
    return [output, next];
  }

  override getInitialState(batch: number): readonly Tensor[] {
    return this.cells.flatMap((cell) => cell.getInitialState(batch));
  }

  override get startsAtZero(): boolean {
    return this.cells.every((cell) => cell.startsAtZero);
  }

  override draw(batch: number, inputs: number, training: boolean): readonly unknown[] {
    return this.cells.map((cell, i) => cell.draw(batch, i === 0 ? inputs : this.cells[i - 1]!.outputSize, training));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), cells: this.cells.map(specOf) };
  }

  override copyOptions(): Record<string, unknown> {
    return { trainable: this.trainable, cells: this.cells.map((cell) => cell.clone()) };
  }
}
