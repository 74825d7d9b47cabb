import type { AttributesOf } from "../../tensor/forward/table.js";
import { mul, sub } from "../../tensor/ops/arithmetic.js";
import { oneHot } from "../../tensor/ops/indexing.js";
import { expandDims } from "../../tensor/ops/movement.js";
import { sum } from "../../tensor/ops/reduce.js";
import { softmax as softmaxOf } from "../../tensor/ops/softmax.js";
import { exp, neg } from "../../tensor/ops/unary.js";
import { run1 } from "../../tensor/run.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type Rule, single } from "./rule.js";

const total = (t: Tensor) => sum(t, -1, true);

export const softmax: Rule<AttributesOf<"softmax">> = single(({ outputs }, dy) => [
  run1("softmaxGrad", [outputs[0]!, dy], {}),
]);

/** r = y (dy - sum(y dy)): linear in dy with a symmetric matrix, quadratic in y. */
export const softmaxGrad: Rule<AttributesOf<"softmaxGrad">> = single(({ inputs, needs }, g) => {
  const [y, dy] = inputs as [Tensor, Tensor];
  const forY = () => sub(mul(g, sub(dy, total(mul(y, dy)))), mul(dy, total(mul(g, y))));
  return [needs[0] ? forY() : null, needs[1] ? run1("softmaxGrad", [y, g], {}) : null];
});

export const logSoftmax: Rule<AttributesOf<"logSoftmax">> = single(({ outputs }, dy) => [
  run1("logSoftmaxGrad", [outputs[0]!, dy], {}),
]);

/** r = dy - exp(y) sum(dy) */
export const logSoftmaxGrad: Rule<AttributesOf<"logSoftmaxGrad">> = single(({ inputs, needs }, g) => {
  const [y, dy] = inputs as [Tensor, Tensor];
  const p = exp(y);
  return [needs[0] ? neg(mul(mul(g, p), total(dy))) : null, needs[1] ? sub(g, total(mul(g, p))) : null];
});

export const sparseCrossEntropy: Rule<AttributesOf<"sparseCrossEntropy">> = single(({ inputs, saved }, dy) => [
  run1("sparseCrossEntropyGrad", [...inputs, dy, saved[0]!], {}),
  null,
]);

/** r = dloss (p - onehot) with p = softmax(logits), computed anew so that the gradient reaches the logits. */
export const sparseCrossEntropyGrad: Rule<AttributesOf<"sparseCrossEntropyGrad">> = single(({ inputs, needs }, g) => {
  const [logits, targets, dloss] = inputs as [Tensor, Tensor, Tensor];
  const p = softmaxOf(logits);
  return [
    needs[0] ? run1("softmaxGrad", [p, mul(g, expandDims(dloss, -1))], {}) : null,
    null,
    needs[2] ? sum(mul(g, sub(p, oneHot(targets, logits.shape.at(-1)!))), -1) : null,
    null,
  ];
});
