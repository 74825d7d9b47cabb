import { RondoError } from "../errors.js";
import { AttentionBase } from "../layers/attention/attention-base.js";
import { RotaryEmbedding } from "../layers/attention/rotary-embedding.js";
import { TransformerDecoder } from "../layers/attention/transformer-decoder.js";
import { ActivationLayer } from "../layers/core/activation.js";
import { Dense } from "../layers/core/dense.js";
import { Dropout } from "../layers/core/dropout.js";
import { Embedding } from "../layers/core/embedding.js";
import { Masking } from "../layers/core/masking.js";
import { PositionEmbedding } from "../layers/core/position-embedding.js";
import { ReversibleEmbedding } from "../layers/core/reversible-embedding.js";
import { SinePositionEncoding } from "../layers/core/sine-position-encoding.js";
import type { BatchShape, Layer } from "../layers/layer.js";
import { MultiInputLayer } from "../layers/multi-input-layer.js";
import { RecurrentLayer } from "../layers/recurrent/recurrent-layer.js";
import { type Engine, engine } from "../tensor/engine.js";
import { type DType, type Shape, sizeOf } from "../tensor/shape.js";
import { keep, Storage, Tensor } from "../tensor/tensor.js";
import type { FlowingValue } from "./graph.js";
import { attend, type Cache, decoderBlock, rotate } from "./stream-attention.js";
import { capacityOf, checkStreamable, inputSize } from "./stream-checks.js";
import type { Key, StreamCall, StreamGraph } from "./stream-graph.js";
import { runCell } from "./stream-recurrent.js";
import { copy, plainly } from "./stream-run.js";
import { activation, dense, embedding, everyStep, masking, merge, positions } from "./stream-steps.js";

/** One part of a step: reads and writes buffers that stay where they are. */
type Action = () => void;
/** A buffer that may be another one at the next step: [batch, size]. */
export type Source = () => Tensor;

/** What a step of a layer gives. */
export interface Value {
  readonly source: Source;
  /** [batch, 1] bool; null where every step counts. */
  readonly mask: Tensor | null;
  /** Whether it is a step of a sequence, rather than what all steps so far give. */
  readonly timed: boolean;
}

/** Something that is known before the first step. */
export interface FixedKey {
  readonly key: Key;
  /** As far as it is known. */
  readonly shape: BatchShape;
}

/** What is made of fixed values; tensors are copied. */
type Making = (read: (fixed: FixedKey) => FlowingValue) => readonly (Tensor | null)[];

/** A state: read from `current`, written to `next`; the two are exchanged when the whole step has succeeded. */
export interface Carried {
  current: Tensor;
  next: Tensor;
}

/**
 * The kernel calls of one time step through layers, worked out once: buffers are allocated here, and running the actions
 * allocates nothing (except in layers without kernels of their own).
 */
export class StreamPlan {
  readonly batch: number;
  /** Token numbers (int32, [batch]) or features (float32, [batch, size]). */
  readonly input: Tensor;
  readonly tokens: { readonly count: number; readonly layer: string } | null;
  readonly actions: Action[] = [];
  /** Sets states that do not start at zero. */
  readonly starts: Action[] = [];
  readonly states: Carried[] = [];
  /** What attention remembers of earlier steps. */
  readonly caches: Cache[] = [];
  /** Most steps of a sequence, for models that look back or know where they are; null for others. */
  readonly capacity: number | null;
  /** Steps so far. */
  position = 0;
  /** Kinds and sizes of the states. */
  readonly layout: string;
  readonly output: Source;
  readonly outputSize: number;
  readonly engine: Engine;
  private readonly buffers: Tensor[] = [];
  private readonly makings: { readonly make: Making; kept: readonly (Tensor | null)[] }[] = [];
  private readonly fixed: ReadonlyMap<Key, BatchShape>;
  private readonly values = new Map<Key, Value>();
  private words = new Float32Array();

  constructor(graph: StreamGraph, batch: number, maxLength: number | null = null) {
    this.batch = batch;
    const { calls } = graph;
    const unbuilt = calls.find(({ layer }) => !layer.built);
    if (calls.length === 0 || unbuilt) {
      throw new RondoError("state", "a model must be built before it can be streamed", {
        path: unbuilt?.layer.describe(),
        fix: "give the first layer an inputShape, or predict once",
      });
    }
    this.fixed = graph.fixed?.shapes ?? new Map();
    calls.forEach(checkStreamable);
    this.capacity = capacityOf(calls, this.fixed, maxLength);
    this.engine = calls.flatMap(({ layer }) => layer.weights)[0]?.storage.engine ?? engine();
    this.tokens = tokensOf(graph);
    this.input = this.tokens ? this.buffer([batch], "int32") : this.buffer([batch, inputSize(graph)]);
    const rank = graph.inputShape?.length ?? 3;
    this.values.set(graph.input, { source: () => this.input, mask: null, timed: rank > (this.tokens ? 1 : 2) });
    const kinds: string[] = [];
    for (const call of calls) {
      const before = this.states.length;
      const cachesBefore = this.caches.length;
      const { layer, outputs } = call;
      for (const [i, value] of this.add(call).entries()) if (outputs[i]) this.values.set(outputs[i], value);
      const sizes = this.states.slice(before).map((s) => s.current.shape[1]);
      if (sizes.length > 0) kinds.push(`${(layer as RecurrentLayer).cell.className} ${sizes.join(" ")}`);
      const widths = this.caches.slice(cachesBefore).map(({ width }) => width);
      if (widths.length > 0) kinds.push(`${layer.className} ${widths.join(" ")}`);
    }
    this.layout = `batch ${batch}; ${kinds.join("; ")}${this.capacity === null ? "" : "; position"}`;
    this.output = this.values.get(graph.output)!.source;
    this.outputSize = this.output().shape[1]!;
    if (!graph.fixed) this.reset();
  }

  /** Takes what was computed from the fixed inputs, and starts a sequence. */
  begin(values: ReadonlyMap<Key, FlowingValue>): void {
    plainly(() => {
      const made = this.makings.map(({ make }) =>
        make(({ key }) => values.get(key)!).map((each) => each && this.copied(each)),
      );
      this.forgetFixed();
      for (const [i, making] of this.makings.entries()) making.kept = made[i]!;
    });
    this.reset();
  }

  /** Takes over what another plan of the same layers was given. */
  beginAs(other: StreamPlan): void {
    for (const [i, making] of this.makings.entries()) {
      making.kept = other.makings[i]!.kept.map((each) => each && this.copied(each));
    }
    this.reset();
  }

  /** Makes something of fixed values whenever they are given; the result reads what was made last. */
  keepFixed(make: Making): () => readonly (Tensor | null)[] {
    const making = { make, kept: [] };
    this.makings.push(making);
    return () => making.kept;
  }

  private copied(x: Tensor): Tensor {
    const made = keep(new Tensor(new Storage(this.engine, Math.max(4, 4 * x.size)), x.shape, x.dtype));
    copy(x, made);
    return made;
  }

  private forgetFixed(): void {
    for (const { kept } of this.makings) for (const each of kept) each?.dispose();
  }

  /** States at the start of a sequence. */
  reset(): void {
    this.position = 0;
    for (const { current } of this.states) this.engine.kernels.fill(current.offset, current.size, 0);
    for (const start of this.starts) start();
  }

  dispose(): void {
    this.forgetFixed();
    for (const buffer of this.buffers) buffer.dispose();
  }

  /** The arena, as numbers. */
  floats(): Float32Array {
    const { buffer } = this.engine.backend.memory;
    if (this.words.buffer !== buffer) this.words = new Float32Array(buffer);
    return this.words;
  }

  buffer(shape: Shape, dtype: DType = "float32"): Tensor {
    const made = keep(new Tensor(new Storage(this.engine, Math.max(4, 4 * sizeOf(shape))), shape, dtype));
    made.view().fill(0);
    this.buffers.push(made);
    return made;
  }

  carried(size: number): Carried {
    const state = { current: this.buffer([this.batch, size]), next: this.buffer([this.batch, size]) };
    this.states.push(state);
    return state;
  }

  private find(key: Key): Value | FixedKey {
    return this.values.get(key) ?? { key, shape: this.fixed.get(key)! };
  }

  private add(call: StreamCall): readonly Value[] {
    const { layer, flags } = call;
    const inputs = call.inputs.map((key) => this.find(key));
    if (layer instanceof TransformerDecoder) {
      const [x, memory = null] = inputs;
      if ("source" in x! && !(memory && "source" in memory)) return [decoderBlock(this, layer, x, memory)];
    } else if (layer instanceof AttentionBase) {
      return [attend(this, layer, inputs, flags)];
    } else if (layer instanceof MultiInputLayer) {
      return [merge(this, layer, inputs)];
    } else if ("source" in inputs[0]!) {
      return this.alone(call, inputs[0]);
    }
    throw new RondoError("option", "this layer cannot be streamed on these inputs", {
      path: layer.describe(),
      received: inputs.map((each) => ("source" in each ? "a streamed input" : "a fixed input")).join(", "),
    });
  }

  /** Layers with one input. */
  private alone(call: StreamCall, x: Value): readonly Value[] {
    const { layer } = call;
    if (layer instanceof Dropout) return [x];
    if (layer instanceof Dense) return [dense(this, layer, x)];
    if (layer instanceof ActivationLayer) return [activation(this, layer, layer.options.activation, x)];
    if (layer instanceof ReversibleEmbedding && call.flags.reverse) return [everyStep(this, layer, x, call.flags)];
    if (isEmbedding(layer)) return [embedding(this, layer, x)];
    if (layer instanceof Masking) return [masking(this, layer, x)];
    if (layer instanceof RecurrentLayer) return this.recurrent(layer, call.initialState, x);
    if (layer instanceof PositionEmbedding) return [positions(this, layer.embeddings, x)];
    if (layer instanceof RotaryEmbedding) return [rotate(this, layer, x)];
    if (layer instanceof SinePositionEncoding) {
      const features = x.source().shape[1]!;
      const waves = this.buffer([this.capacity!, features]);
      waves.write(layer.waves(this.capacity!, features));
      return [positions(this, waves, x)];
    }
    return [everyStep(this, layer, x)];
  }

  private recurrent(layer: RecurrentLayer, initial: readonly Key[], { source, mask }: Value): readonly Value[] {
    const { returnSequences } = layer.settings;
    const { zeroOutputForMask } = layer;
    const startsElsewhere = initial.length > 0;
    const { output, states } = runCell(this, layer.cell, { source, mask, zeroOutputForMask, startsElsewhere });
    for (const [i, key] of initial.entries()) {
      const given = this.find(key);
      if ("source" in given) {
        throw new RondoError("option", "a layer whose first states come from later ones cannot be streamed", {
          path: layer.describe(),
          fix: "make the inputs that its initialState depends on fixed",
        });
      }
      const kept = this.keepFixed((read) => [read(given).tensor]);
      this.starts.push(() => copy(kept()[0]!, states[i]!.current));
    }
    return [
      { source: output, mask: returnSequences ? mask : null, timed: returnSequences },
      ...states.map((state): Value => ({ source: () => state.next, mask: null, timed: false })),
    ];
  }
}

const isEmbedding = (layer: Layer | null): layer is Embedding | ReversibleEmbedding =>
  layer instanceof Embedding || layer instanceof ReversibleEmbedding;

/** What tokens the input may be, where it goes into embeddings. */
function tokensOf({ calls, input }: StreamGraph): StreamPlan["tokens"] {
  const aliases = new Set<Key>([input]);
  const users: (Layer | null)[] = [];
  for (const { layer, inputs, outputs, flags } of calls) {
    if (!inputs.some((each) => aliases.has(each))) continue;
    if (layer instanceof Dropout) aliases.add(outputs[0]!);
    else users.push(flags.reverse ? null : layer);
  }
  const embeddings = users.filter(isEmbedding);
  if (embeddings.length === 0 || embeddings.length < users.length) return null;
  const [least] = embeddings.sort((a, b) => a.options.inputDim - b.options.inputDim);
  return { count: least!.options.inputDim, layer: least!.describe() };
}
