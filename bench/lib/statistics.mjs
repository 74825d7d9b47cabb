// The few numbers every table is made of.

/** The value below which the fraction `part` of a sorted list lies, interpolated between neighbours; NaN for none. */
export function quantile(sorted, part) {
  if (sorted.length === 0) return Number.NaN;
  const at = part * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/** First quartile, median and third quartile. */
export function quartiles(values) {
  const sorted = Float64Array.from(values).sort();
  return [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)];
}

export const median = (values) => quartiles(values)[1];

/** The mean of ratios: twice as fast and half as fast make 1. NaN for none. */
export function geometricMean(values) {
  let sum = 0;
  for (const value of values) sum += Math.log(value);
  return Math.exp(sum / values.length);
}

/** Rounded to so many significant digits, as a number: results files stay small and readable. */
export const significant = (value, digits = 4) => Number(value.toPrecision(digits));

/**
 * What one case's rounds say. `rounds` has one entry per round: milliseconds per step by system. Ratios are taken within a
 * round, where the machine was the same for everybody, and only then summarized.
 * @returns {Record<string, { ms: number[], ratio?: number[] }>} quartiles by system; `ratio` is time over the base's time.
 */
export function summarize(rounds, base) {
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round)))];
  const systems = {};
  for (const name of names) {
    const own = rounds.filter((round) => name in round);
    systems[name] = { ms: quartiles(own.map((round) => round[name])).map((x) => significant(x)) };
    const both = own.filter((round) => base in round);
    if (name === base || both.length === 0) continue;
    systems[name].ratio = quartiles(both.map((round) => round[name] / round[base])).map((x) => significant(x));
  }
  return systems;
}
