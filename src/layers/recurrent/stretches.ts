import { rematerialize } from "../../autograd/rematerialize.js";
import { isRecording, isTracked } from "../../autograd/tape.js";
import { cast, greater, where } from "../../tensor/ops/comparison.js";
import { expandDims, reshape, reverse } from "../../tensor/ops/movement.js";
import { any, cumsum } from "../../tensor/ops/reduce.js";
import { concat, slice, split } from "../../tensor/ops/slicing.js";
import { scope } from "../../tensor/scope.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { LoopOptions } from "./step-loop.js";

export interface StretchResult {
  readonly output: Tensor;
  readonly states: readonly Tensor[];
}

/** Runs a layer over some steps, from these states on; `changes` go before the layer's own options. */
export type Stretch = (
  x: Tensor,
  initial: readonly Tensor[] | null,
  changes: Pick<Partial<LoopOptions>, "mask" | "previous">,
) => StretchResult;

/**
 * Runs over x [batch, time, …] stretch by stretch, each of which is computed again for its gradient, so that only what
 * lies between two of them is kept. Where no gradient is recorded everything is one stretch.
 */
export function inStretches(
  run: Stretch,
  x: Tensor,
  initial: readonly Tensor[] | null,
  options: LoopOptions,
  length: true | number,
): StretchResult {
  const time = x.shape[1]!;
  const steps = length === true ? Math.ceil(Math.sqrt(time)) : length;
  if (!isRecording() || steps >= time) return run(x, initial, {});
  return scope(() => stretches(run, x, initial, options, steps));
}

function stretches(
  run: Stretch,
  x: Tensor,
  initial: readonly Tensor[] | null,
  { mask, sequences, goBackwards, zeroOutputForMask }: LoopOptions,
  steps: number,
): StretchResult {
  const time = x.shape[1]!;
  const sizes = Array.from({ length: Math.ceil(time / steps) }, (_, i) => Math.min(steps, time - i * steps));
  const part = cutter(x, sizes, goBackwards);
  const maskPart = mask ? cutter(mask, sizes, goBackwards) : null;
  // Only where a masked step repeats the output before it does a stretch need that of the last one.
  const repeats = mask !== null && !zeroOutputForMask;
  const outputs: Tensor[] = [];
  let states = initial;
  let previous: Tensor | null = null;
  for (let i = 0; i < sizes.length; i++) {
    const [start, before] = [states, previous];
    const [output, last, ...next] = rematerialize(() => {
      const result = run(part(i), start, { mask: maskPart?.(i) ?? null, previous: before });
      // Unless somebody wants all outputs, the last one is the output.
      const end = sequences && repeats ? lastOf(result.output) : result.output;
      return [result.output, end, ...result.states];
    });
    if (sequences || i === sizes.length - 1) outputs.push(output!);
    if (repeats) previous = last!;
    states = next;
  }
  return { output: sequences ? concat(outputs, 1) : outputs[0]!, states: states! };
}

/** y[:, -1] */
const lastOf = (y: Tensor) => reshape(slice(y, [0, y.shape[1]! - 1], [-1, 1]), [y.shape[0]!, ...y.shape.slice(2)]);

/**
 * Stretch number i of x, in the order of processing. Where a gradient flows to x it is cut once, so that the gradient is
 * put together once; otherwise each stretch is cut out when it is needed, and not kept.
 */
function cutter(x: Tensor, sizes: readonly number[], goBackwards: boolean): (i: number) => Tensor {
  if (isTracked(x)) {
    const parts = split(x, goBackwards ? [...sizes].reverse() : sizes, 1);
    if (goBackwards) parts.reverse();
    return (i) => parts[i]!;
  }
  const [steps] = sizes as [number];
  const time = x.shape[1]!;
  return (i) => slice(x, [0, goBackwards ? time - i * steps - sizes[i]! : i * steps], [-1, sizes[i]!]);
}

/** Masked steps before the first valid one of a stretch repeat the output of the stretch before; kernels give zeros. */
export function repeatPrevious(
  result: StretchResult,
  { mask, sequences, goBackwards, previous }: LoopOptions,
): StretchResult {
  if (!mask || !previous) return result;
  const { output, states } = result;
  if (!sequences) return { output: where(expandDims(any(mask, 1), 1), output, previous), states };
  return { output: where(validSoFar(mask, goBackwards), output, expandDims(previous, 1)), states };
}

/** [batch, time, 1], in the order of processing: whether this or an earlier step is valid. */
function validSoFar(mask: Tensor, goBackwards: boolean): Tensor {
  const ordered = goBackwards ? reverse(mask, 1) : mask;
  return expandDims(greater(cumsum(cast(ordered, "float32"), 1), 0), 2);
}
