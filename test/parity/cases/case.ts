import type { KernelName } from "../../../src/backend/kernels.js";
import type { Bench } from "../bench.js";

/** One use of a kernel: lays out arguments, calls it, names its outputs. */
export interface Case {
  readonly name: string;
  run(bench: Bench): void;
}

/** Cases for some of the kernels. */
export type CaseTable<K extends KernelName> = { readonly [N in K]: () => Iterable<Case> };

/** Nothing, one, less than, equal to and more than one vector of any width, with and without a rest. */
export const smallSizes = [0, 1, 3, 5, 7, 8, 13, 16, 33, 64, 130, 1003];
/** Enough for several threads, and no multiple of anything. */
export const large = 100_003;
export const sizes = [...smallSizes, large];

/** The sizes for one of the operations of a kernel: those that share its loops need not all go through a large one. */
export const sizesFor = (operation: number) => (operation === 0 ? sizes : smallSizes);
