import { opCode } from "../backend/kernels.js";
import { RondoError } from "../errors.js";
import { alibiSlopes } from "../layers/attention/alibi.js";
import { type AttentionBase, allOf } from "../layers/attention/attention-base.js";
import type { GroupQueryAttention } from "../layers/attention/group-query-attention.js";
import type { MultiHeadAttention } from "../layers/attention/multi-head-attention.js";
import { ProjectedAttention } from "../layers/attention/projected-attention.js";
import type { RotaryEmbedding } from "../layers/attention/rotary-embedding.js";
import type { AttentionPart } from "../layers/attention/transformer-block.js";
import type { TransformerDecoder } from "../layers/attention/transformer-decoder.js";
import type { CallFlags } from "../layers/layer.js";
import type { LayerNormalization } from "../layers/normalization/layer-normalization.js";
import { logicalAnd } from "../tensor/ops/comparison.js";
import { zeros } from "../tensor/ops/creation.js";
import { reshape } from "../tensor/ops/movement.js";
import { slice } from "../tensor/ops/slicing.js";
import type { Tensor } from "../tensor/tensor.js";
import type { FixedKey, Source, StreamPlan, Value } from "./stream-plan.js";
import { copy, plainly } from "./stream-run.js";
import { asLayersSee, dense, linear, plus } from "./stream-steps.js";

type Projected = MultiHeadAttention | GroupQueryAttention;

/** Rows that are written once, one per step: [batch, capacity, width]. */
export interface Cache {
  readonly tensor: Tensor;
  readonly width: number;
}

/**
 * A step through a decoder block: keys and values of earlier steps come from a cache, those of an encoder's output were
 * computed before the first step.
 */
export function decoderBlock(
  plan: StreamPlan,
  block: TransformerDecoder,
  input: Value,
  memory: FixedKey | null,
): Value {
  const { normalizeFirst } = block.options;
  const residual = (x: Value, norm: LayerNormalization, part: (x: Value) => Value): Value => {
    const made = part(normalizeFirst ? normalized(plan, norm, x) : x);
    const sum = { ...x, source: plus(plan, made.source, () => x.source().offset, made.source().shape[1]!) };
    return normalizeFirst ? sum : normalized(plan, norm, sum);
  };
  const look = (x: Value, { attention, norm }: AttentionPart, flags: CallFlags, to: FixedKey | null) =>
    residual(x, norm, (query) => attend(plan, attention, [query, to ?? query], flags));
  const own = look(input, block.self, { useCausalMask: true }, null);
  const looked = block.cross ? look(own, block.cross, {}, memory!) : own;
  return residual(looked, block.norm, (x) => dense(plan, block.output, dense(plan, block.intermediate, x)));
}

/** Layer normalization along the last axis, without the dozen operations it is made of. */
function normalized(plan: StreamPlan, { options, gamma, beta }: LayerNormalization, x: Value): Value {
  const { source } = x;
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
  return { ...x, source: () => y };
}

/** Attention of a step to the steps so far, or to sequences that are known whole: inputs query, value and perhaps key. */
export function attend(
  plan: StreamPlan,
  layer: AttentionBase,
  [query, ...others]: readonly (Value | FixedKey)[],
  flags: CallFlags,
): Value {
  const [value, key] = others;
  const looksBack = others.every((each) => "source" in each);
  const looksAside = others.every((each) => !("source" in each));
  const causal = flags.useCausalMask === true;
  const projected = layer instanceof ProjectedAttention ? (layer as Projected) : null;
  if (!("source" in query!) || !(looksAside || (looksBack && causal)) || (looksAside && causal && !projected)) {
    throw new RondoError("option", "this attention cannot be streamed", {
      path: layer.describe(),
      received: `a ${"source" in query! ? "streamed" : "fixed"} query, ${causal ? "" : "no "}useCausalMask`,
      expected: "queries that look at earlier steps (useCausalMask: true), or at sequences that are fixed",
    });
  }
  const source = projected
    ? manyHeads(plan, projected, query, (looksBack ? earlierHeads : fixedHeads)(plan, projected, value!, key), causal)
    : oneHead(
        plan,
        layer,
        query,
        widthOf(value!),
        looksBack ? earlier(plan, others as Value[]) : whole(plan, others as FixedKey[]),
      );
  return { ...query, source };
}

const widthOf = (x: Value | FixedKey): number => ("source" in x ? x.source().shape[1]! : (x.shape.at(-1) as number));

/** What a query looks at in its step. */
interface Seen {
  readonly keys: () => Tensor;
  readonly values: () => Tensor;
  readonly mask: () => Tensor | null;
  /** How many steps, and how many there is room for. */
  readonly steps: () => number;
  readonly room: () => number;
  readonly scratch: () => Tensor;
}

const scratchSize = (plan: StreamPlan, { heads }: Projected, steps: number): number =>
  plan.engine.kernels.attentionScratchSize(plan.batch, 1, steps, heads.query, heads.size, heads.valueSize, 0);

/** Keys and values of the steps so far. */
function earlierHeads(plan: StreamPlan, layer: Projected, v: Value | FixedKey, k: Value | FixedKey = v): Seen {
  const [value, key] = [v as Value, k as Value];
  const { keyValue, size, valueSize } = layer.heads;
  const most = plan.capacity!;
  const project = ({ source }: Value, { kernel, bias }: Projected["key"]) =>
    linear(plan, kernel, bias, kernel.shape[0]!, kernel.shape[1]! * kernel.shape[2]!, source);
  const [keyRow, valueRow] = [project(key, layer.key), project(value, layer.value)];
  if (layer.rotation) {
    const tables = layer.rotation.waves(0, most, size / 2);
    plan.actions.push(() => turn(plan, keyRow(), keyValue, size, tables));
  }
  const [keys, values] = [cached(plan, keyRow, keyValue * size), cached(plan, valueRow, keyValue * valueSize)];
  const row = bothMasks(plan, value.mask, key.mask);
  const mask = row ? cached(plan, () => row, 1) : null;
  const scratch = plan.buffer([scratchSize(plan, layer, most)]);
  return {
    keys: () => keys,
    values: () => values,
    mask: () => mask,
    steps: () => plan.position + 1,
    room: () => most,
    scratch: () => scratch,
  };
}

/** Keys and values of sequences that are known whole, computed once. */
function fixedHeads(plan: StreamPlan, layer: Projected, v: Value | FixedKey, k: Value | FixedKey = v): Seen {
  const [value, key] = [v as FixedKey, k as FixedKey];
  const kept = plan.keepFixed((read) => {
    const [from, by] = [read(value), read(key)];
    const keys = layer.toHeads(by.tensor, layer.key);
    return [
      layer.rotation?.apply(keys, layer.describe()) ?? keys,
      layer.toHeads(from.tensor, layer.value),
      allOf([from.mask, by.mask]),
      zeros([scratchSize(plan, layer, by.tensor.shape[1]!)]),
    ];
  });
  return {
    keys: () => kept()[0]!,
    values: () => kept()[1]!,
    mask: () => kept()[2]!,
    steps: () => kept()[0]!.shape[1]!,
    room: () => kept()[0]!.shape[1]!,
    scratch: () => kept()[3]!,
  };
}

function manyHeads(plan: StreamPlan, layer: Projected, query: Value, seen: Seen, causal: boolean): Source {
  const { batch } = plan;
  const { kernels } = plan.engine;
  const { heads, rotation } = layer;
  const { query: count, keyValue, size, valueSize } = heads;
  const { kernel: asked, bias: shift } = layer.query;
  const queries = linear(plan, asked, shift, asked.shape[0]!, count * size, query.source);
  if (rotation) {
    const tables = rotation.waves(0, plan.capacity!, size / 2);
    plan.actions.push(() => turn(plan, queries(), count, size, tables));
  }
  const slopes = layer.options.alibi ? plan.buffer([count]) : null;
  slopes?.write(alibiSlopes(count));
  const y = plan.buffer([batch, count * valueSize]);
  const { mask } = query;
  const window = layer.options.slidingWindow ?? Number.POSITIVE_INFINITY;
  plan.actions.push(() => {
    const { position } = plan;
    const from = Math.max(0, position - window + 1);
    const steps = Math.min(seen.steps(), position + window) - from;
    if (steps <= 0) {
      kernels.fill(y.offset, y.size, 0);
      return;
    }
    const seenMask = seen.mask();
    kernels.attentionForward(
      queries().offset,
      seen.keys().offset + 4 * from * keyValue * size,
      seen.values().offset + 4 * from * keyValue * valueSize,
      seenMask ? seenMask.offset + 4 * from : 0,
      mask?.offset ?? 0,
      slopes?.offset ?? 0,
      y.offset,
      0,
      seen.scratch().offset,
      batch,
      1,
      steps,
      seen.room(),
      count,
      keyValue,
      size,
      valueSize,
      position - from,
      1 / Math.sqrt(size),
      causal ? 1 : 0,
    );
  });
  if (layer.gate) {
    const open = linear(plan, layer.gate.kernel, layer.gate.bias, asked.shape[0]!, count * valueSize, query.source);
    const dims = plan.buffer([7], "int32");
    dims.write([1, y.size, 1, 1, 0, 0, 0]);
    const [sigmoid, mul] = [opCode("unary", "sigmoid"), opCode("binary", "mul")];
    plan.actions.push(() => {
      const at = open().offset;
      kernels.unary(sigmoid, at, at, y.size);
      kernels.binary(mul, y.offset, at, y.offset, dims.offset);
    });
  }
  const { kernel, bias } = layer.output;
  return linear(plan, kernel, bias, count * valueSize, kernel.shape[2]!, () => y);
}

type Operand = readonly [tensor: Tensor, mask: Tensor | null];

/** Attention without projections, by ordinary operations. */
function oneHead(
  plan: StreamPlan,
  layer: AttentionBase,
  query: Value,
  width: number,
  seen: () => readonly Operand[],
): Source {
  const y = plan.buffer([plan.batch, width]);
  plan.actions.push(() =>
    plainly(() => {
      const operands: readonly Operand[] = [[asLayersSee(query), query.mask], ...seen()];
      const [inputs, masks] = [operands.map(([x]) => x), operands.map(([, mask]) => mask)];
      copy(layer.callMany(inputs, { training: false, masks }) as Tensor, y);
    }),
  );
  return () => y;
}

/** The steps so far. */
function earlier(plan: StreamPlan, values: readonly Value[]): () => readonly Operand[] {
  const caches = values.map(({ source, mask }) => [
    cached(plan, source, source().shape[1]!),
    mask && cached(plan, () => mask, 1),
  ]);
  const soFar = (x: Tensor) => slice(x, 0, [plan.batch, plan.position + 1, x.shape[2]!]);
  return () =>
    caches.map(([rows, mask]): Operand => {
      return [soFar(rows!), mask ? reshape(soFar(mask), [plan.batch, plan.position + 1]) : null];
    });
}

/** Sequences that are known whole. */
function whole(plan: StreamPlan, keys: readonly FixedKey[]): () => readonly Operand[] {
  const kept = keys.map((key) => plan.keepFixed((read) => [read(key).tensor, read(key).mask]));
  return () => kept.map((each): Operand => [each()[0]!, each()[1]!]);
}

/** Rotary positions of a step. */
export function rotate(plan: StreamPlan, layer: RotaryEmbedding, x: Value): Value {
  const y = plan.buffer(x.source().shape);
  const size = y.shape[1]!;
  const tables = layer.rotation.waves(0, plan.capacity!, size / 2);
  plan.actions.push(() => {
    copy(x.source(), y);
    turn(plan, y, 1, size, tables);
  });
  return { ...x, source: () => y };
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
  const tensor = plan.buffer([batch, capacity!, width], row().dtype);
  const dims = plan.buffer([7], "int32");
  dims.write([2, batch, width, width, 1, capacity! * width, 1]);
  plan.caches.push({ tensor, width });
  plan.actions.push(() => kernels.copyStrided(row().offset, tensor.offset + 4 * plan.position * width, dims.offset));
  return tensor;
}

/** A step counts where both masks say so. */
function bothMasks(plan: StreamPlan, a: Tensor | null, b: Tensor | null): Tensor | null {
  if (!a || !b || a === b) return a ?? b;
  const mask = plan.buffer([plan.batch, 1], "bool");
  plan.actions.push(() => plainly(() => copy(logicalAnd(a, b), mask)));
  return mask;
}
