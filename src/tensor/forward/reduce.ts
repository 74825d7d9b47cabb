import { type OpCode, opCode } from "../../backend/kernels.js";
import { type Shape, sizeOf } from "../shape.js";
import { allocate } from "../tensor.js";
import type { Forward } from "./table.js";

/** Sizes around the axes [axis, axis + count) of a shape. */
function around(shape: Shape, axis: number, count: number) {
  const outer = shape.slice(0, axis);
  const inner = shape.slice(axis + count);
  return {
    rest: [...outer, ...inner],
    outer: sizeOf(outer),
    n: sizeOf(shape.slice(axis, axis + count)),
    inner: sizeOf(inner),
  };
}

/**
 * Reduces `count` neighbouring axes starting at `axis`: x [outer…, reduced…, inner…] -> [outer…, inner…], float32.
 * Axes that are not neighbours are reduced one after the other (tensor/ops/reduce.ts).
 */
export const reduce: Forward<{ op: OpCode<"reduce">; axis: number; count: number }> = ([x], { op, axis, count }) => {
  const { rest, outer, n, inner } = around(x!.shape, axis, count);
  const y = allocate(rest);
  if (y.size > 0) x!.storage.engine.kernels.reduce(opCode("reduce", op), x!.offset, y.offset, outer, n, inner);
  return { outputs: [y] };
};

/** Like `reduce`, int32. */
export const reduceInt: Forward<{ op: OpCode<"reduceInt">; axis: number; count: number }> = (
  [x],
  { op, axis, count },
) => {
  const { rest, outer, n, inner } = around(x!.shape, axis, count);
  const y = allocate(rest, "int32");
  if (y.size > 0) x!.storage.engine.kernels.reduceInt(opCode("reduceInt", op), x!.offset, y.offset, outer, n, inner);
  return { outputs: [y] };
};

/** Position of the extreme along one axis, int32. */
export const argReduce: Forward<{ op: OpCode<"argReduce">; axis: number }> = ([x], { op, axis }) => {
  const { rest, outer, n, inner } = around(x!.shape, axis, 1);
  const y = allocate(rest, "int32");
  if (y.size > 0) x!.storage.engine.kernels.argReduce(opCode("argReduce", op), x!.offset, y.offset, outer, n, inner);
  return { outputs: [y] };
};

/** Running totals along one axis, same shape. */
export const cumulativeSum: Forward<{ axis: number; exclusive: boolean; reverse: boolean }> = (
  [x],
  { axis, exclusive, reverse },
) => {
  const { outer, n, inner } = around(x!.shape, axis, 1);
  const y = allocate(x!.shape);
  if (y.size > 0) {
    const { kernels } = y.storage.engine;
    kernels.cumulativeSum(x!.offset, y.offset, outer, n, inner, exclusive ? 1 : 0, reverse ? 1 : 0);
  }
  return { outputs: [y] };
};
