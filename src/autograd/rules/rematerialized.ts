import type { AttributesOf } from "../../tensor/forward/table.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Rule } from "./rule.js";

export const rematerialized: Rule<AttributesOf<"rematerialized">> = ({ inputs, attributes, needs, take }, dy) => {
  // Sums go on where they are, in the order they would have without: the same bits, and no second copy.
  const arrived = new Map<Tensor, Tensor>();
  for (const [i, input] of inputs.entries()) {
    const sum = needs[i] ? take(i) : null;
    if (sum) arrived.set(input, sum);
  }
  return attributes.differentiate(dy, needs, arrived);
};
