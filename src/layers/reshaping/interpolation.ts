import { type Tensor, tensor } from "../../tensor/tensor.js";

const lanczos = (radius: number) => (x: number) =>
  x < 1e-3 ? 1 : (radius * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / radius)) / (Math.PI * x) ** 2;

/** How much an element counts by its distance from a place, and from which distance on it does not. */
const kernels = {
  bilinear: [(x: number) => 1 - x, 1],
  /** Keys 1981, a = -1/2. */
  bicubic: [(x: number) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2), 2],
  lanczos3: [lanczos(3), 3],
  lanczos5: [lanczos(5), 5],
} as const;

export type Interpolation = "nearest" | keyof typeof kernels;
export const interpolations: readonly Interpolation[] = ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"];

/**
 * The matrix [n · factor, n] that makes more of n elements. Both are thought of as equal parts of one length: element i of
 * the result lies at (i + 1/2) / factor - 1/2. Weights add up to 1, at the ends too, where some would lie outside.
 */
export function interpolationMatrix(
  interpolation: Exclude<Interpolation, "nearest">,
  n: number,
  factor: number,
): Tensor {
  const [weight, radius] = kernels[interpolation];
  const matrix = new Float32Array(n * factor * n);
  for (let i = 0; i < n * factor; i++) {
    const row = Array.from({ length: n }, (_, j) => {
      const distance = Math.abs((i + 0.5) / factor - 0.5 - j);
      return distance < radius ? weight(distance) : 0;
    });
    const total = row.reduce((sum, w) => sum + w, 0);
    matrix.set(
      row.map((w) => w / total),
      i * n,
    );
  }
  return tensor(matrix, [n * factor, n]);
}
