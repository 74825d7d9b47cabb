import { RondoError } from "../../errors.js";
import type { AttributesOf } from "../../tensor/forward/table.js";
import { run } from "../../tensor/run.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Rule } from "./rule.js";

export const attention: Rule<AttributesOf<"attention">> = ({ inputs, outputs, saved, attributes, needs }, [dy]) => {
  if (attributes.operands.some((name, i) => name === "slopes" && needs[i])) {
    throw new RondoError("gradient", "fused attention has no gradient for its slopes", {
      fix: "make them a constant (stopGradient)",
    });
  }
  const made = run("attentionGrad", [...inputs, outputs[0]!, saved[0]!, dy as Tensor], attributes);
  return inputs.map((_, i) => made[i] ?? null);
};

export const attentionGrad: Rule<AttributesOf<"attentionGrad">> = () => {
  throw new RondoError("gradient", "fused attention has first derivatives only", {
    received: "a gradient of a gradient through an attention layer",
    fix: "make the attention layer with flashAttention: false, which uses operations of any order",
  });
};
