import { add, div, minimum, mul, sub } from "../tensor/ops/arithmetic.js";
import { clip, greater, where } from "../tensor/ops/comparison.js";
import { logSoftmax, softmax } from "../tensor/ops/softmax.js";
import * as ops from "../tensor/ops/unary.js";
import type { Tensor } from "../tensor/tensor.js";
import { type Described, factories, resolve, row, type Spec } from "./named.js";

export type ActivationFunction = (x: Tensor) => Tensor;
export type Activation = Described<ActivationFunction>;

const none = null as number | null;
const plain = (f: ActivationFunction) => row({}, () => f);

/** Constants of Klambauer et al. 2017, "Self-Normalizing Neural Networks" (arXiv 1706.02515). */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** alpha (exp(x) - 1) below 0, x above. */
const scaledElu = (x: Tensor, alpha: number) =>
  alpha === 1 ? ops.elu(x) : where(greater(x, 0), x, mul(ops.elu(x), alpha));

/** Every activation by name, with its options. Formulas are those of Keras 3. */
export const activationTable = {
  linear: plain((x) => x),
  tanh: plain(ops.tanh),
  sigmoid: plain(ops.sigmoid),
  /** clip(x / 6 + 0.5, 0, 1) */
  hardSigmoid: plain(ops.hardSigmoid),
  /** clip(0.2 x + 0.5, 0, 1): what Keras 2, TF.js and ONNX call hard sigmoid; for models that come from there. */
  hardSigmoidKeras2: plain((x) => clip(add(mul(x, 0.2), 0.5), 0, 1)),
  /** max(x, 0); with options: below `threshold` negativeSlope (x - threshold), and at most maxValue. */
  relu: row(
    { negativeSlope: 0, maxValue: none, threshold: 0 },
    ({ negativeSlope, maxValue, threshold }) =>
      (x: Tensor) => {
        if (negativeSlope === 0 && threshold === 0) return maxValue === null ? ops.relu(x) : clip(x, 0, maxValue);
        const y = where(greater(x, threshold), x, mul(sub(x, threshold), negativeSlope));
        return maxValue === null ? y : minimum(y, maxValue);
      },
  ),
  /** min(max(x, 0), 6) */
  relu6: plain((x) => clip(x, 0, 6)),
  /** x above 0, negativeSlope x below. */
  leakyRelu: row(
    { negativeSlope: 0.2 },
    ({ negativeSlope }) =>
      (x: Tensor) =>
        where(greater(x, 0), x, mul(x, negativeSlope)),
  ),
  /** x above 0, alpha (exp(x) - 1) below. */
  elu: row(
    { alpha: 1 },
    ({ alpha }) =>
      (x: Tensor) =>
        scaledElu(x, alpha),
  ),
  /** x above 0, alpha (exp(x / alpha) - 1) below. */
  celu: row(
    { alpha: 1 },
    ({ alpha }) =>
      (x: Tensor) =>
        mul(ops.elu(div(x, alpha)), alpha),
  ),
  selu: plain((x) => mul(scaledElu(x, SELU_ALPHA), SELU_SCALE)),
  softplus: plain(ops.softplus),
  softsign: plain(ops.softsign),
  softmax: row(
    { axis: -1 },
    ({ axis }) =>
      (x: Tensor) =>
        softmax(x, axis),
  ),
  logSoftmax: row(
    { axis: -1 },
    ({ axis }) =>
      (x: Tensor) =>
        logSoftmax(x, axis),
  ),
  /** x Φ(x); with `approximate` 0.5 x (1 + tanh(sqrt(2 / π) (x + 0.044715 x³))). */
  gelu: row({ approximate: false }, ({ approximate }) => (x: Tensor) => {
    if (!approximate) return ops.gelu(x);
    const inner = mul(add(x, mul(mul(ops.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
    return mul(mul(x, 0.5), add(ops.tanh(inner), 1));
  }),
  /** log(sigmoid(x)) */
  logSigmoid: plain((x) => ops.neg(ops.softplus(ops.neg(x)))),
  silu: plain(ops.silu),
  /** x hardSigmoid(x) */
  hardSilu: plain((x) => mul(x, ops.hardSigmoid(x))),
  /** x limited to [-1, 1]. */
  hardTanh: plain((x) => clip(x, -1, 1)),
  /** Another name of silu. */
  swish: plain(ops.silu),
  /** x tanh(softplus(x)) */
  mish: plain((x) => mul(x, ops.tanh(ops.softplus(x)))),
  exponential: plain(ops.exp),
};

export type ActivationName = keyof typeof activationTable;
/** A name, { name, ...options }, a function from tensor to tensor, or null for none ("linear"). */
export type ActivationSpec = Spec<typeof activationTable> | null;

/** Activations with options: `activations.leakyRelu({ negativeSlope: 0.1 })`. */
export const activations = factories("activation", activationTable);

export function getActivation(spec: ActivationSpec, path?: string): Activation {
  return resolve<ActivationFunction>("activation", activationTable, spec ?? "linear", path);
}

/** Whether an activation is the named one with its default options. */
export function isActivation(activation: Activation, name: ActivationName): boolean {
  return activation.config === name;
}
