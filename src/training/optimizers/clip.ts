import { allocate, type Tensor } from "../../tensor/tensor.js";

/** Limits on gradients; at most one is not null. */
export interface Clipping {
  readonly clipNorm: number | null;
  readonly clipValue: number | null;
  readonly globalClipNorm: number | null;
}

/** A gradient within the limits is `scale` times this tensor. */
export interface ClippedGradient {
  readonly gradient: Tensor;
  readonly scale: number;
}

/** Whether `clipGradients` looks at the norms of gradients. */
export function usesNorms({ clipNorm, globalClipNorm }: Clipping): boolean {
  return clipNorm !== null || globalClipNorm !== null;
}

/**
 * Brings gradients within the limits. The given tensors stay as they are: they may share memory with each other.
 *
 * @param squares `squaredNorm` of each, where known
 */
export function clipGradients(
  gradients: readonly Tensor[],
  clipping: Clipping,
  squares?: readonly number[] | null,
): readonly ClippedGradient[] {
  const { clipNorm, clipValue, globalClipNorm } = clipping;
  if (clipValue !== null) {
    return gradients.map((g) => {
      const gradient = allocate(g.shape);
      g.storage.engine.kernels.clip(g.offset, gradient.offset, g.size, -clipValue, clipValue);
      return { gradient, scale: 1 };
    });
  }
  if (!usesNorms(clipping)) return gradients.map((gradient) => ({ gradient, scale: 1 }));
  const each = squares ?? gradients.map(squaredNorm);
  const within = (limit: number, sum: number) => limit / Math.max(Math.sqrt(sum), limit);
  const total = each.reduce((sum, square) => sum + square, 0);
  return gradients.map((gradient, i) => ({
    gradient,
    scale: clipNorm !== null ? within(clipNorm, each[i]!) : within(globalClipNorm!, total),
  }));
}

/** The sum of squares of the elements; finite if and only if all of them are. */
export function squaredNorm(g: Tensor): number {
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
