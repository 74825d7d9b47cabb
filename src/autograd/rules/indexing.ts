import type { AttributesOf } from "../../tensor/forward/table.js";
import { run1 } from "../../tensor/run.js";
import { type Rule, single } from "./rule.js";

// Indices were checked when the operation ran, so these call the recorded operations directly.

export const gather: Rule<AttributesOf<"gather">> = single(({ inputs, attributes: { axis } }, dy) => [
  run1("scatterAdd", [inputs[1]!, dy], { axis, n: inputs[0]!.shape[axis]! }),
  null,
]);

export const scatterAdd: Rule<AttributesOf<"scatterAdd">> = single(({ inputs, attributes: { axis } }, dy) => [
  null,
  run1("gather", [dy, inputs[0]!], { axis }),
]);

export const pick: Rule<AttributesOf<"pick">> = single(({ inputs }, dy) => [
  run1("pickAdd", [inputs[1]!, dy], { n: inputs[0]!.shape.at(-1)! }),
  null,
]);

export const pickAdd: Rule<AttributesOf<"pickAdd">> = single(({ inputs }, dy) => [
  null,
  run1("pick", [dy, inputs[0]!], {}),
]);

export const topK: Rule<AttributesOf<"topK">> = ({ inputs, outputs }, [dValues]) => [
  dValues ? run1("pickAdd", [outputs[1]!, dValues], { n: inputs[0]!.shape.at(-1)! }) : null,
];
