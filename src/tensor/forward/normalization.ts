import { allocate, type Tensor } from "../tensor.js";
import type { Forward } from "./table.js";

/** Inputs x [..., n], gamma [n], beta [n]; y = (x - mean) / sqrt(variance + epsilon) gamma + beta along the last axis. */
export const layerNorm: Forward<{ readonly epsilon: number }> = ([x, gamma, beta], { epsilon }, keep) => {
  const y = allocate(x!.shape);
  const n = gamma!.size;
  const rows = x!.size / n;
  const stats = keep ? allocate([rows, 2]) : null;
  const { kernels } = y.storage.engine;
  const to = [y.offset, stats?.offset ?? 0] as const;
  if (rows > 0) kernels.layerNormForward(x!.offset, gamma!.offset, beta!.offset, ...to, rows, n, epsilon);
  return { outputs: [y], saved: stats ? [stats] : [] };
};

/** Inputs x, gamma, dy and the kept mean and factor of every row; gradients of x, gamma and beta. */
export const layerNormGrad: Forward<{ readonly epsilon: number }> = (inputs) => {
  const [x, gamma, dy, stats] = inputs as readonly [Tensor, Tensor, Tensor, Tensor];
  const [dx, dGamma, dBeta] = [allocate(x.shape), allocate(gamma.shape), allocate(gamma.shape)];
  const n = gamma.size;
  const given = [x.offset, gamma.offset, stats.offset, dy.offset] as const;
  x.storage.engine.kernels.layerNormBackward(...given, dx.offset, dGamma.offset, dBeta.offset, x.size / n, n);
  return { outputs: [dx, dGamma, dBeta] };
};
