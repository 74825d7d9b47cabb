import { RondoError } from "../errors.js";
import { generatorOf } from "../tensor/generator.js";
import type { RandomSource } from "../tensor/ops/random.js";
import { formatShape } from "../tensor/shape.js";
import { type DataLike, type HostArray, hostArray } from "./host-array.js";

/**
 * Cuts arrays in two without copying, in order: the first part for training, the last for testing. Shuffle before, unless
 * the order matters, as in time series.
 *
 * @param fraction share of the second part, above 0 and below 1.
 * @example const { train, test } = trainTestSplit(x, y, 0.2); await model.fit(train.x, train.y);
 */
export function trainTestSplit(
  x: DataLike,
  y: DataLike,
  fraction: number,
): { train: { x: HostArray; y: HostArray }; test: { x: HostArray; y: HostArray } } {
  const [inputs, targets] = [hostArray("x", x), hostArray("y", y)];
  const at = Math.floor(inputs.length * (1 - fraction));
  if (inputs.length !== targets.length || !(at > 0 && at < inputs.length)) {
    throw new RondoError("value", "trainTestSplit must leave examples on both sides", {
      received: `${fraction} of ${inputs.length} inputs and ${targets.length} targets`,
      expected: "as many targets as inputs, and a fraction above 0 and below 1",
    });
  }
  const part = (from: number, to: number) => ({ x: inputs.slice(from, to), y: targets.slice(from, to) });
  return { train: part(0, at), test: part(at, inputs.length) };
}

/**
 * The examples of several arrays in one new, random order, without copying them.
 *
 * @param random a seed or generator; the global one (see `setSeed`) by default.
 * @example const [x, y] = shuffleTogether([inputs, targets], 42);
 */
export function shuffleTogether(arrays: readonly DataLike[], random?: RandomSource): HostArray[] {
  const hosts = arrays.map((data, i) => hostArray(`array ${i}`, data));
  const [first] = hosts;
  if (!first || hosts.some((array) => array.length !== first.length)) {
    throw new RondoError("shape", "shuffleTogether needs arrays with the same number of examples", {
      received: hosts.map((array) => formatShape(array.shape)).join(", ") || "no arrays",
    });
  }
  const order = generatorOf(random).shuffle(Int32Array.from({ length: first.length }, (_, i) => i));
  return hosts.map((array) => array.select(order));
}
