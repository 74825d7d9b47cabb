import type { Bench, Tolerance } from "../bench.js";
import { Source } from "../inputs.js";
import type { Case, CaseTable } from "./case.js";

interface Shape {
  readonly name: string;
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  /** Rows of a sequence in key and value; as many as keys unless given. */
  readonly capacity?: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly size: number;
  readonly valueSize: number;
  readonly offset?: number;
  readonly causal?: boolean;
  readonly masked?: boolean;
  readonly slopes?: boolean;
  /** Scores spread this far. */
  readonly range?: number;
}

const small = { batch: 2, heads: 2, keyHeads: 2, size: 5, valueSize: 3 };
const square = { batch: 1, heads: 2, keyHeads: 2, size: 16, valueSize: 16 };
const shapes: readonly Shape[] = [
  { name: "one of everything", batch: 1, queries: 1, keys: 1, heads: 1, keyHeads: 1, size: 1, valueSize: 1 },
  { name: "nothing", ...small, batch: 0, queries: 3, keys: 4 },
  { name: "no keys", ...small, queries: 3, keys: 0 },
  { name: "small", ...small, queries: 3, keys: 7 },
  { name: "causal", ...small, queries: 7, keys: 7, causal: true },
  { name: "causal, more keys", ...small, queries: 3, keys: 9, causal: true },
  { name: "causal, fewer keys", ...small, queries: 9, keys: 3, causal: true },
  { name: "causal, later start", ...small, queries: 4, keys: 9, causal: true, offset: 3 },
  { name: "masks", ...small, batch: 3, queries: 7, keys: 9, masked: true },
  { name: "causal and masks", ...small, batch: 3, queries: 9, keys: 9, masked: true, causal: true },
  { name: "slopes", ...small, queries: 9, keys: 33, slopes: true, causal: true },
  { name: "one query", ...small, queries: 1, keys: 37, slopes: true, masked: true, offset: 36 },
  { name: "two queries", ...small, queries: 2, keys: 21, causal: true, offset: 19, size: 16 },
  { name: "groups", ...small, queries: 5, keys: 6, heads: 6 },
  { name: "groups of one head", ...small, queries: 50, keys: 50, heads: 3, keyHeads: 1, causal: true },
  { name: "wide scores", ...square, queries: 20, keys: 40, range: 12 },
  { name: "several tiles", ...square, queries: 101, keys: 530, masked: true },
  { name: "several tiles, causal", ...square, queries: 530, keys: 530, causal: true },
  {
    name: "several tiles, wide, causal, masks",
    ...square,
    queries: 60,
    keys: 300,
    causal: true,
    masked: true,
    range: 9,
  },
  { name: "several threads", batch: 3, queries: 130, keys: 131, heads: 4, keyHeads: 2, size: 33, valueSize: 70 },
];

/** Some keys and queries are hidden; in the last sequence all keys. */
const mask = (batch: number, n: number, seed: number): Int32Array =>
  new Source(seed).ints(batch * n, 0, 4).map((v, i) => Number(v > 0 && (batch === 1 || i < (batch - 1) * n)));

function lay(b: Bench, s: Shape) {
  const { batch, queries, keys, capacity = keys, heads, keyHeads, size, valueSize, range = 1.5 } = s;
  const source = new Source(queries * 7 + keys);
  return {
    q: b.floats(source.floats(batch * queries * heads * size, -range, range)),
    k: b.floats(source.floats(batch * capacity * keyHeads * size)),
    v: b.floats(source.floats(batch * capacity * keyHeads * valueSize)),
    keyMask: s.masked ? b.ints(mask(batch, capacity, 3)) : 0,
    queryMask: s.masked ? b.ints(mask(1, batch * queries, 4)) : 0,
    slopes: s.slopes ? b.floats(source.floats(heads, 0.01, 0.5)) : 0,
    sizes: [batch, queries, keys] as const,
    rest: [heads, keyHeads, size, valueSize, s.offset ?? 0, 1 / Math.sqrt(size), s.causal ? 1 : 0] as const,
    scratch: [batch, queries, keys, heads, size, valueSize] as const,
    outputs: batch * queries * heads * valueSize,
    logSums: batch * heads * queries,
  };
}

/** Scores are sums of products rounded to float32, and so are their exponentials. */
const weighted: Tolerance = { relative: 5e-6, scale: 1 };

function forward(b: Bench, s: Shape, keep: boolean): ReturnType<typeof lay> & { y: number; logs: number } {
  const l = lay(b, s);
  const y = b.outFloats("y", l.outputs, weighted);
  const logs = keep ? b.outFloats("logSums", l.logSums, weighted) : 0;
  const scratch = b.workspace(b.kernels.attentionScratchSize(...l.scratch, 0));
  const operands = [l.q, l.k, l.v, l.keyMask, l.queryMask, l.slopes] as const;
  b.kernels.attentionForward(...operands, y, logs, scratch, ...l.sizes, s.capacity ?? s.keys, ...l.rest);
  return { ...l, y, logs };
}

function backward(b: Bench, s: Shape): void {
  const l = forward(b, s, true);
  const { batch, queries, keys, heads, keyHeads, size, valueSize } = s;
  const dy = b.floats(new Source(5).floats(l.outputs));
  const sums: Tolerance = { relative: 1e-5, scale: 2 };
  const dq = b.outFloats("dq", batch * queries * heads * size, sums);
  const dk = b.outFloats("dk", batch * keys * keyHeads * size, sums);
  const dv = b.outFloats("dv", batch * keys * keyHeads * valueSize, sums);
  const scratch = b.workspace(b.kernels.attentionScratchSize(...l.scratch, 1));
  const operands = [l.q, l.k, l.v, l.keyMask, l.queryMask, l.slopes] as const;
  b.kernels.attentionBackward(...operands, l.y, l.logs, dy, dq, dk, dv, scratch, ...l.sizes, ...l.rest);
}

export const attentionCases: CaseTable<"attentionForward" | "attentionBackward" | "attentionScratchSize"> = {
  *attentionForward(): Generator<Case> {
    for (const s of shapes) {
      yield { name: s.name, run: (b) => void forward(b, s, true) };
      if (s.keys < 20) yield { name: `${s.name}, nothing kept`, run: (b) => void forward(b, s, false) };
    }
    const cache: Shape = { name: "part of a cache", ...small, queries: 1, keys: 6, capacity: 11, masked: true };
    yield { name: cache.name, run: (b) => void forward(b, cache, false) };
    const part: Shape = { ...cache, name: "part of a cache, more queries", queries: 4, causal: true, offset: 2 };
    yield { name: part.name, run: (b) => void forward(b, part, false) };
  },

  *attentionBackward(): Generator<Case> {
    for (const s of shapes) yield { name: s.name, run: (b) => backward(b, s) };
  },

  // Backends need different amounts; that they are enough shows above.
  *attentionScratchSize(): Generator<Case> {
    yield { name: "is asked for", run: (b) => void forward(b, shapes[3]!, false) };
  },
};
