import { type OpCode, opCode } from "../../backend/kernels.js";
import { withDims } from "../dims.js";
import { broadcastShapes, broadcastStrides } from "../shape.js";
import { allocate } from "../tensor.js";
import type { Forward } from "./table.js";

/** y = op(x), float32. */
export const unary: Forward<{ op: OpCode<"unary"> }> = ([x], { op }) => {
  const y = allocate(x!.shape);
  x!.storage.engine.kernels.unary(opCode("unary", op), x!.offset, y.offset, x!.size);
  return { outputs: [y] };
};

/** y = op(a, b) with broadcasting, float32. */
export const binary: Forward<{ op: OpCode<"binary"> }> = ([a, b], { op }) => {
  const shape = broadcastShapes(a!.shape, b!.shape, op);
  const y = allocate(shape);
  const strides = [broadcastStrides(a!.shape, shape), broadcastStrides(b!.shape, shape)];
  withDims(y.storage.engine, shape, strides, (dims) => {
    a!.storage.engine.kernels.binary(opCode("binary", op), a!.offset, b!.offset, y.offset, dims);
  });
  return { outputs: [y] };
};
