import type { Engine } from "../engine.js";
import { allocate, type Tensor } from "../tensor.js";
import type { Forward } from "./table.js";

/** The operands of attention; an operation's inputs are those that are present, in this order. */
export const attentionOperands = ["query", "key", "value", "keyMask", "queryMask", "slopes"] as const;
export type AttentionOperand = (typeof attentionOperands)[number];

export interface AttentionAttributes {
  /** Names of the inputs, one each. */
  readonly operands: readonly AttentionOperand[];
  readonly scale: number;
  readonly causal: boolean;
}

/** What the kernels take: pointers to the operands, and sizes. */
function argumentsOf(inputs: readonly Tensor[], { operands, scale, causal }: AttentionAttributes) {
  const of = (name: AttentionOperand): Tensor | undefined => inputs[operands.indexOf(name)];
  const pointers = attentionOperands.map((name) => of(name)?.offset ?? 0);
  const [batch, queries, heads, size] = of("query")!.shape as [number, number, number, number];
  const [, keys, keyHeads, valueSize] = of("value")!.shape as [number, number, number, number];
  const rest = [heads, keyHeads, size, valueSize, 0, scale, causal ? 1 : 0] as const;
  return {
    pointers: pointers as [number, number, number, number, number, number],
    sizes: [batch, queries, keys] as const,
    rest,
    scratch: [batch, queries, keys, heads, size, valueSize] as const,
  };
}

/** Lends working memory to a kernel for the duration of `call`. */
function withScratch({ arena }: Engine, elements: number, call: (scratch: number) => void): void {
  const bytes = Math.max(4, elements * 4);
  const scratch = arena.allocate(bytes);
  try {
    call(scratch);
  } finally {
    arena.release(scratch, bytes);
  }
}

/** Attention of several heads: query [batch, queries, heads, size], output [batch, queries, heads, value size]. */
export const attention: Forward<AttentionAttributes> = (inputs, attributes, keep) => {
  const { pointers, sizes, rest, scratch } = argumentsOf(inputs, attributes);
  const [batch, queries, keys] = sizes;
  const [heads, , , valueSize] = rest;
  const { engine } = inputs[0]!.storage;
  const y = allocate([batch, queries, heads, valueSize]);
  const logSums = keep ? allocate([batch, heads, queries]) : null;
  if (y.size > 0) {
    withScratch(engine, engine.kernels.attentionScratchSize(...scratch, 0), (memory) => {
      const made = [y.offset, logSums?.offset ?? 0, memory] as const;
      engine.kernels.attentionForward(...pointers, ...made, batch, queries, keys, keys, ...rest);
    });
  }
  return { outputs: [y], saved: logSums ? [logSums] : [] };
};

/** Gradients of query, key and value; the inputs are those of attention, then y, logSums and dy. */
export const attentionGrad: Forward<AttentionAttributes> = (inputs, attributes) => {
  const { pointers, sizes, rest, scratch } = argumentsOf(inputs, attributes);
  const [y, logSums, dy] = inputs.slice(attributes.operands.length) as [Tensor, Tensor, Tensor];
  const { engine } = y.storage;
  const outputs = inputs.slice(0, 3).map((t) => allocate(t.shape));
  const [dq, dk, dv] = outputs as [Tensor, Tensor, Tensor];
  if (y.size > 0) {
    withScratch(engine, engine.kernels.attentionScratchSize(...scratch, 1), (memory) => {
      const arrived = [y.offset, logSums.offset, dy.offset] as const;
      const made = [dq.offset, dk.offset, dv.offset, memory] as const;
      engine.kernels.attentionBackward(...pointers, ...arrived, ...made, ...sizes, ...rest);
    });
  } else {
    for (const t of outputs) engine.kernels.fill(t.offset, t.size, 0);
  }
  return { outputs };
};
