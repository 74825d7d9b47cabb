import type { Tensor } from "../tensor.js";
import { binary, unary } from "./elementwise.js";
import { matMul } from "./matmul.js";
import { reshape } from "./movement.js";
import { reduce } from "./reduce.js";

/**
 * The forward half of an operation: already checked inputs in, fresh tensors out.
 * `keep` says that a gradient will be asked for, so that `saved` must hold what backward needs.
 */
export type Forward<A> = (
  inputs: readonly Tensor[],
  attributes: A,
  keep: boolean,
) => { outputs: readonly Tensor[]; saved?: readonly Tensor[] };

/** Every differentiable or recordable operation. A row here needs a row in autograd's rule table: the compiler insists. */
export const forwardTable = {
  unary,
  binary,
  matMul,
  reshape,
  reduce,
} satisfies Record<string, Forward<never>>;

export type OperationName = keyof typeof forwardTable;
export type AttributesOf<K extends OperationName> = (typeof forwardTable)[K] extends Forward<infer A> ? A : never;
