import type { Kernels } from "../kernels.js";
import type { Views } from "./views.js";

type AttentionKernels = Pick<Kernels, "attentionForward" | "attentionBackward" | "attentionScratchSize">;

/** Attention of several heads, one query after the other. */
export function attentionKernels(views: Views): AttentionKernels {
  return {
    attentionScratchSize: () => 0,

    attentionForward(
      q,
      k,
      v,
      keyMask,
      queryMask,
      slopes,
      y,
      logSums,
      _scratch,
      batch,
      queries,
      keys,
      capacity,
      ...rest
    ) {
      const [heads, keyHeads, size, valueSize, offset, scale, causal] = rest;
      const Q = views.floats(q, batch * queries * heads * size);
      const K = views.floats(k, batch * capacity * keyHeads * size);
      const V = views.floats(v, batch * capacity * keyHeads * valueSize);
      const Y = views.floats(y, batch * queries * heads * valueSize);
      const logs = views.optionalFloats(logSums, batch * heads * queries);
      const keyCounts = views.optionalInts(keyMask, batch * capacity);
      const queryCounts = views.optionalInts(queryMask, batch * queries);
      const falls = views.optionalFloats(slopes, heads);
      for (let b = 0; b < batch; b++) {
        for (let h = 0; h < heads; h++) {
          const hk = Math.floor((h * keyHeads) / heads);
          for (let i = 0; i < queries; i++) {
            const at = (b * queries + i) * heads + h;
            const scores = Array.from({ length: keys }, (_, j) => {
              if (queryCounts && !queryCounts[b * queries + i]) return -Infinity;
              if ((causal && j > i + offset) || (keyCounts && !keyCounts[b * capacity + j])) return -Infinity;
              let sum = 0;
              for (let d = 0; d < size; d++) {
                sum += Q[at * size + d]! * K[((b * capacity + j) * keyHeads + hk) * size + d]!;
              }
              return sum * scale - (falls ? falls[h]! * Math.abs(i + offset - j) : 0);
            });
            const top = scores.reduce((a, s) => Math.max(a, s), -Infinity);
            const weights = scores.map((s) => (s === -Infinity ? 0 : Math.exp(s - top)));
            const total = weights.reduce((a, w) => a + w, 0);
            if (logs) logs[(b * heads + h) * queries + i] = total === 0 ? Infinity : top + Math.log(total);
            for (let d = 0; d < valueSize; d++) {
              let sum = 0;
              for (let j = 0; j < keys; j++) {
                const w = weights[j]!;
                if (w !== 0) sum += w * V[((b * capacity + j) * keyHeads + hk) * valueSize + d]!;
              }
              Y[at * valueSize + d] = total === 0 ? 0 : sum / total;
            }
          }
        }
      }
    },

    attentionBackward(
      q,
      k,
      v,
      keyMask,
      _queryMask,
      slopes,
      y,
      logSums,
      dy,
      dq,
      dk,
      dv,
      _scratch,
      batch,
      queries,
      ...rest
    ) {
      const [keys, heads, keyHeads, size, valueSize, offset, scale, causal] = rest;
      const Q = views.floats(q, batch * queries * heads * size);
      const K = views.floats(k, batch * keys * keyHeads * size);
      const V = views.floats(v, batch * keys * keyHeads * valueSize);
      const Y = views.floats(y, batch * queries * heads * valueSize);
      const dY = views.floats(dy, Y.length);
      const logs = views.floats(logSums, batch * heads * queries);
      const keyCounts = views.optionalInts(keyMask, batch * keys);
      const falls = views.optionalFloats(slopes, heads);
      const gradients = { q: new Float64Array(Q.length), k: new Float64Array(K.length), v: new Float64Array(V.length) };
      for (let b = 0; b < batch; b++) {
        for (let h = 0; h < heads; h++) {
          const hk = Math.floor((h * keyHeads) / heads);
          for (let i = 0; i < queries; i++) {
            const at = (b * queries + i) * heads + h;
            let delta = 0;
            for (let d = 0; d < valueSize; d++) delta += Y[at * valueSize + d]! * dY[at * valueSize + d]!;
            for (let j = 0; j < keys; j++) {
              if ((causal && j > i + offset) || (keyCounts && !keyCounts[b * keys + j])) continue;
              const there = (b * keys + j) * keyHeads + hk;
              let score = 0;
              for (let d = 0; d < size; d++) score += Q[at * size + d]! * K[there * size + d]!;
              const fall = falls ? falls[h]! * Math.abs(i + offset - j) : 0;
              const p = Math.exp(score * scale - fall - logs[(b * heads + h) * queries + i]!);
              let dp = 0;
              for (let d = 0; d < valueSize; d++) {
                dp += dY[at * valueSize + d]! * V[there * valueSize + d]!;
                gradients.v[there * valueSize + d]! += p * dY[at * valueSize + d]!;
              }
              const ds = p * (dp - delta) * scale;
              for (let d = 0; d < size; d++) {
                gradients.q[at * size + d]! += ds * K[there * size + d]!;
                gradients.k[there * size + d]! += ds * Q[at * size + d]!;
              }
            }
          }
        }
      }
      views.floats(dq, Q.length).set(gradients.q);
      views.floats(dk, K.length).set(gradients.k);
      views.floats(dv, V.length).set(gradients.v);
    },
  };
}
