import type { Tensor } from "../../tensor/tensor.js";

/** What a vector-Jacobian rule gets to see of an operation. */
export interface RuleContext<A> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly saved: readonly Tensor[];
  readonly attributes: A;
  /** Which inputs want a gradient; the others may be answered with null. */
  readonly needs: readonly boolean[];
  /**
   * Takes over the sum of gradients that an input has from later operations, if nobody else refers to it. The rule then
   * returns the whole sum, and may add to it in place.
   */
  take(input: number): Tensor | null;
}

/**
 * From the gradient of each output (null: none arrived) to the gradient of each input (null: none flows).
 * Rules are made of differentiable operations, so that gradients of gradients come by themselves.
 */
export type Rule<A> = (context: RuleContext<A>, dy: readonly (Tensor | null)[]) => readonly (Tensor | null)[];

/** A rule for operations with one output, whose gradient is therefore there when the rule is asked. */
export type Rule1<A> = (context: RuleContext<A>, dy: Tensor) => readonly (Tensor | null)[];

export function single<A>(rule: Rule1<A>): Rule<A> {
  return (context, [dy]) => rule(context, dy!);
}
