import type { AttributesOf, OperationName } from "../../tensor/forward/table.js";
import type { OperationRecord } from "../../tensor/run.js";
import type { Tensor } from "../../tensor/tensor.js";

/** What a vector-Jacobian rule gets to see of an operation. */
export interface RuleContext<A> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly saved: readonly Tensor[];
  readonly attributes: A;
  /** Which inputs want a gradient; the others may be answered with null. */
  readonly needs: readonly boolean[];
}

/**
 * From the gradient of each output (null: none arrived) to the gradient of each input (null: none flows).
 * Rules are made of differentiable operations, so that gradients of gradients come by themselves.
 */
export type Rule<A> = (context: RuleContext<A>, dy: readonly (Tensor | null)[]) => readonly (Tensor | null)[];

/** One rule per operation; `null` marks an operation through which no gradient flows (its result is an integer). */
const rules: { readonly [K in OperationName]: Rule<AttributesOf<K>> | null } = {} as never;

/** @internal */
export function gradientOf(
  operation: OperationRecord,
  dy: readonly (Tensor | null)[],
  needs: readonly boolean[],
): readonly (Tensor | null)[] {
  const rule = rules[operation.name] as Rule<object> | null;
  return rule ? rule({ ...operation, needs }, dy) : operation.inputs.map(() => null);
}
