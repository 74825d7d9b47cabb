import { RondoError } from "../../errors.js";
import { type Generator, generatorOf } from "../generator.js";
import { formatShape, type Shape } from "../shape.js";
import { allocate, checkShape, type Tensor, type TensorLike, tensor } from "../tensor.js";
import { add, mul } from "./arithmetic.js";
import { less } from "./comparison.js";
import { expandDims, reshape } from "./movement.js";
import { float } from "./operands.js";
import { argMax } from "./reduce.js";
import { log, neg } from "./unary.js";

/** A generator, a seed, or nothing for the global generator (see `setSeed`). */
export type RandomSource = Generator | number;

function checkFinite(where: string, numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isFinite(value))
      throw new RondoError("value", `${where}: ${name} must be finite`, { received: `${value}` });
  }
}

function checkDeviation(where: string, stddev: number): void {
  if (stddev < 0) throw new RondoError("value", `${where}: stddev must be at least 0`, { received: String(stddev) });
}

/** Evenly distributed in [low, high), float32. @example randomUniform([2, 3], -1, 1) */
export function randomUniform(shape: Shape, low = 0, high = 1, random?: RandomSource): Tensor {
  checkShape(shape);
  checkFinite("randomUniform", { low, high });
  const t = allocate(shape);
  t.storage.engine.kernels.randomUniform(t.offset, t.size, low, high, ...generatorOf(random).nextKey());
  return t;
}

/** Normally distributed, float32. @example randomNormal([2, 3], 0, 0.05) */
export function randomNormal(shape: Shape, mean = 0, stddev = 1, random?: RandomSource): Tensor {
  checkShape(shape);
  checkFinite("randomNormal", { mean, stddev });
  checkDeviation("randomNormal", stddev);
  const t = allocate(shape);
  t.storage.engine.kernels.randomNormal(t.offset, t.size, mean, stddev, ...generatorOf(random).nextKey());
  return t;
}

/**
 * Normally distributed within two standard deviations of the mean, float32.
 *
 * @example truncatedNormal([2, 3], 0, 0.05)
 */
export function truncatedNormal(shape: Shape, mean = 0, stddev = 1, random?: RandomSource): Tensor {
  checkShape(shape);
  checkFinite("truncatedNormal", { mean, stddev });
  checkDeviation("truncatedNormal", stddev);
  const t = allocate(shape);
  t.storage.engine.kernels.randomTruncatedNormal(t.offset, t.size, mean, stddev, ...generatorOf(random).nextKey());
  return t;
}

/** True with the probability given, bool. @example bernoulli([100], 0.25) */
export function bernoulli(shape: Shape, probability = 0.5, random?: RandomSource): Tensor {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RondoError("value", "bernoulli needs a probability from 0 to 1", { received: String(probability) });
  }
  return less(randomUniform(shape, 0, 1, random), probability);
}

/**
 * What dropout multiplies by: 0 with probability `rate`, else 1 / (1 - rate); float32. Rate in [0, 1).
 *
 * @example mul(x, dropoutMask(x.shape, 0.2))
 */
export function dropoutMask(shape: Shape, rate: number, random?: RandomSource): Tensor {
  checkShape(shape);
  if (!(rate >= 0 && rate < 1)) {
    throw new RondoError("value", "a dropout rate is at least 0 and below 1", { received: String(rate) });
  }
  const t = allocate(shape);
  t.storage.engine.kernels.dropoutMask(t.offset, t.size, rate, ...generatorOf(random).nextKey());
  return t;
}

/**
 * Sets a fraction `rate` of the elements to 0 and scales the others by 1 / (1 - rate). Rate in [0, 1).
 *
 * @example dropout(x, 0.2)
 */
export function dropout(x: TensorLike, rate: number, random?: RandomSource): Tensor {
  const t = float(x);
  return rate === 0 ? t : mul(t, dropoutMask(t.shape, rate, random));
}

/** Whole numbers in [low, high), evenly distributed, int32. @example randomInt([10], 0, 6) */
export function randomInt(shape: Shape, low: number, high: number, random?: RandomSource): Tensor {
  checkShape(shape);
  if ((low | 0) !== low || (high | 0) !== high || low >= high) {
    throw new RondoError("value", "randomInt needs whole bounds with low < high", { received: `[${low}, ${high})` });
  }
  const generator = generatorOf(random).split();
  const values = new Int32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i++) values[i] = generator.int(low, high);
  return tensor(values, shape, "int32");
}

/** The numbers 0 … n - 1 in random order, int32. @example gather(x, permutation(x.shape[0])) */
export function permutation(n: number, random?: RandomSource): Tensor {
  if (!Number.isInteger(n) || n < 0) {
    throw new RondoError("value", "permutation needs a whole number of at least 0", { received: String(n) });
  }
  return tensor(
    generatorOf(random)
      .split()
      .shuffle(Int32Array.from({ length: n }, (_, i) => i)),
  );
}

/**
 * Draws class numbers from softmax(logits): logits [classes] -> [count], [batch, classes] -> [batch, count], int32.
 * By the Gumbel-max method: the position of the largest logit + Gumbel noise.
 * Throws RondoError "value" when a logit is NaN.
 *
 * @example categorical([0, 0, 5], 10)
 */
export function categorical(logits: TensorLike, count = 1, random?: RandomSource): Tensor {
  const t = float(logits);
  const rows = t.rank === 1 ? expandDims(t, 0) : t;
  if (rows.rank !== 2 || t.size === 0) {
    throw new RondoError("shape", "categorical needs logits [classes] or [batch, classes]", {
      received: formatShape(t.shape),
    });
  }
  if (t.view().some(Number.isNaN)) {
    throw new RondoError("value", "categorical: a logit is NaN", {
      fix: "look for NaN in the model's weights or inputs",
    });
  }
  const [batch, classes] = rows.shape as [number, number];
  const uniform = randomUniform([batch, count, classes], 2 ** -25, 1 - 2 ** -23, random);
  const noise = neg(log(neg(log(uniform))));
  const drawn = argMax(add(reshape(rows, [batch, 1, classes]), noise), -1);
  return t.rank === 1 ? reshape(drawn, [count]) : drawn;
}
