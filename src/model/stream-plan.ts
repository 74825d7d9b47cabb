import { noGrad } from "../autograd/tape.js";
import { type OpCode, opCode, opCodes } from "../backend/kernels.js";
import { RondoError } from "../errors.js";
import { type Activation, activatedShape } from "../layers/activations.js";
import { TransformerDecoder } from "../layers/attention/transformer-decoder.js";
import { ActivationLayer } from "../layers/core/activation.js";
import { Dense } from "../layers/core/dense.js";
import { Dropout } from "../layers/core/dropout.js";
import { Embedding } from "../layers/core/embedding.js";
import { Masking } from "../layers/core/masking.js";
import { PositionEmbedding } from "../layers/core/position-embedding.js";
import { SinePositionEncoding } from "../layers/core/sine-position-encoding.js";
import { TimeDistributed } from "../layers/core/time-distributed.js";
import type { Layer } from "../layers/layer.js";
import { type Cell, checkStep, stateSizes } from "../layers/recurrent/cell.js";
import type { GRUCell } from "../layers/recurrent/gru-cell.js";
import type { LSTMCell } from "../layers/recurrent/lstm-cell.js";
import { RecurrentLayer } from "../layers/recurrent/recurrent-layer.js";
import type { SimpleRNNCell } from "../layers/recurrent/simple-rnn-cell.js";
import { StackedRNNCells } from "../layers/recurrent/stacked-cells.js";
import { type Engine, engine } from "../tensor/engine.js";
import { scope } from "../tensor/scope.js";
import { type DType, type Shape, sizeOf } from "../tensor/shape.js";
import { keep, Storage, Tensor } from "../tensor/tensor.js";
import type { Variable } from "../tensor/variable.js";
import { type Cache, decoderBlock } from "./stream-attention.js";
import { capacityOf, checkStreamable, computesAs, inputSize } from "./stream-checks.js";

/** One part of a step: reads and writes buffers that stay where they are. */
type Action = () => void;
/** A buffer that may be another one at the next step. */
export type Source = () => Tensor;

/** A state: read from `current`, written to `next`; the two are exchanged when the whole step has succeeded. */
export interface Carried {
  current: Tensor;
  next: Tensor;
}

/**
 * The kernel calls of one time step through a stack of layers, worked out once: buffers are allocated here, and running
 * the actions allocates nothing (except in layers without kernels of their own).
 */
export class StreamPlan {
  readonly batch: number;
  /** Token numbers (int32, [batch]) or features (float32, [batch, size]). */
  readonly input: Tensor;
  readonly tokens: { readonly count: number; readonly layer: string } | null;
  readonly actions: Action[] = [];
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
  /** Sets states that do not start at zero. */
  private readonly starts: Action[] = [];
  mask: Tensor | null = null;
  private words = new Float32Array();

  constructor(layers: readonly Layer[], batch: number, maxLength: number | null = null) {
    this.batch = batch;
    const unbuilt = layers.find((layer) => !layer.built);
    if (layers.length === 0 || unbuilt) {
      throw new RondoError("state", "a model must be built before it can be streamed", {
        path: unbuilt?.describe(),
        fix: "give the first layer an inputShape, or predict once",
      });
    }
    layers.forEach(checkStreamable);
    this.capacity = capacityOf(layers, maxLength);
    this.engine = layers.flatMap((layer) => layer.weights)[0]?.storage.engine ?? engine();
    const first = layers.find((layer) => !(layer instanceof Dropout));
    this.tokens = first instanceof Embedding ? { count: first.options.inputDim, layer: first.describe() } : null;
    this.input = this.tokens ? this.buffer([batch], "int32") : this.buffer([batch, inputSize(layers)]);
    const kinds: string[] = [];
    let source: Source = () => this.input;
    for (const layer of layers) {
      const before = this.states.length;
      const cachesBefore = this.caches.length;
      source = this.add(layer, source);
      const sizes = this.states.slice(before).map((s) => s.current.shape[1]);
      if (sizes.length > 0) kinds.push(`${(layer as RecurrentLayer).cell.className} ${sizes.join(" ")}`);
      const widths = this.caches.slice(cachesBefore).map(({ width }) => width);
      if (widths.length > 0) kinds.push(`${layer.className} ${widths.join(" ")}`);
    }
    this.layout = `batch ${batch}; ${kinds.join("; ")}${this.capacity === null ? "" : "; position"}`;
    this.output = source;
    this.outputSize = source().shape[1]!;
    this.reset();
  }

  /** States at the start of a sequence. */
  reset(): void {
    this.position = 0;
    for (const { current } of this.states) this.engine.kernels.fill(current.offset, current.size, 0);
    for (const start of this.starts) start();
  }

  dispose(): void {
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

  private carried(size: number): Carried {
    const state = { current: this.buffer([this.batch, size]), next: this.buffer([this.batch, size]) };
    this.states.push(state);
    return state;
  }

  private add(layer: Layer, source: Source): Source {
    if (layer instanceof Dropout) return source;
    if (layer instanceof Dense) return this.dense(layer, source);
    if (layer instanceof ActivationLayer) return this.activation(layer.options.activation, source);
    if (layer instanceof Embedding) return this.embedding(layer, source);
    if (layer instanceof Masking) return this.masking(layer, source);
    if (layer instanceof RecurrentLayer) return this.recurrent(layer, source);
    if (layer instanceof TransformerDecoder) return decoderBlock(this, layer, source);
    if (layer instanceof PositionEmbedding) return this.positions(layer.embeddings, source);
    if (layer instanceof SinePositionEncoding) {
      const features = source().shape[1]!;
      const waves = this.buffer([this.capacity!, features]);
      waves.write(layer.waves(this.capacity!, features));
      return this.positions(waves, source);
    }
    return this.everyStep(layer instanceof TimeDistributed ? layer.layer : layer, source);
  }

  private embedding(layer: Embedding, source: Source): Source {
    const { inputDim, outputDim, maskZero } = layer.options;
    if (source() !== this.input) {
      throw new RondoError("option", "an embedding can be streamed as the first layer only", {
        path: layer.describe(),
      });
    }
    const y = this.buffer([this.batch, outputDim]);
    const { kernels } = this.engine;
    const { batch } = this;
    this.actions.push(() => {
      kernels.gather(layer.embeddings.offset, source().offset, y.offset, 1, inputDim, batch, outputDim);
    });
    if (maskZero) {
      this.mask = this.buffer([batch, 1], "bool");
      const mask = this.mask;
      this.actions.push(() => kernels.castIntToBool(source().offset, mask.offset, batch));
    }
    return () => y;
  }

  /** Adds the row of this step. */
  private positions(table: Tensor, source: Source): Source {
    return this.plus(source, () => table.offset + 4 * this.position * table.shape[1]!, 0);
  }

  /** x [batch, n] plus what lies at an offset, whose rows are `stride` elements apart. */
  plus(x: Source, offset: () => number, stride: number): Source {
    const y = this.buffer(x().shape);
    const [batch, n] = y.shape as [number, number];
    const dims = this.buffer([7], "int32");
    dims.write([2, batch, n, n, 1, stride, 1]);
    const add = opCode("binary", "add");
    this.actions.push(() => this.engine.kernels.binary(add, x().offset, offset(), y.offset, dims.offset));
    return () => y;
  }

  dense(layer: Dense, source: Source): Source {
    const [inputs, units] = layer.kernel.shape as [number, number];
    return this.activation(layer.options.activation, this.linear(layer.kernel, layer.bias, inputs, units, source));
  }

  /** x · kernel + bias, the kernel taken as [inputs, units]. */
  linear(kernel: Variable, bias: Variable | null, inputs: number, units: number, source: Source): Source {
    const { kernels } = this.engine;
    const { batch } = this;
    const y = this.buffer([batch, units]);
    if (bias) {
      // The product is added to the bias, which is written to every row first.
      const dims = this.buffer([7], "int32");
      dims.write([2, batch, units, 0, 1, units, 1]);
      this.actions.push(() => kernels.copyStrided(bias.offset, y.offset, dims.offset));
    }
    const accumulate = bias ? 1 : 0;
    this.actions.push(() => {
      kernels.matMul(source().offset, kernel.offset, y.offset, 1, batch, units, inputs, 0, 0, 0, 0, accumulate);
    });
    return () => y;
  }

  private activation(activation: Activation, source: Source): Source {
    const { config } = activation;
    if (config === "linear") return source;
    const y = this.buffer(activatedShape(activation, source().shape) as number[]);
    const { kernels } = this.engine;
    const [rows, n] = y.shape as [number, number];
    if (config === "softmax") {
      this.actions.push(() => kernels.softmaxForward(source().offset, y.offset, rows, n));
    } else if (config === "logSoftmax") {
      this.actions.push(() => kernels.logSoftmaxForward(source().offset, y.offset, rows, n));
    } else {
      const name = config === "swish" ? "silu" : config === "exponential" ? "exp" : config;
      const op = opCodes.unary.includes(name as OpCode<"unary">) ? opCode("unary", name as OpCode<"unary">) : -1;
      if (op >= 0) this.actions.push(() => kernels.unary(op, source().offset, y.offset, y.size));
      else this.actions.push(() => plainly(() => copy(activation.apply(source()), y)));
    }
    return () => y;
  }

  private masking(layer: Masking, source: Source): Source {
    const y = this.buffer(source().shape);
    this.mask = this.buffer([this.batch, 1], "bool");
    const { mask } = this;
    this.actions.push(() =>
      plainly(() => {
        copy(layer.computeMask(source()), mask);
        copy(layer.call(source()), y);
      }),
    );
    return () => y;
  }

  /** A layer inside timeDistributed, or one that treats every step by itself, sees one step anyway. */
  private everyStep(layer: Layer, source: Source): Source {
    if ([Dense, ActivationLayer, Dropout].some((kind) => computesAs(layer, kind))) return this.add(layer, source);
    const shape = layer.computeOutputShape(source().shape) as number[];
    if (shape.length !== 2) {
      throw new RondoError("shape", "only steps that are vectors can be streamed", { path: layer.describe() });
    }
    const y = this.buffer(shape);
    this.actions.push(() => plainly(() => copy(layer.call(source(), { training: false, mask: null }) as Tensor, y)));
    return () => y;
  }

  private recurrent(layer: RecurrentLayer, source: Source): Source {
    const output = this.run(layer.cell, source, layer.zeroOutputForMask);
    if (!layer.settings.returnSequences) this.mask = null;
    return output;
  }

  private run(cell: Cell, source: Source, zeroOutputForMask: boolean): Source {
    if (!(cell instanceof StackedRNNCells)) {
      return this.fused(cell, source, zeroOutputForMask) ?? this.anyCell(cell, source, zeroOutputForMask);
    }
    const last = cell.cells[cell.cells.length - 1];
    return cell.cells.reduce((from, each) => this.run(each, from, zeroOutputForMask && each === last), source);
  }

  /** The whole-sequence kernels with a sequence of one step. */
  private fused(cell: Cell, source: Source, zeroOutputForMask: boolean): Source | null {
    const kind = cell.recurrence;
    if (!kind) return null;
    const { kernels } = this.engine;
    const { batch, mask } = this;
    const { kernel, recurrentKernel, bias } = cell as LSTMCell | GRUCell | SimpleRNNCell;
    const inputs = kernel.shape[0]!;
    const units = recurrentKernel.shape[0]!;
    const zeros = zeroOutputForMask ? 1 : 0;
    const h = this.carried(units);
    const y = this.buffer([batch, units]);
    const at = (t: Tensor | null) => (t ? t.offset : 0);
    if (kind.kind === "lstm") {
      const c = this.carried(units);
      const scratch = this.buffer([kernels.lstmScratchSize(batch, 1, inputs, units, 0, 0, 0)]);
      this.actions.push(() => {
        kernels.lstmForward(
          source().offset,
          0,
          kernel.offset,
          recurrentKernel.offset,
          at(bias),
          h.current.offset,
          c.current.offset,
          at(mask),
          0,
          y.offset,
          h.next.offset,
          c.next.offset,
          0,
          0,
          scratch.offset,
          batch,
          1,
          inputs,
          units,
          0,
          0,
          zeros,
        );
      });
    } else if (kind.kind === "gru") {
      const after = kind.resetAfter ? 1 : 0;
      const scratch = this.buffer([kernels.gruScratchSize(after, batch, 1, inputs, units, 0, 0, 0)]);
      this.actions.push(() => {
        kernels.gruForward(
          after,
          source().offset,
          0,
          kernel.offset,
          recurrentKernel.offset,
          at(bias),
          h.current.offset,
          at(mask),
          0,
          y.offset,
          h.next.offset,
          0,
          0,
          scratch.offset,
          batch,
          1,
          inputs,
          units,
          0,
          0,
          zeros,
        );
      });
    } else {
      const activation = opCode("activation", kind.activation);
      const scratch = this.buffer([kernels.rnnScratchSize(batch, 1, inputs, units, 0, 0, 0)]);
      this.actions.push(() => {
        kernels.rnnForward(
          activation,
          source().offset,
          0,
          kernel.offset,
          recurrentKernel.offset,
          at(bias),
          h.current.offset,
          at(mask),
          0,
          y.offset,
          h.next.offset,
          0,
          0,
          scratch.offset,
          batch,
          1,
          inputs,
          units,
          0,
          0,
          zeros,
        );
      });
    }
    // A masked step repeats the previous output, which is what h holds; the kernel alone knows no step before this one.
    return mask && !zeros ? () => h.next : () => y;
  }

  /** A cell without a kernel: ordinary operations whose temporaries are freed at the end of the step. */
  private anyCell(cell: Cell, source: Source, zeroOutputForMask: boolean): Source {
    const { batch, mask } = this;
    const states = stateSizes(cell).map((size) => this.carried(size));
    // A masked step repeats the previous output, which must be remembered for that.
    const output = mask ? this.carried(cell.outputSize) : null;
    const y = output ? null : this.buffer([batch, cell.outputSize]);
    if (!cell.startsAtZero) {
      this.starts.push(() =>
        plainly(() => {
          for (const [i, s] of cell.getInitialState(batch).entries()) copy(s, states[i]!.current);
        }),
      );
    }
    this.actions.push(() =>
      plainly(() => {
        const result = cell.call(
          source(),
          states.map((s) => s.current),
          { training: false },
        );
        checkStep(cell, batch, result);
        const counts = mask ? mask.view() : null;
        for (const [i, s] of states.entries()) copyRows(result[1][i]!, s.current, s.next, counts, false);
        if (output) copyRows(result[0], output.current, output.next, counts, zeroOutputForMask);
        else copy(result[0], y!);
      }),
    );
    return output ? () => output.next : () => y!;
  }
}

/** Runs ordinary operations without recording them, and frees what they made. */
function plainly(body: () => void): void {
  noGrad(() => scope(body));
}

function copy(from: Tensor, to: Tensor): void {
  to.view().set(from.view());
}

/** Takes a row from `made` where its step counts, else from `before` (or zeros). */
function copyRows(made: Tensor, before: Tensor, to: Tensor, counts: ArrayLike<number> | null, zeros: boolean): void {
  const target = to.view();
  target.set(made.view());
  if (!counts) return;
  const n = to.size / counts.length;
  for (let row = 0; row < counts.length; row++) {
    if (counts[row]) continue;
    const here = target.subarray(row * n, (row + 1) * n);
    if (zeros) here.fill(0);
    else here.set(before.view().subarray(row * n, (row + 1) * n));
  }
}
