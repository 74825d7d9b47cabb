import { checkOptions, RondoError } from "../errors.js";
import { formatShape } from "../tensor/shape.js";
import { type DataLike, type HostArray, hostArray } from "./host-array.js";

/** Options of `timeSeriesWindows`. */
export interface WindowOptions {
  /** Steps of input in a window. */
  length: number;
  /** Steps to predict, directly after the window. 1 by default. */
  horizon?: number;
  /** Steps from the beginning of one window to that of the next. 1 by default. */
  stride?: number;
  /** What to predict: columns of the series. All by default. */
  targets?: readonly number[];
}

/**
 * Overlapping windows over a series [time] or [time, features], each with the steps that follow it as target:
 * x [windows, length, features], y [windows, horizon, targets]; with a horizon of 1, y is [windows, targets].
 * No copies are made: a window is a view of the series.
 *
 * @example const { x, y } = timeSeriesWindows(temperatures, { length: 24 }); // predict the next hour from a day
 */
export function timeSeriesWindows(series: DataLike, options: WindowOptions): { x: HostArray; y: HostArray } {
  checkOptions("timeSeriesWindows", options, ["length", "horizon", "stride", "targets"]);
  const { length, horizon = 1, stride = 1 } = options;
  for (const [name, n] of Object.entries({ length, horizon, stride })) {
    if (Number.isInteger(n) && n >= 1) continue;
    throw new RondoError("value", `timeSeriesWindows: ${name} must be a whole number of at least 1`, {
      received: `${name} = ${n}`,
    });
  }
  const source = hostArray("the series", series);
  const [time, features = 1] = source.shape as [number, number?];
  if (source.shape.length > 2) {
    throw new RondoError("shape", "timeSeriesWindows takes one series", {
      received: formatShape(source.shape),
      expected: "[time] or [time, features]",
    });
  }
  const count = Math.floor((time - length - horizon) / stride) + 1;
  if (count < 1) {
    throw new RondoError("data", "the series is too short for a single window", {
      received: `${time} steps`,
      expected: `at least ${length + horizon} (length ${length} + horizon ${horizon})`,
    });
  }
  const x = source.windows(count, length, stride, 0);
  const columns = options.targets;
  if (!columns) return { x, y: shaped(source.windows(count, horizon, stride, length), horizon, features) };
  for (const c of columns) {
    if (Number.isInteger(c) && c >= 0 && c < features) continue;
    throw new RondoError("value", "timeSeriesWindows: there is no such column to predict", {
      received: String(c),
      expected: `0 to ${features - 1}`,
    });
  }
  const chosen = new Float32Array(time * columns.length);
  for (let t = 0; t < time; t++) {
    const row = source.row(t);
    columns.forEach((c, k) => {
      chosen[t * columns.length + k] = row[c]!;
    });
  }
  const target = hostArray("the targets", { values: chosen, shape: [time, columns.length] });
  return { x, y: shaped(target.windows(count, horizon, stride, length), horizon, columns.length) };
}

/** One step ahead needs no time axis. */
function shaped(y: HostArray, horizon: number, features: number): HostArray {
  return horizon === 1 ? y.reshaped([y.length, features]) : y;
}
