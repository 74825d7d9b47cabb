import { checkOptions, RondoError } from "../../errors.js";
import { type AttentionOperand, attentionOperands } from "../forward/attention.js";
import { run1 } from "../run.js";
import { formatShape, type Shape, sameShape } from "../shape.js";
import type { Tensor, TensorLike } from "../tensor.js";
import { bool, checkRank, float } from "./operands.js";

/** Options of `dotProductAttention`. */
export interface DotProductAttentionOptions {
  /** Of shape [batch, keys]; only keys where it is true are looked at. */
  keyMask?: TensorLike | null;
  /** Of shape [batch, queries]; where it is false the result is zeros. */
  queryMask?: TensorLike | null;
  /** Factor of the products. Default: 1 / √size. */
  scale?: number;
  /** Query i looks at keys 0 to i only. Default: false. */
  isCausal?: boolean;
  /** Of shape [heads]; the scores of head h fall by slopes_h · distance (ALiBi). Not differentiated. */
  slopes?: TensorLike | null;
}

const optionNames = ["keyMask", "queryMask", "scale", "isCausal", "slopes"];

/**
 * softmax(scale · query · keyᵀ) · value of several heads in one call: query [batch, queries, heads, size], key
 * [batch, keys, key heads, size], value [batch, keys, key heads, value size] -> [batch, queries, heads, value size].
 * Heads of the query share those of key and value in groups where there are more. The scores are never kept, so memory
 * grows with the number of steps, not with its square. A query that looks at nothing gives zeros. First derivatives
 * only. Throws RondoError "shape" where sizes disagree.
 *
 * @example const y = dotProductAttention(q, k, v, { isCausal: true });
 */
export function dotProductAttention(
  query: TensorLike,
  key: TensorLike,
  value: TensorLike,
  options: DotProductAttentionOptions = {},
): Tensor {
  const where = "dotProductAttention";
  checkOptions(where, options, optionNames);
  const [q, k, v] = [float(query), float(key), float(value)];
  checkRank(q, 4, where, "query", "[batch, queries, heads, size]");
  checkRank(k, 4, where, "key", "[batch, keys, key heads, size]");
  checkRank(v, 4, where, "value", "[batch, keys, key heads, value size]");
  const [batch, queries, heads, size] = q.shape as [number, number, number, number];
  const [, keys, keyHeads] = k.shape as [number, number, number, number];
  const given: { readonly [K in AttentionOperand]: Tensor | null } = {
    query: q,
    key: k,
    value: v,
    keyMask: options.keyMask ? bool(options.keyMask) : null,
    queryMask: options.queryMask ? bool(options.queryMask) : null,
    slopes: options.slopes ? float(options.slopes) : null,
  };
  const shapes: { readonly [K in AttentionOperand]: Shape } = {
    query: q.shape,
    key: [batch, keys, keyHeads, size],
    value: [batch, keys, keyHeads, v.shape[3]!],
    keyMask: [batch, keys],
    queryMask: [batch, queries],
    slopes: [heads],
  };
  const operands = attentionOperands.filter((name) => given[name] !== null);
  const wrong = operands.find((name) => !sameShape(given[name]!.shape, shapes[name]));
  if (wrong || heads % keyHeads !== 0) {
    throw new RondoError("shape", `${where}: ${wrong ?? "query"} does not fit the others`, {
      received: operands.map((name) => `${name} ${formatShape(given[name]!.shape)}`).join(", "),
      expected: wrong
        ? `${wrong} ${formatShape(shapes[wrong])}`
        : "as many heads as key and value have, or a multiple of that",
    });
  }
  const { scale = 1 / Math.sqrt(size), isCausal = false } = options;
  if (!Number.isFinite(scale)) {
    throw new RondoError("value", `${where}: the scale must be a finite number`, { received: String(scale) });
  }
  return run1(
    "attention",
    operands.map((name) => given[name]!),
    { operands, scale, causal: isCausal },
  );
}
