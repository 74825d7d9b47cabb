import { replayDraws, witnessDraws } from "../tensor/generator.js";
import { run } from "../tensor/run.js";
import { leaveToGradients, scope } from "../tensor/scope.js";
import type { Tensor } from "../tensor/tensor.js";
import { Variable } from "../tensor/variable.js";
import { isRecording, probe, recordOn, Tape } from "./tape.js";

/**
 * Runs `body` without keeping what its gradient needs: in the backward pass it runs once more, with the same random numbers,
 * and its gradient is computed from that (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"). Costs a
 * second forward pass, saves everything between the inputs and the results. `body` must do the same every time, and
 * change nothing outside. Where no tape records it simply runs.
 *
 * @internal
 */
export function rematerialize(body: () => readonly Tensor[]): readonly Tensor[] {
  if (!isRecording()) return body();
  const { result, draws } = witnessDraws(() => probe(() => scope(body)));
  const [results, used] = result;
  if (used.length === 0) return results;
  const differentiate: Differentiate = (dy, needs, arrived) => {
    const wanted = used.filter((_, i) => needs[i]);
    const tape = new Tape(new Set(wanted.filter((t): t is Variable => t instanceof Variable)));
    tape.watch(...wanted);
    const again = recordOn(tape, () => replayDraws(draws, body));
    if (tape.knowsReads) leaveToGradients(again);
    const targets = again.filter((_, i) => dy[i]);
    const seeds = dy.filter((each) => each !== null);
    const gradients = tape.gradient(targets, wanted, seeds, { last: true, arrived });
    let at = 0;
    return needs.map((needed) => (needed ? gradients[at++]! : null));
  };
  return run("rematerialized", used, { results, differentiate });
}

/** From the gradients of the results to those of what was used; `arrived` holds sums to go on with. */
type Differentiate = (
  dy: readonly (Tensor | null)[],
  needs: readonly boolean[],
  arrived: ReadonlyMap<Tensor, Tensor>,
) => readonly (Tensor | null)[];
