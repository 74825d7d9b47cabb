import { RondoError } from "../errors.js";
import { mul } from "../tensor/ops/arithmetic.js";
import { eye, fill, ones, zeros } from "../tensor/ops/creation.js";
import { reshape, transpose } from "../tensor/ops/movement.js";
import { type RandomSource, randomNormal, randomUniform, truncatedNormal } from "../tensor/ops/random.js";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { chronoBias } from "./chrono.js";
import { type Described, factories, resolve, row, type Spec } from "./named.js";
import { orthonormalizeRows } from "./orthogonal.js";

/** From a weight's shape to its first value. */
export type InitializerFunction = (shape: Shape) => Tensor;
/** Makes the first value of a weight from its shape, ready for use. */
export type Initializer = Described<InitializerFunction>;

type Mode = "fanIn" | "fanOut" | "fanAvg";
type Distribution = "uniform" | "normal" | "truncatedNormal" | "untruncatedNormal";

/** Standard deviation of a normal distribution of deviation 1 that is cut off at ±2. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

const none = null as number | null;
const source = (seed: number | null): RandomSource | undefined => seed ?? undefined;

/** Numbers of inputs and outputs of a weight; everything before the last two axes is a window. */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 };
  const window = sizeOf(shape.slice(0, -2));
  return { fanIn: shape[shape.length - 2]! * window, fanOut: shape[shape.length - 1]! * window };
}

/** Variance scale / fan. Glorot and Bengio 2010, He et al. 2015, LeCun et al. 1998. */
function scaled(scale: number, mode: Mode, distribution: Distribution, seed: number | null): InitializerFunction {
  return (shape) => {
    const { fanIn, fanOut } = fans(shape);
    const fan = { fanIn, fanOut, fanAvg: (fanIn + fanOut) / 2 }[mode];
    const variance = scale / Math.max(1, fan);
    const limit = Math.sqrt(3 * variance);
    if (distribution === "uniform") return randomUniform(shape, -limit, limit, source(seed));
    if (distribution === "untruncatedNormal") return randomNormal(shape, 0, Math.sqrt(variance), source(seed));
    return truncatedNormal(shape, 0, Math.sqrt(variance) / TRUNCATED_DEVIATION, source(seed));
  };
}

const scaledRow = (scale: number, mode: Mode, distribution: Distribution) =>
  row({ seed: none }, ({ seed }) => scaled(scale, mode, distribution, seed));

function choose<V extends string>(option: string, value: string, choices: readonly V[]): V {
  if ((choices as readonly string[]).includes(value)) return value as V;
  throw new RondoError("option", `initializer "varianceScaling" cannot use this ${option}`, {
    received: JSON.stringify(value),
    expected: choices.join(", "),
  });
}

/** A matrix with orthonormal rows or columns, whichever are fewer; leading axes count as rows (Saxe et al. 2014). */
function orthogonal(shape: Shape, gain: number, seed: number | null): Tensor {
  if (shape.length < 2) {
    throw new RondoError("shape", 'initializer "orthogonal" needs at least two axes', { received: formatShape(shape) });
  }
  const columns = shape[shape.length - 1]!;
  const rows = sizeOf(shape.slice(0, -1));
  const vectors = randomNormal([Math.min(rows, columns), Math.max(rows, columns)], 0, 1, source(seed));
  orthonormalizeRows(vectors);
  const matrix = reshape(rows > columns ? transpose(vectors) : vectors, shape);
  return gain === 1 ? matrix : mul(matrix, gain);
}

/** Every initializer by name; distributions and defaults of Keras 3. A seed of null draws from the global generator. */
export const initializerTable = {
  /** 0 everywhere. @example initializers.zeros() */
  zeros: row({}, () => (shape: Shape) => zeros(shape)),
  /** 1 everywhere. @example initializers.ones() */
  ones: row({}, () => (shape: Shape) => ones(shape)),
  /** `value` everywhere. @example initializers.constant({ value: 0.5 }) */
  constant: row(
    { value: 0 },
    ({ value }) =>
      (shape: Shape) =>
        fill(shape, value),
  ),
  /**
   * The bias of LSTM or GRU layers that are to remember for up to maxTime steps (Tallec and Ollivier 2018): half-lives are
   * spread evenly up to there. cell: "lstm" (in place of unitForgetBias), "gru". Only for `biasInitializer`.
   *
   * @example layers.lstm({ units: 64, unitForgetBias: false, biasInitializer: initializers.chrono({ maxTime: 400 }) })
   */
  chrono: row(
    { maxTime: 100, cell: "lstm" as string, seed: none },
    ({ maxTime, cell, seed }) =>
      (shape: Shape) =>
        chronoBias(shape, cell, maxTime, source(seed)),
  ),
  /** Evenly distributed in [minval, maxval). @example initializers.randomUniform({ minval: -0.1, maxval: 0.1 }) */
  randomUniform: row(
    { minval: -0.05, maxval: 0.05, seed: none },
    ({ minval, maxval, seed }) =>
      (shape: Shape) =>
        randomUniform(shape, minval, maxval, source(seed)),
  ),
  /** Normally distributed. @example initializers.randomNormal({ stddev: 0.1, seed: 1 }) */
  randomNormal: row(
    { mean: 0, stddev: 0.05, seed: none },
    ({ mean, stddev, seed }) =>
      (shape: Shape) =>
        randomNormal(shape, mean, stddev, source(seed)),
  ),
  /**
   * Normally distributed within two standard deviations of the mean.
   *
   * @example initializers.truncatedNormal({ stddev: 0.1 })
   */
  truncatedNormal: row(
    { mean: 0, stddev: 0.05, seed: none },
    ({ mean, stddev, seed }) =>
      (shape: Shape) =>
        truncatedNormal(shape, mean, stddev, source(seed)),
  ),
  /**
   * Random with variance scale / fan.
   * mode: "fanIn", "fanOut", "fanAvg"; distribution: "uniform", "truncatedNormal" (or "normal"), "untruncatedNormal".
   *
   * @example initializers.varianceScaling({ scale: 2, mode: "fanOut" })
   */
  varianceScaling: row(
    { scale: 1, mode: "fanIn" as string, distribution: "truncatedNormal" as string, seed: none },
    ({ scale, mode, distribution, seed }) =>
      scaled(
        scale,
        choose<Mode>("mode", mode, ["fanIn", "fanOut", "fanAvg"]),
        choose<Distribution>("distribution", distribution, [
          "uniform",
          "normal",
          "truncatedNormal",
          "untruncatedNormal",
        ]),
        seed,
      ),
  ),
  /**
   * Evenly distributed with variance 2 / (fanIn + fanOut) (Glorot and Bengio 2010).
   *
   * @example initializers.glorotUniform({ seed: 1 })
   */
  glorotUniform: scaledRow(1, "fanAvg", "uniform"),
  /**
   * Truncated normal with variance 2 / (fanIn + fanOut) (Glorot and Bengio 2010).
   *
   * @example initializers.glorotNormal()
   */
  glorotNormal: scaledRow(1, "fanAvg", "truncatedNormal"),
  /** Evenly distributed with variance 2 / fanIn (He et al. 2015). @example initializers.heUniform() */
  heUniform: scaledRow(2, "fanIn", "uniform"),
  /** Truncated normal with variance 2 / fanIn (He et al. 2015). @example initializers.heNormal() */
  heNormal: scaledRow(2, "fanIn", "truncatedNormal"),
  /** Evenly distributed with variance 1 / fanIn (LeCun et al. 1998). @example initializers.lecunUniform() */
  lecunUniform: scaledRow(1, "fanIn", "uniform"),
  /** Truncated normal with variance 1 / fanIn (LeCun et al. 1998). @example initializers.lecunNormal() */
  lecunNormal: scaledRow(1, "fanIn", "truncatedNormal"),
  /**
   * A random matrix with orthonormal rows or columns, whichever are fewer, times gain; leading axes count as rows (Saxe et
   * al. 2014, arXiv 1312.6120).
   *
   * @example initializers.orthogonal({ gain: 1.4 })
   */
  orthogonal: row(
    { gain: 1, seed: none },
    ({ gain, seed }) =>
      (shape: Shape) =>
        orthogonal(shape, gain, seed),
  ),
  /** gain on the diagonal of a matrix, 0 elsewhere. @example initializers.identity({ gain: 0.5 }) */
  identity: row({ gain: 1 }, ({ gain }) => (shape: Shape) => {
    if (shape.length !== 2) {
      throw new RondoError("shape", 'initializer "identity" makes matrices', { received: formatShape(shape) });
    }
    return mul(eye(shape[0]!, shape[1]!), gain);
  }),
};

/** A name, { name, ...options }, or a function from shape to tensor. */
export type InitializerSpec = Spec<typeof initializerTable>;

/**
 * Initializers with options: `initializers.randomNormal({ stddev: 0.1, seed: 1 })`.
 *
 * @example layers.dense({ units: 8, kernelInitializer: initializers.heNormal({ seed: 1 }) })
 */
export const initializers = factories("initializer", initializerTable);

export function getInitializer(spec: InitializerSpec, path?: string): Initializer {
  return resolve<InitializerFunction>("initializer", initializerTable, spec, path);
}
