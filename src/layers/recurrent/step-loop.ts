import { where } from "../../tensor/ops/comparison.js";
import { reshape } from "../../tensor/ops/movement.js";
import { stack, unstack } from "../../tensor/ops/slicing.js";
import { scope } from "../../tensor/scope.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { StepResult } from "./cell.js";

export interface LoopOptions {
  /** What a masked step repeats before the first valid one, [batch, …], from an earlier stretch of time. Null: zeros. */
  readonly previous?: Tensor | null;
  /** [batch, time] bool; a masked step keeps the states and repeats the previous output (zeros before the first). */
  readonly mask: Tensor | null;
  /** All outputs [batch, time, …] rather than the last [batch, …]. */
  readonly sequences: boolean;
  /** Reads from the last step to the first; outputs stay in the order of processing. */
  readonly goBackwards: boolean;
  /** A masked step puts out zeros instead. */
  readonly zeroOutputForMask: boolean;
}

/**
 * Runs one step after the other over x [batch, time, …]. This is what every recurrent layer means; the fused kernels give
 * the same numbers for the cells they know.
 */
export function stepLoop(
  step: (input: Tensor, states: readonly Tensor[]) => StepResult,
  x: Tensor,
  initial: readonly Tensor[],
  { mask, sequences, goBackwards, zeroOutputForMask, previous = null }: LoopOptions,
): { output: Tensor; states: readonly Tensor[] } {
  // Unless a gradient is recorded, a step's temporaries go when it ends, and the slices of x when the loop does.
  return scope(() => {
    const inputs = unstack(x, 1);
    const masks = mask ? unstack(mask, 1) : null;
    if (goBackwards) {
      inputs.reverse();
      masks?.reverse();
    }
    const outputs: Tensor[] = [];
    let last: Tensor | undefined;
    let states = initial;
    for (const [t, input] of inputs.entries()) {
      [last, states] = scope((): StepResult => {
        const [output, next] = step(input, states);
        if (!masks) return [output, next];
        const before = zeroOutputForMask ? 0 : (last ?? previous ?? 0);
        return [choose(masks[t]!, output, before), next.map((s, i) => choose(masks[t]!, s, states[i]!))];
      });
      if (sequences) outputs.push(last);
    }
    return { output: sequences ? stack(outputs, 1) : last!, states };
  });
}

/** `a` for the examples whose step counts, `b` for the others. */
function choose(mask: Tensor, a: Tensor, b: Tensor | number): Tensor {
  return where(reshape(mask, [mask.size, ...a.shape.slice(1).map(() => 1)]), a, b);
}
