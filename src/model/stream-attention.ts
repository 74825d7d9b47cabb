import { alibiSlopes } from "../layers/attention/alibi.js";
import type { GroupQueryAttention } from "../layers/attention/group-query-attention.js";
import type { MultiHeadAttention } from "../layers/attention/multi-head-attention.js";
import type { TransformerDecoder } from "../layers/attention/transformer-decoder.js";
import type { LayerNormalization } from "../layers/normalization/layer-normalization.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Source, StreamPlan } from "./stream-plan.js";

/** Rows that are written once, one per step: [batch, capacity, width]. */
export interface Cache {
  readonly tensor: Tensor;
  readonly width: number;
}

/** A step through a decoder block: keys and values of earlier steps come from a cache. */
export function decoderBlock(plan: StreamPlan, block: TransformerDecoder, source: Source): Source {
  const { normalizeFirst } = block.options;
  const residual = (x: Source, norm: LayerNormalization, part: (x: Source) => Source): Source => {
    const made = part(normalizeFirst ? normalized(plan, norm, x) : x);
    const sum = plan.plus(made, () => x().offset, made().shape[1]!);
    return normalizeFirst ? sum : normalized(plan, norm, sum);
  };
  const looked = residual(source, block.self.norm, (x) => selfAttention(plan, block.self.attention, x));
  return residual(looked, block.norm, (x) => plan.dense(block.output, plan.dense(block.intermediate, x)));
}

/** Layer normalization along the last axis, without the dozen operations it is made of. */
function normalized(plan: StreamPlan, { options, gamma, beta }: LayerNormalization, source: Source): Source {
  const y = plan.buffer(source().shape);
  const n = y.shape[1]!;
  plan.actions.push(() => {
    const f = plan.floats();
    const scale = gamma ? gamma.offset / 4 : -1;
    const shift = beta ? beta.offset / 4 : -1;
    for (let row = 0; row < plan.batch; row++) {
      const from = source().offset / 4 + row * n;
      const to = y.offset / 4 + row * n;
      let mean = 0;
      for (let i = 0; i < n; i++) mean += f[from + i]!;
      mean /= n;
      let variance = 0;
      for (let i = 0; i < n; i++) variance += (f[from + i]! - mean) ** 2;
      const factor = 1 / Math.sqrt(variance / n + options.epsilon);
      for (let i = 0; i < n; i++) {
        const scaled = (f[from + i]! - mean) * factor * (gamma ? f[scale + i]! : 1);
        f[to + i] = beta ? scaled + f[shift + i]! : scaled;
      }
    }
  });
  return () => y;
}

function selfAttention(plan: StreamPlan, layer: MultiHeadAttention | GroupQueryAttention, source: Source): Source {
  const { batch, capacity, mask } = plan;
  const { kernels } = plan.engine;
  const { heads, rotation } = layer;
  const { query: count, keyValue, size, valueSize } = heads;
  const most = capacity!;
  const [query, key, value] = [layer.query, layer.key, layer.value].map(({ kernel, bias }) =>
    plan.linear(kernel, bias, kernel.shape[0]!, kernel.shape[1]! * kernel.shape[2]!, source),
  ) as [Source, Source, Source];
  if (rotation) {
    const tables = rotation.waves(0, most, size / 2);
    plan.actions.push(() => {
      turn(plan, query(), count, size, tables);
      turn(plan, key(), keyValue, size, tables);
    });
  }
  const [keys, values] = [cached(plan, key, keyValue * size), cached(plan, value, keyValue * valueSize)];
  const counts = mask ? cached(plan, () => mask, 1) : null;
  const slopes = layer.options.alibi ? plan.buffer([count]) : null;
  slopes?.write(alibiSlopes(count));
  const y = plan.buffer([batch, count * valueSize]);
  const scratch = plan.buffer([kernels.attentionScratchSize(batch, 1, most, count, size, valueSize, 0)]);
  plan.actions.push(() => {
    kernels.attentionForward(
      query().offset,
      keys.offset,
      values.offset,
      counts?.offset ?? 0,
      mask?.offset ?? 0,
      slopes?.offset ?? 0,
      y.offset,
      0,
      scratch.offset,
      batch,
      1,
      plan.position + 1,
      most,
      count,
      keyValue,
      size,
      valueSize,
      plan.position,
      1 / Math.sqrt(size),
      0,
    );
  });
  const { kernel, bias } = layer.output;
  return plan.linear(kernel, bias, count * valueSize, kernel.shape[2]!, () => y);
}

/** Turns features i and i + size/2 of every head by the angles of this step. */
function turn(
  plan: StreamPlan,
  x: Tensor,
  heads: number,
  size: number,
  [cosines, sines]: readonly [Float32Array, Float32Array],
): void {
  const f = plan.floats();
  const half = size / 2;
  const row = plan.position * half;
  for (let vector = 0; vector < plan.batch * heads; vector++) {
    const at = x.offset / 4 + vector * size;
    for (let i = 0; i < half; i++) {
      const [c, s] = [cosines[row + i]!, sines[row + i]!];
      const [a, b] = [f[at + i]!, f[at + half + i]!];
      f[at + i] = a * c - b * s;
      f[at + half + i] = b * c + a * s;
    }
  }
}

/**
 * Memory for a row of each step and sequence. A row is written where no earlier step lies, so a step that fails changes
 * nothing that counts.
 */
function cached(plan: StreamPlan, row: Source, width: number): Tensor {
  const { batch, capacity } = plan;
  const { kernels } = plan.engine;
  const tensor = plan.buffer([batch, capacity!, width], row().dtype === "float32" ? "float32" : "int32");
  const dims = plan.buffer([7], "int32");
  dims.write([2, batch, width, width, 1, capacity! * width, 1]);
  plan.caches.push({ tensor, width });
  plan.actions.push(() => kernels.copyStrided(row().offset, tensor.offset + 4 * plan.position * width, dims.offset));
  return tensor;
}
