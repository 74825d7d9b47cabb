import { type OpCode, opCode } from "../../backend/kernels.js";
import { sizeOf } from "../shape.js";
import { allocate } from "../tensor.js";
import type { Forward } from "./table.js";

/**
 * Reduces `count` neighbouring axes starting at `axis`: x [outer…, reduced…, inner…] -> [outer…, inner…].
 * Axes that are not neighbours are transposed together first (tensor/ops/reduce.ts).
 */
export const reduce: Forward<{ op: OpCode<"reduce">; axis: number; count: number }> = ([x], { op, axis, count }) => {
  const outer = x!.shape.slice(0, axis);
  const inner = x!.shape.slice(axis + count);
  const y = allocate([...outer, ...inner]);
  const n = sizeOf(x!.shape.slice(axis, axis + count));
  x!.storage.engine.kernels.reduce(opCode("reduce", op), x!.offset, y.offset, sizeOf(outer), n, sizeOf(inner));
  return { outputs: [y] };
};
