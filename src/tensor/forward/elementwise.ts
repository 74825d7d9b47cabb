import { type OpCode, opCode } from "../../backend/kernels.js";
import { writeDims } from "../dims.js";
import { broadcastShapes, broadcastStrides, type DType } from "../shape.js";
import { allocate, type Tensor } from "../tensor.js";
import type { Forward } from "./table.js";

/** y = op(x), float32. */
export const unary: Forward<{ op: OpCode<"unary"> }> = ([x], { op }) => {
  const y = allocate(x!.shape);
  x!.storage.engine.kernels.unary(opCode("unary", op), x!.offset, y.offset, x!.size);
  return { outputs: [y] };
};

/** y = op(x), int32; logicalNot gives bool. */
export const unaryInt: Forward<{ op: OpCode<"unaryInt"> }> = ([x], { op }) => {
  const y = allocate(x!.shape, op === "logicalNot" ? "bool" : "int32");
  x!.storage.engine.kernels.unaryInt(opCode("unaryInt", op), x!.offset, y.offset, x!.size);
  return { outputs: [y] };
};

/** y = op(x), float32 -> bool. */
export const classify: Forward<{ op: OpCode<"classify"> }> = ([x], { op }) => {
  const y = allocate(x!.shape, "bool");
  x!.storage.engine.kernels.classify(opCode("classify", op), x!.offset, y.offset, x!.size);
  return { outputs: [y] };
};

/** The result's tensor and the offset of the sizes and strides, for kernels of two broadcast operands. */
function broadcast(a: Tensor, b: Tensor, dtype: DType, where: string): { y: Tensor; dims: number } {
  const shape = broadcastShapes(a.shape, b.shape, where);
  const y = allocate(shape, dtype);
  if (y.size === 0) return { y, dims: 0 };
  const { engine } = y.storage;
  return { y, dims: writeDims(engine, shape, broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)) };
}

/** y = op(a, b) with broadcasting, float32. */
export const binary: Forward<{ op: OpCode<"binary"> }> = ([a, b], { op }) => {
  const { y, dims } = broadcast(a!, b!, "float32", op);
  if (dims) y.storage.engine.kernels.binary(opCode("binary", op), a!.offset, b!.offset, y.offset, dims);
  return { outputs: [y] };
};

/** y = op(a, b) with broadcasting, int32; logical operations give bool. */
export const binaryInt: Forward<{ op: OpCode<"binaryInt"> }> = ([a, b], { op }) => {
  const { y, dims } = broadcast(a!, b!, op.startsWith("logical") ? "bool" : "int32", op);
  if (dims) y.storage.engine.kernels.binaryInt(opCode("binaryInt", op), a!.offset, b!.offset, y.offset, dims);
  return { outputs: [y] };
};

/** y = op(a, b) with broadcasting, two float32 or two integer tensors -> bool. */
export const compare: Forward<{ op: OpCode<"compare"> }> = ([a, b], { op }) => {
  const { y, dims } = broadcast(a!, b!, "bool", op);
  const { kernels } = y.storage.engine;
  const kernel = a!.dtype === "float32" ? kernels.compare : kernels.compareInt;
  if (dims) kernel(opCode("compare", op), a!.offset, b!.offset, y.offset, dims);
  return { outputs: [y] };
};

/** y = condition ? a : b; all of one shape, a and b of one type. */
export const select: Forward<object> = ([condition, a, b]) => {
  const y = allocate(a!.shape, a!.dtype);
  y.storage.engine.kernels.select(condition!.offset, a!.offset, b!.offset, y.offset, y.size);
  return { outputs: [y] };
};

/** y = min(max(x, low), high), float32. */
export const clip: Forward<{ low: number; high: number }> = ([x], { low, high }) => {
  const y = allocate(x!.shape);
  y.storage.engine.kernels.clip(x!.offset, y.offset, x!.size, low, high);
  return { outputs: [y] };
};

/** dx = low <= x <= high ? dy : 0, for the gradient of clip; inputs x and dy. */
export const clipGrad: Forward<{ low: number; high: number }> = ([x, dy], { low, high }) => {
  const dx = allocate(x!.shape);
  dx.storage.engine.kernels.clipBackward(x!.offset, dy!.offset, dx.offset, x!.size, low, high);
  return { outputs: [dx] };
};

/** Another element type: towards int32 fractions are cut off, NaN gives 0; towards bool anything but 0 is true. */
export const cast: Forward<{ dtype: DType }> = ([x], { dtype }) => {
  const from = x!.dtype;
  if (from === "bool" && dtype === "int32") return { outputs: [x!.alias(x!.shape, dtype)] };
  const y = allocate(x!.shape, dtype);
  const { kernels } = y.storage.engine;
  const kernel =
    dtype === "float32"
      ? kernels.castIntToFloat
      : from !== "float32"
        ? kernels.castIntToBool
        : dtype === "int32"
          ? kernels.castFloatToInt
          : kernels.castFloatToBool;
  kernel(x!.offset, y.offset, x!.size);
  return { outputs: [y] };
};
