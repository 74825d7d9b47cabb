import { checkOptions, RondoError } from "../errors.js";
import { scope } from "../tensor/scope.js";
import { Tensor } from "../tensor/tensor.js";
import { startTape, stopTape, Tape } from "./tape.js";

/** Stops the recording of tapes that were dropped without being stopped, after an error for instance. */
const dropped = new FinalizationRegistry<Tape>(stopTape);

/** Options of `GradientTape`. */
export interface GradientTapeOptions {
  /** Allow more than one call of `gradient`. */
  persistent?: boolean;
}

/**
 * Records what happens from its construction to `gradient()` or `stop()`, for code that does not fit into one function.
 * Trainable variables are watched by themselves, other tensors with `watch`. Use `using` so that errors stop it, too, and
 * put loops into `scope()`, so that temporaries are freed at once.
 *
 * @example
 * using tape = new GradientTape();
 * const loss = mean(square(sub(matMul(x, w), y)));
 * const [dw] = tape.gradient(loss, [w]);
 */
export class GradientTape {
  private tape: Tape | null = new Tape();
  private readonly persistent: boolean;

  constructor(options: GradientTapeOptions = {}) {
    checkOptions("GradientTape", options, ["persistent"]);
    this.persistent = options.persistent ?? false;
    dropped.register(this, this.tape!, this);
    startTape(this.tape!);
  }

  /** Lets gradients flow to tensors that are not trainable variables. Call it before computing with them. */
  watch(...tensors: readonly Tensor[]): void {
    this.live().watch(...tensors);
  }

  /**
   * Gradients of sum(target · seed) with respect to the sources; seeds are ones by default. Ends the recording; without
   * `persistent` also the tape's life. A source the target does not depend on gives null, but if that is so for all,
   * RondoError "gradient" is thrown.
   */
  gradient(target: Tensor, source: Tensor, seed?: Tensor): Tensor;
  gradient(
    target: Tensor | readonly Tensor[],
    sources: readonly Tensor[],
    seeds?: Tensor | readonly (Tensor | null)[],
  ): (Tensor | null)[];
  gradient(
    target: Tensor | readonly Tensor[],
    sources: Tensor | readonly Tensor[],
    seeds?: Tensor | readonly (Tensor | null)[],
  ): Tensor | null | (Tensor | null)[] {
    const tape = this.live();
    this.stop();
    if (!this.persistent) this.tape = null;
    const list = sources instanceof Tensor ? [sources] : sources;
    const results = scope(() =>
      tape.gradient(
        target instanceof Tensor ? [target] : target,
        list,
        seeds === undefined ? undefined : seeds instanceof Tensor ? [seeds] : seeds,
        { last: !this.persistent },
      ),
    );
    if (list.length > 0 && results.every((g) => g === null)) {
      throw new RondoError("gradient", "the target does not depend on any of the sources", {
        received: `${tape.records.length} recorded operations`,
        fix: "compute after the tape is made, watch() tensors that are not trainable variables, and avoid integers and noGrad()",
      });
    }
    return sources instanceof Tensor ? results[0]! : results;
  }

  /** Ends the recording. Harmless when repeated. */
  stop(): void {
    dropped.unregister(this);
    if (this.tape) stopTape(this.tape);
  }

  /** At the end of a `using` block: stops recording and forgets what was recorded. */
  [Symbol.dispose](): void {
    this.stop();
    this.tape = null;
  }

  private live(): Tape {
    if (this.tape) return this.tape;
    throw new RondoError("state", "this gradient tape has been used up", {
      fix: "make a new one, or make it with { persistent: true } to ask for several gradients",
    });
  }
}
