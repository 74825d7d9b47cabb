const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

/**
 * The error function in double precision.
 *
 * erf x = 2/sqrt(pi) exp(-x²) (x + 2x³/3 + 4x⁵/15 + …), whose terms all have one sign, so nothing cancels
 * (Abramowitz and Stegun 7.1.6). From 6 on it is 1 to double precision.
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum;
}

/** 1 - erf x for x >= 2, without cancellation: the continued fraction of Abramowitz and Stegun 7.1.14. */
function erfcTail(x: number): number {
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

/** Distribution function of the standard normal: the share of it below x. */
export function normalCdf(x: number): number {
  const t = x / Math.SQRT2;
  if (t < -2) return 0.5 * erfcTail(-t);
  return 0.5 * (1 + erf(t));
}

/** The x with normalCdf(x) = p, by Newton's method from 0, which approaches it from one side. For 0 < p < 1. */
export function normalQuantile(p: number): number {
  let x = 0;
  for (let step = 0; step < 100; step++) {
    const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
    const change = (p - normalCdf(x)) / density;
    x += change;
    if (Math.abs(change) < 1e-14) break;
  }
  return x;
}
