import { RondoError } from "../errors.js";
import { add, div, minimum, mul, sub } from "../tensor/ops/arithmetic.js";
import { cast, clip, greater, greaterEqual, where } from "../tensor/ops/comparison.js";
import { arange } from "../tensor/ops/creation.js";
import { topK } from "../tensor/ops/indexing.js";
import { transpose } from "../tensor/ops/movement.js";
import { cumsum, max, sum } from "../tensor/ops/reduce.js";
import { split } from "../tensor/ops/slicing.js";
import { logSoftmax, softmax } from "../tensor/ops/softmax.js";
import * as ops from "../tensor/ops/unary.js";
import { formatShape, normalizeAxis } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { type Described, factories, resolve, row, type Spec } from "./named.js";

/** From a tensor to a tensor of the same shape (only "glu" halves an axis). */
export type ActivationFunction = (x: Tensor) => Tensor;
/** A function of tensors, ready for use. */
export type Activation = Described<ActivationFunction>;

const none = null as number | null;
const plain = (f: ActivationFunction) => row({}, () => f);

/** Constants of Klambauer et al. 2017, "Self-Normalizing Neural Networks" (arXiv 1706.02515). */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

const hardSilu = (x: Tensor) => mul(x, ops.hardSigmoid(x));

/** alpha (exp(x) - 1) below 0, x above. */
const scaledElu = (x: Tensor, alpha: number) =>
  alpha === 1 ? ops.elu(x) : where(greater(x, 0), x, mul(ops.elu(x), alpha));

/**
 * The point of the probability simplex nearest to x along an axis (Martins and Astudillo 2016, arXiv 1602.02068):
 * max(x - τ, 0), τ such that the outputs add up to 1.
 */
function sparsemax(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.rank, "sparsemax");
  const last = x.rank - 1;
  if (at !== last) {
    const swap = x.shape.map((_, i) => (i === at ? last : i === last ? at : i));
    return transpose(sparsemax(transpose(x, swap), -1), swap);
  }
  // The distance from the largest value, so that sums of large numbers lose no digits.
  const z = sub(x, max(x, -1, true));
  const size = x.shape[last]!;
  const sorted = topK(z, size).values;
  const support = greater(add(mul(sorted, arange(1, size + 1)), 1), cumsum(sorted, -1));
  const threshold = div(sub(sum(where(support, sorted, 0), -1, true), 1), sum(cast(support, "float32"), -1, true));
  return ops.relu(sub(z, threshold));
}

/**
 * Every activation by name, with its options. Formulas are those of Keras 3, except that its sparsemax (3.15) does not
 * add up to 1 where several outputs are above 0; the one here does.
 */
export const activationTable = {
  /** x itself. @example activations.linear() */
  linear: plain((x) => x),
  /** Hyperbolic tangent. @example activations.tanh() */
  tanh: plain(ops.tanh),
  /** 1 / (1 + exp(-x)) @example activations.sigmoid() */
  sigmoid: plain(ops.sigmoid),
  /** clip(x / 6 + 0.5, 0, 1) @example activations.hardSigmoid() */
  hardSigmoid: plain(ops.hardSigmoid),
  /**
   * clip(0.2 x + 0.5, 0, 1): what Keras 2, TF.js and ONNX call hard sigmoid; for models that come from there.
   *
   * @example activations.hardSigmoidKeras2()
   */
  hardSigmoidKeras2: plain((x) => clip(add(mul(x, 0.2), 0.5), 0, 1)),
  /**
   * max(x, 0); with options: below `threshold` negativeSlope (x - threshold), and at most maxValue.
   *
   * @example activations.relu({ maxValue: 6 })
   */
  relu: row(
    { negativeSlope: 0, maxValue: none, threshold: 0 },
    ({ negativeSlope, maxValue, threshold }) =>
      (x: Tensor) => {
        if (negativeSlope === 0 && threshold === 0) return maxValue === null ? ops.relu(x) : clip(x, 0, maxValue);
        const y = where(greater(x, threshold), x, mul(sub(x, threshold), negativeSlope));
        return maxValue === null ? y : minimum(y, maxValue);
      },
  ),
  /** min(max(x, 0), 6) @example activations.relu6() */
  relu6: plain((x) => clip(x, 0, 6)),
  /** x above 0, negativeSlope x below. @example activations.leakyRelu({ negativeSlope: 0.1 }) */
  leakyRelu: row(
    { negativeSlope: 0.2 },
    ({ negativeSlope }) =>
      (x: Tensor) =>
        where(greater(x, 0), x, mul(x, negativeSlope)),
  ),
  /** x above 0, alpha (exp(x) - 1) below. @example activations.elu({ alpha: 0.5 }) */
  elu: row(
    { alpha: 1 },
    ({ alpha }) =>
      (x: Tensor) =>
        scaledElu(x, alpha),
  ),
  /** x above 0, alpha (exp(x / alpha) - 1) below. @example activations.celu({ alpha: 0.5 }) */
  celu: row(
    { alpha: 1 },
    ({ alpha }) =>
      (x: Tensor) =>
        mul(ops.elu(div(x, alpha)), alpha),
  ),
  /** 1.0507 x above 0, 1.0507 · 1.67326 (exp(x) - 1) below (Klambauer et al. 2017). @example activations.selu() */
  selu: plain((x) => mul(scaledElu(x, SELU_ALPHA), SELU_SCALE)),
  /** log(1 + exp(x)) @example activations.softplus() */
  softplus: plain(ops.softplus),
  /** x / (1 + |x|) @example activations.softsign() */
  softsign: plain(ops.softsign),
  /** exp(x) / sum(exp(x)) along an axis. @example activations.softmax({ axis: 1 }) */
  softmax: row(
    { axis: -1 },
    ({ axis }) =>
      (x: Tensor) =>
        softmax(x, axis),
  ),
  /** log(softmax(x)) along an axis. @example activations.logSoftmax({ axis: 1 }) */
  logSoftmax: row(
    { axis: -1 },
    ({ axis }) =>
      (x: Tensor) =>
        logSoftmax(x, axis),
  ),
  /**
   * x Φ(x); with `approximate` 0.5 x (1 + tanh(sqrt(2 / π) (x + 0.044715 x³))).
   *
   * @example activations.gelu({ approximate: true })
   */
  gelu: row({ approximate: false }, ({ approximate }) => (x: Tensor) => {
    if (!approximate) return ops.gelu(x);
    const inner = mul(add(x, mul(mul(ops.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
    return mul(mul(x, 0.5), add(ops.tanh(inner), 1));
  }),
  /** log(sigmoid(x)) @example activations.logSigmoid() */
  logSigmoid: plain((x) => ops.neg(ops.softplus(ops.neg(x)))),
  /** x sigmoid(x) @example activations.silu() */
  silu: plain(ops.silu),
  /** x hardSigmoid(x) @example activations.hardSilu() */
  hardSilu: plain(hardSilu),
  /** x limited to [-1, 1]. @example activations.hardTanh() */
  hardTanh: plain((x) => clip(x, -1, 1)),
  /** Another name of hardSilu. @example activations.hardSwish() */
  hardSwish: plain(hardSilu),
  /** Another name of silu. @example activations.swish() */
  swish: plain(ops.silu),
  /** x tanh(softplus(x)) @example activations.mish() */
  mish: plain((x) => mul(x, ops.tanh(ops.softplus(x)))),
  /** e to the power of x. @example activations.exponential() */
  exponential: plain(ops.exp),
  /**
   * a sigmoid(b), where a and b are the halves of x along an axis, which becomes half as long.
   *
   * @example activations.glu({ axis: -1 })
   */
  glu: row({ axis: -1 }, ({ axis }) => (x: Tensor) => {
    const at = normalizeAxis(axis, x.rank, "glu");
    if (x.shape[at]! % 2 !== 0) {
      throw new RondoError("shape", 'activation "glu" halves an axis', {
        received: `${formatShape(x.shape)}, axis ${axis}`,
        expected: "an even size",
      });
    }
    const [a, b] = split(x, 2, at);
    return mul(a!, ops.sigmoid(b!));
  }),
  /** x where |x| > threshold, 0 elsewhere. @example activations.hardShrink({ threshold: 1 }) */
  hardShrink: row(
    { threshold: 0.5 },
    ({ threshold }) =>
      (x: Tensor) =>
        where(greater(ops.abs(x), threshold), x, 0),
  ),
  /** x moved towards 0 by threshold, 0 where it would pass. @example activations.softShrink({ threshold: 1 }) */
  softShrink: row(
    { threshold: 0.5 },
    ({ threshold }) =>
      (x: Tensor) =>
        sub(x, clip(x, -threshold, threshold)),
  ),
  /** x - tanh(x) @example activations.tanhShrink() */
  tanhShrink: plain((x) => sub(x, ops.tanh(x))),
  /**
   * x above `threshold`, `defaultValue` elsewhere. Keras has no defaults here.
   *
   * @example activations.threshold({ threshold: 1, defaultValue: -1 })
   */
  threshold: row(
    { threshold: 0, defaultValue: 0 },
    ({ threshold, defaultValue }) =>
      (x: Tensor) =>
        where(greater(x, threshold), x, defaultValue),
  ),
  /** 0 up to -1, x from 1 on, (x + 1)² / 4 between. @example activations.sparsePlus() */
  sparsePlus: plain((x) => add(mul(ops.square(add(clip(x, -1, 1), 1)), 0.25), ops.relu(sub(x, 1)))),
  /** x / 2 + 1 / 2 limited to [0, 1]. @example activations.sparseSigmoid() */
  sparseSigmoid: plain((x) => clip(add(mul(x, 0.5), 0.5), 0, 1)),
  /**
   * The distribution nearest to x along an axis, often with zeros (Martins and Astudillo 2016, arXiv 1602.02068).
   *
   * @example activations.sparsemax({ axis: 1 })
   */
  sparsemax: row(
    { axis: -1 },
    ({ axis }) =>
      (x: Tensor) =>
        sparsemax(x, axis),
  ),
  /**
   * (x + sqrt(x² + b)) / 2; below 0 as b / (2 (sqrt(x² + b) - x)), where the sum would cancel.
   *
   * @example activations.squareplus({ b: 1 })
   */
  squareplus: row({ b: 4 }, ({ b }) => (x: Tensor) => {
    const root = ops.sqrt(add(ops.square(x), b));
    return where(greaterEqual(x, 0), mul(add(x, root), 0.5), div(b / 2, add(root, ops.abs(x))));
  }),
};

/** Names of activations. */
export type ActivationName = keyof typeof activationTable;
/** A name, { name, ...options }, a function from tensor to tensor, or null for none ("linear"). */
export type ActivationSpec = Spec<typeof activationTable> | null;

/**
 * Activations with options: `activations.leakyRelu({ negativeSlope: 0.1 })`.
 *
 * @example layers.dense({ units: 8, activation: activations.leakyRelu({ negativeSlope: 0.1 }) })
 */
export const activations = factories("activation", activationTable);

export function getActivation(spec: ActivationSpec, path?: string): Activation {
  return resolve<ActivationFunction>("activation", activationTable, spec ?? "linear", path);
}

/** Whether an activation is the named one with its default options. */
export function isActivation(activation: Activation, name: ActivationName): boolean {
  return activation.config === name;
}

/** The shape an activation leaves: the same for all but "glu", which halves an axis. Null stands for unknown sizes. */
export function activatedShape({ config }: Activation, shape: readonly (number | null)[]): readonly (number | null)[] {
  if (config !== "glu" && (typeof config !== "object" || config.name !== "glu")) return shape;
  const axis = config === "glu" ? -1 : Number(config["axis"]);
  const at = axis < 0 ? axis + shape.length : axis;
  return shape.map((n, i) => (i === at && n !== null ? n / 2 : n));
}
