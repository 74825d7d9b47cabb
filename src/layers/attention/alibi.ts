import { type Tensor, tensor } from "../../tensor/tensor.js";

/**
 * How fast the scores of each head fall with distance (Press et al. 2022, arXiv 2108.12409): 2^(-8 h / heads) for head
 * h = 1, 2, …; where heads is not a power of two, those of the power below it, then every other one of the power above.
 */
export function alibiSlopes(heads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(heads));
  const slopes = (count: number) => Array.from({ length: count }, (_, h) => 2 ** ((-8 * (h + 1)) / count));
  const between = slopes(2 * power).filter((_, h) => h % 2 === 0);
  return [...slopes(power), ...between.slice(0, heads - power)];
}

/** What is added to scores, [1, heads, queries, keys]: -slope · distance. */
export function alibiBias(heads: number, queries: number, keys: number): Tensor {
  const slopes = alibiSlopes(heads);
  const bias = Float32Array.from({ length: heads * queries * keys }, (_, i) => {
    const [head, query, key] = [Math.floor(i / keys / queries), Math.floor(i / keys) % queries, i % keys];
    return -slopes[head]! * Math.abs(query - key);
  });
  return tensor(bias, [1, heads, queries, keys]);
}
