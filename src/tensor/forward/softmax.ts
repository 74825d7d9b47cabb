import { type Shape, sizeOf } from "../shape.js";
import { allocate } from "../tensor.js";
import type { Forward } from "./table.js";

/** A shape as a matrix of rows along its last axis. */
function asRows(shape: Shape): [rows: number, n: number] {
  return [sizeOf(shape.slice(0, -1)), shape.at(-1)!];
}

/** y = exp(x) / sum(exp(x)) along the last axis. */
export const softmax: Forward<object> = ([x]) => {
  const y = allocate(x!.shape);
  if (y.size > 0) y.storage.engine.kernels.softmaxForward(x!.offset, y.offset, ...asRows(x!.shape));
  return { outputs: [y] };
};

/** Inputs y and dy; dx = y (dy - sum(y dy)). */
export const softmaxGrad: Forward<object> = ([y, dy]) => {
  const dx = allocate(y!.shape);
  if (dx.size > 0) dx.storage.engine.kernels.softmaxBackward(y!.offset, dy!.offset, dx.offset, ...asRows(y!.shape));
  return { outputs: [dx] };
};

/** y = x - log(sum(exp(x))) along the last axis. */
export const logSoftmax: Forward<object> = ([x]) => {
  const y = allocate(x!.shape);
  if (y.size > 0) y.storage.engine.kernels.logSoftmaxForward(x!.offset, y.offset, ...asRows(x!.shape));
  return { outputs: [y] };
};

/** Inputs y and dy; dx = dy - exp(y) sum(dy). */
export const logSoftmaxGrad: Forward<object> = ([y, dy]) => {
  const dx = allocate(y!.shape);
  if (dx.size > 0) dx.storage.engine.kernels.logSoftmaxBackward(y!.offset, dy!.offset, dx.offset, ...asRows(y!.shape));
  return { outputs: [dx] };
};

/** Inputs logits [rows…, n] and targets [rows…]; loss [rows…]. Keeps the probabilities for backward. */
export const sparseCrossEntropy: Forward<object> = ([logits, targets], _attributes, keep) => {
  const loss = allocate(targets!.shape);
  const probabilities = keep ? allocate(logits!.shape) : null;
  if (logits!.size > 0) {
    loss.storage.engine.kernels.sparseCrossEntropyForward(
      logits!.offset,
      targets!.offset,
      loss.offset,
      probabilities?.offset ?? 0,
      ...asRows(logits!.shape),
    );
  }
  return { outputs: [loss], saved: probabilities ? [probabilities] : [] };
};

/** Inputs logits, targets, dloss [rows…] and the kept probabilities; dlogits = dloss (probabilities - onehot). */
export const sparseCrossEntropyGrad: Forward<object> = ([logits, targets, dloss, probabilities]) => {
  const dlogits = allocate(logits!.shape);
  if (dlogits.size > 0) {
    dlogits.storage.engine.kernels.sparseCrossEntropyBackward(
      probabilities!.offset,
      targets!.offset,
      dloss!.offset,
      dlogits.offset,
      ...asRows(logits!.shape),
    );
  }
  return { outputs: [dlogits] };
};
