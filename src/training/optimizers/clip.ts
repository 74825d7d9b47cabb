import { allocate, type Tensor } from "../../tensor/tensor.js";

/** Limits on gradients; at most one is not null. */
export interface Clipping {
  readonly clipNorm: number | null;
  readonly clipValue: number | null;
  readonly globalClipNorm: number | null;
}

/** The gradients within the limits. The given tensors stay as they are: they may share memory with each other. */
export function clipGradients(gradients: readonly Tensor[], clipping: Clipping): readonly Tensor[] {
  const { clipNorm, clipValue, globalClipNorm } = clipping;
  if (clipNorm !== null) return gradients.map((g) => scaled(g, clipNorm / Math.max(Math.sqrt(squares(g)), clipNorm)));
  if (globalClipNorm !== null) {
    const norm = globalNorm(gradients);
    const factor = globalClipNorm / Math.max(norm, globalClipNorm);
    return gradients.map((g) => scaled(g, factor));
  }
  if (clipValue !== null) {
    return gradients.map((g) => {
      const result = allocate(g.shape);
      g.storage.engine.kernels.clip(g.offset, result.offset, g.size, -clipValue, clipValue);
      return result;
    });
  }
  return gradients;
}

/** Euclidean norm of all gradients taken together. */
export function globalNorm(gradients: readonly Tensor[]): number {
  let sum = 0;
  for (const g of gradients) sum += squares(g);
  return Math.sqrt(sum);
}

function squares(g: Tensor): number {
  const result = allocate([]);
  g.storage.engine.kernels.sumSquares(g.offset, result.offset, g.size);
  const sum = result.item();
  result.dispose();
  if (Number.isFinite(sum)) return sum;
  // Finite elements whose squares exceed float32: doubles hold them.
  let exact = 0;
  for (const x of g.view()) exact += x * x;
  return exact;
}

function scaled(g: Tensor, factor: number): Tensor {
  if (factor === 1) return g;
  const result = allocate(g.shape);
  result.view().fill(0);
  g.storage.engine.kernels.axpy(factor, g.offset, result.offset, g.size);
  return result;
}
