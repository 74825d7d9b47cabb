import type { AttributesOf } from "../../tensor/forward/table.js";
import { zeros } from "../../tensor/ops/creation.js";
import { reshape as reshaped, transpose as transposed } from "../../tensor/ops/movement.js";
import { slice as sliced } from "../../tensor/ops/slicing.js";
import { run1 } from "../../tensor/run.js";
import { sumTo } from "./broadcast.js";
import { type Rule, single } from "./rule.js";

export const reshape: Rule<AttributesOf<"reshape">> = single(({ inputs }, dy) => [reshaped(dy, inputs[0]!.shape)]);

export const transpose: Rule<AttributesOf<"transpose">> = single(({ attributes: { perm } }, dy) => [
  transposed(
    dy,
    perm.map((_, axis) => perm.indexOf(axis)),
  ),
]);

export const broadcastTo: Rule<AttributesOf<"broadcastTo">> = single(({ inputs }, dy) => [sumTo(dy, inputs[0]!.shape)]);

/** What was not read has gradient 0. */
export const slice: Rule<AttributesOf<"slice">> = single(({ inputs, attributes: { begin, step } }, dy) => [
  run1("pad", [dy], { begin, step, shape: inputs[0]!.shape, value: 0 }),
]);

export const pad: Rule<AttributesOf<"pad">> = single(({ inputs, attributes: { begin, step } }, dy) => [
  run1("slice", [dy], { begin, step, size: inputs[0]!.shape }),
]);

export const concat: Rule<AttributesOf<"concat">> = single(({ inputs, attributes: { axis }, needs }, dy) => {
  let at = 0;
  return inputs.map((x, i) => {
    const begin = dy.shape.map((_, a) => (a === axis ? at : 0));
    at += x.shape[axis]!;
    return needs[i] ? sliced(dy, begin, x.shape) : null;
  });
});

/** What was not used has gradient 0. */
export const split: Rule<AttributesOf<"split">> = ({ outputs, attributes: { axis } }, dy) => [
  run1(
    "concat",
    dy.map((each, i) => each ?? zeros(outputs[i]!.shape)),
    { axis },
  ),
];
