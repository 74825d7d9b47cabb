import { RondoError } from "../../errors.js";
import type { AttributesOf } from "../../tensor/forward/table.js";
import { formatShape, sameShape } from "../../tensor/shape.js";
import { Tensor } from "../../tensor/tensor.js";
import { type Rule, single } from "./rule.js";

export const custom: Rule<AttributesOf<"custom">> = single(({ inputs, attributes }, dy) => {
  const answer = attributes.gradFunc(dy);
  const gradients = answer instanceof Tensor ? [answer] : answer;
  if (!Array.isArray(gradients) || gradients.length !== inputs.length) {
    throw new RondoError("gradient", "customGrad: gradFunc must return one gradient per input", {
      received: Array.isArray(gradients) ? `${gradients.length} gradients` : typeof gradients,
      expected: `${inputs.length} (null where none flows)`,
    });
  }
  gradients.forEach((g: unknown, i) => {
    if (g === null || (g instanceof Tensor && g.dtype === "float32" && sameShape(g.shape, inputs[i]!.shape))) return;
    throw new RondoError("gradient", `customGrad: gradFunc returned a wrong gradient for input ${i}`, {
      received: g instanceof Tensor ? `${g.dtype} ${formatShape(g.shape)}` : String(g),
      expected: `float32 ${formatShape(inputs[i]!.shape)}, or null`,
    });
  });
  return gradients;
});
