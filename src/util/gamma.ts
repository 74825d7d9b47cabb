const SHIFT = 12;

/** log Γ(x) for x > 0: Stirling's series above 12, Γ(x + 1) = x Γ(x) below (Abramowitz and Stegun 6.1.40, 6.1.15). */
export function logGamma(x: number): number {
  let product = 1;
  let y = x;
  for (; y < SHIFT; y++) product *= y;
  const s = 1 / (y * y);
  const series = (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s / 1680))) / y;
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}

/** The derivative of log Γ(x) for x > 0 (Abramowitz and Stegun 6.3.18, 6.3.5). */
export function digamma(x: number): number {
  let below = 0;
  let y = x;
  for (; y < SHIFT; y++) below += 1 / y;
  const s = 1 / (y * y);
  return Math.log(y) - 0.5 / y - s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s / 240))) - below;
}
