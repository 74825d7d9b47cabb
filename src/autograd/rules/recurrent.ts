import { RondoError } from "../../errors.js";
import type { RecurrentOperand } from "../../tensor/forward/recurrent.js";
import type { AttributesOf } from "../../tensor/forward/table.js";
import { run } from "../../tensor/run.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Rule } from "./rule.js";

/** Operands the backward kernels have gradients for. */
const differentiable: readonly RecurrentOperand[] = ["x", "kernel", "recurrent", "bias", "h0", "c0"];

export const recurrent: Rule<AttributesOf<"recurrent">> = ({ inputs, saved, attributes, needs }, dy) => {
  const { operands } = attributes;
  // The kernels compute both weight gradients anyway.
  const wanted = operands.filter(
    (name, i) => name === "kernel" || name === "recurrent" || (needs[i] && differentiable.includes(name)),
  );
  if (operands.some((name, i) => name === "recurrentMask" && needs[i])) {
    throw new RondoError("gradient", "a fused recurrent layer has no gradient for its dropout mask", {
      fix: "make recurrentMask a constant (stopGradient), or use the step loop: unroll: true",
    });
  }
  const named = { saved: saved[0]!, dy: dy[0] ?? null, dhT: dy[1] ?? null, dcT: dy[2] ?? null };
  const incoming = (["saved", "dy", "dhT", "dcT"] as const).filter((name) => named[name] !== null);
  const gradients = run("recurrentGrad", [...inputs, ...incoming.map((name) => named[name] as Tensor)], {
    ...attributes,
    incoming,
    wanted,
  });
  return operands.map((name) => gradients[wanted.indexOf(name)] ?? null);
};

export const recurrentGrad: Rule<AttributesOf<"recurrentGrad">> = () => {
  throw new RondoError("gradient", "fused recurrent layers have first derivatives only", {
    received: "a gradient of a gradient through a recurrent layer",
    fix: "build the layer with unroll: true, which runs it step by step with operations of any order",
  });
};
