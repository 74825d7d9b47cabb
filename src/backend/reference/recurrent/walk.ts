import type { Views } from "../views.js";
import { add } from "./vector.js";

/** The last parameters of every recurrent kernel; the flags are explained in the kernel table. */
export type Sizes = [
  batch: number,
  time: number,
  inputs: number,
  units: number,
  sequences: number,
  goBackwards: number,
  zeroOutputForMask: number,
];

/** The states of one row of the batch, [units] each; the first is h, the output. */
export type States = readonly Float64Array[];

/**
 * What a cell does with one row of the batch. `x` numbers the row of x [batch · time, inputs] that a step reads, `s` the
 * same step in order of processing.
 */
export interface Cell {
  start(row: number): States;
  step(states: States, at: { readonly row: number; readonly x: number; readonly s: number }): States;
  end(row: number, states: States): void;
}

/** The order of steps and the handling of masks, which all recurrent layers share. */
export class Walk {
  readonly outputSize: number;
  private readonly mask: Int32Array | undefined;

  constructor(
    views: Views,
    mask: number,
    private readonly sizes: Sizes,
  ) {
    const [batch, time, , units, sequences] = sizes;
    this.outputSize = batch * (sequences ? time : 1) * units;
    this.mask = views.optionalInts(mask, batch * time);
  }

  /** Runs a cell over every sequence and writes y. */
  forward(y: Float32Array, cell: Cell): void {
    const [batch, time, , units, sequences, , zeroOutputForMask] = this.sizes;
    for (let row = 0; row < batch; row++) {
      let states = cell.start(row);
      let output: Float64Array = new Float64Array(units); // what masked first steps repeat: zeros, whatever h0 is
      for (let step = 0; step < time; step++) {
        const at = this.at(row, step);
        if (!this.isMasked(at.x)) {
          states = cell.step(states, at);
          output = states[0]!;
        } else if (zeroOutputForMask) output = new Float64Array(units);
        if (sequences) y.set(output, at.s * units);
      }
      if (!sequences) y.set(output, row * units);
      cell.end(row, states);
    }
  }

  /**
   * The same walk from the last step to the first. Here the states are gradients with respect to the states, and `step`
   * turns those after a step into those before it. The gradient of a repeated output belongs to the step that made it.
   */
  backward(dy: Float32Array | undefined, cell: Cell): void {
    const [batch, time, , units, sequences, , zeroOutputForMask] = this.sizes;
    for (let row = 0; row < batch; row++) {
      let gradients = cell.start(row);
      let dOutput = new Float64Array(units);
      for (let step = time - 1; step >= 0; step--) {
        const at = this.at(row, step);
        if (dy && sequences) add(dOutput, dy.subarray(at.s * units));
        else if (dy && step === time - 1) add(dOutput, dy.subarray(row * units));
        if (!this.isMasked(at.x)) {
          add(gradients[0]!, dOutput);
          gradients = cell.step(gradients, at);
          dOutput = new Float64Array(units);
        } else if (zeroOutputForMask) dOutput = new Float64Array(units);
      }
      cell.end(row, gradients);
    }
  }

  private at(row: number, step: number) {
    const [, time, , , , goBackwards] = this.sizes;
    return { row, x: row * time + (goBackwards ? time - 1 - step : step), s: row * time + step };
  }

  private isMasked(x: number): boolean {
    return this.mask !== undefined && this.mask[x] === 0;
  }
}
