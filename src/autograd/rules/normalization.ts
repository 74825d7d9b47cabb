import type { AttributesOf } from "../../tensor/forward/table.js";
import { add, mul, sub } from "../../tensor/ops/arithmetic.js";
import { zerosLike } from "../../tensor/ops/creation.js";
import { mean } from "../../tensor/ops/reduce.js";
import { rsqrt } from "../../tensor/ops/unary.js";
import { run } from "../../tensor/run.js";
import type { Tensor } from "../../tensor/tensor.js";
import { sumTo } from "./broadcast.js";
import type { Rule } from "./rule.js";

export const layerNorm: Rule<AttributesOf<"layerNorm">> = ({ inputs, saved, attributes }, [dy]) => {
  const [x, gamma] = inputs as [Tensor, Tensor];
  return run("layerNormGrad", [x, gamma, dy as Tensor, saved[0]!], attributes);
};

/**
 * With z = (x - mean) r, r = 1 / sqrt(variance + epsilon), g = dy gamma and P(a) = a - mean(a) - z mean(a z), forward is
 * dx = r P(g), dGamma = sum(dy z), dBeta = sum(dy). Everything is computed anew from x, so that gradients reach it.
 */
export const layerNormGrad: Rule<AttributesOf<"layerNormGrad">> = ({ inputs, attributes }, [u, v, w]) => {
  const [x, gamma, dy] = inputs as [Tensor, Tensor, Tensor];
  const average = (t: Tensor) => mean(t, -1, true);
  const centered = sub(x, average(x));
  const r = rsqrt(add(average(mul(centered, centered)), attributes.epsilon));
  const z = mul(centered, r);
  const project = (a: Tensor) => sub(sub(a, average(a)), mul(z, average(mul(a, z))));
  const g = mul(dy, gamma);
  const forX = u ?? zerosLike(x);
  const forGamma = v ?? zerosLike(gamma);
  const turned = mul(r, project(forX));
  const toNormal = sub(mul(dy, forGamma), mul(r, add(mul(forX, average(mul(z, g))), mul(g, average(mul(z, forX))))));
  const throughFactor = mul(mul(mul(r, r), average(mul(forX, project(g)))), z);
  const straight = add(mul(gamma, turned), mul(forGamma, z));
  return [
    sub(mul(r, project(toNormal)), throughFactor),
    sumTo(mul(dy, turned), gamma.shape),
    w ? add(straight, w) : straight,
    null,
  ];
};
