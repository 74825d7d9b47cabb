import { checkOptions, RondoError } from "../errors.js";
import type { Layer } from "../layers/layer.js";
import { Tensor } from "../tensor/tensor.js";
import { chain, type FixedInputs, type StreamGraph } from "./stream-graph.js";
import { StreamPlan } from "./stream-plan.js";
import { plainly } from "./stream-run.js";
import { StreamState } from "./stream-state.js";

export { StreamState } from "./stream-state.js";

/** Options of `model.stream`. */
export interface StreamOptions {
  /** Number of sequences that advance together. Default: that of the fixed inputs, or 1. */
  batchSize?: number;
  /**
   * Most steps of a sequence, for models with attention or positions: their memory is taken once. Others have no limit.
   * Default: the sequenceLength of position embeddings, if there are any.
   */
  maxLength?: number;
  /**
   * Functional models of several inputs: those that are known from the beginning, by name. What depends on them alone (an
   * encoder, keys and values of its output) is computed once. Default: none.
   */
  fixed?: FixedInputs;
}

/**
 * Runs a model one time step at a time and remembers the state in between: the outputs are those of `predict` on the
 * whole sequence, without running it again for every new step. A step allocates nothing.
 *
 * @example
 * const stepper = model.stream();
 * for (const sample of samples) console.log(stepper.step(sample)[0]);
 */
export class Stepper {
  readonly batchSize: number;
  /** Numbers per sequence and step; 1 for a model that begins with an embedding. */
  readonly inputSize: number;
  /** Numbers per sequence that a step returns. */
  readonly outputSize: number;
  /** Most steps of a sequence; null without a limit. */
  readonly maxLength: number | null;
  private readonly graph: StreamGraph;
  private readonly plan: StreamPlan;
  private readonly result: Float32Array;
  private floats!: Float32Array;
  private integers!: Int32Array;

  /** @internal Use `model.stream()`. */
  constructor(graph: StreamGraph, batchSize: number, maxLength: number | null = null) {
    this.graph = graph;
    this.batchSize = batchSize;
    this.plan = new StreamPlan(graph, batchSize, maxLength);
    this.maxLength = this.plan.capacity;
    this.inputSize = this.plan.input.size / batchSize;
    this.outputSize = this.plan.outputSize;
    this.result = new Float32Array(batchSize * this.outputSize);
    this.refresh();
  }

  /** Growing the arena replaces its buffer. */
  private refresh(): void {
    const { buffer } = this.plan.input.storage.engine.backend.memory;
    if (this.floats?.buffer === buffer) return;
    this.floats = new Float32Array(buffer);
    this.integers = new Int32Array(buffer);
  }

  /**
   * One step of every sequence: [batchSize · inputSize] numbers in (a plain number when that is 1; token numbers for a
   * model that begins with an embedding), [batchSize · outputSize] out. The result is the same array every time: copy it
   * (`slice()`) to keep it. Throws RondoError "shape" or "value" for bad input, "state" beyond the maximum length, and the
   * state stays as it was.
   */
  step(input: number | ArrayLike<number>): Float32Array {
    this.refresh();
    const { plan } = this;
    if (plan.position === plan.capacity) throw this.tooLong();
    this.read(input);
    for (let i = 0; i < plan.actions.length; i++) plan.actions[i]!();
    this.refresh();
    const { result, floats } = this;
    const from = plan.output().offset / 4;
    for (let i = 0; i < result.length; i++) result[i] = floats[from + i]!;
    const { states } = plan;
    for (let i = 0; i < states.length; i++) {
      const state = states[i]!;
      const { current } = state;
      state.current = state.next;
      state.next = current;
    }
    if (plan.capacity !== null) plan.position++;
    return result;
  }

  private read(input: number | ArrayLike<number>): void {
    const { tokens, input: buffer } = this.plan;
    const count = typeof input === "number" ? 1 : input.length;
    if (count !== buffer.size) throw this.badLength(count);
    const at = buffer.offset / 4;
    if (typeof input !== "number" && !tokens) {
      const { floats } = this;
      for (let i = 0; i < count; i++) {
        const value = input[i]!;
        if (value - value !== 0) throw this.badValue(value, i); // infinite, or no number
        floats[at + i] = value;
      }
      return;
    }
    for (let i = 0; i < count; i++) {
      const value = typeof input === "number" ? input : input[i]!;
      if (tokens ? !(Number.isInteger(value) && value >= 0 && value < tokens.count) : !Number.isFinite(value)) {
        throw this.badValue(value, i);
      }
      if (tokens) this.integers[at + i] = value;
      else this.floats[at + i] = value;
    }
  }

  private tooLong(): RondoError {
    return new RondoError("state", "the stream has reached its maximum length", {
      received: `step ${this.plan.position + 1}`,
      expected: `at most ${this.maxLength} steps`,
      fix: "reset(), go back to an earlier state, or make the stream with a larger maxLength",
    });
  }

  private badLength(count: number): RondoError {
    const { tokens } = this.plan;
    return new RondoError("shape", "a step takes one input per sequence", {
      received: `${count} number${count === 1 ? "" : "s"}`,
      expected: tokens
        ? `${this.batchSize} token number${this.batchSize === 1 ? "" : "s"}`
        : `${this.batchSize} x ${this.inputSize} numbers`,
    });
  }

  private badValue(value: number, position: number): RondoError {
    const { tokens } = this.plan;
    return new RondoError("value", "a step cannot take this input", {
      path: tokens?.layer,
      received: `${value} at position ${position}`,
      expected: tokens ? `a whole number from 0 to ${tokens.count - 1}` : "finite numbers",
    });
  }

  /** A copy of what is remembered now. Setting it goes back to it, as `rewind` does. */
  get state(): StreamState {
    const { layout, capacity, position } = this.plan;
    const parts = this.remembered(position);
    const size = parts.reduce((sum, { length }) => sum + length, capacity === null ? 0 : 1);
    const values = new Float32Array(size);
    let at = 0;
    if (capacity !== null) values[at++] = position;
    for (const part of parts) {
      values.set(part, at);
      at += part.length;
    }
    return new StreamState(layout, values);
  }
  set state(state: StreamState) {
    this.rewind(state);
  }

  /** Goes back to a state of this or an equal model. Throws RondoError "state" when it does not fit. */
  rewind(state: StreamState): void {
    const { plan } = this;
    const { layout, capacity } = plan;
    if (!(state instanceof StreamState) || state.layout !== layout) {
      throw new RondoError("state", "this state belongs to another model", {
        received: state instanceof StreamState ? state.layout : String(state),
        expected: layout,
      });
    }
    const { values } = state;
    const position = capacity === null ? 0 : (values[0] ?? -1);
    const reachable = Number.isInteger(position) && position >= 0 && position <= (capacity ?? 0);
    const parts = reachable ? this.remembered(position) : [];
    const size = parts.reduce((sum, { length }) => sum + length, capacity === null ? 0 : 1);
    if (!reachable || values.length !== size) {
      throw new RondoError("state", "this state does not fit the stream", {
        received: `${position} steps, ${values.length} numbers`,
        expected:
          capacity === null ? `${size} numbers` : `at most ${capacity} steps, and the numbers that belong to them`,
      });
    }
    let at = capacity === null ? 0 : 1;
    for (const part of parts) {
      part.set(values.subarray(at, at + part.length));
      at += part.length;
    }
    plan.position = position;
  }

  /** Everything that is remembered after so many steps, in place. */
  private remembered(position: number): (Float32Array | Int32Array)[] {
    const { states, caches, batch, capacity } = this.plan;
    const rows = caches.flatMap(({ tensor, width }) => {
      const all = tensor.view();
      return Array.from({ length: batch }, (_, b) => {
        const start = b * capacity! * width;
        return all.subarray(start, start + position * width);
      });
    });
    return [...states.map(({ current }) => current.view()), ...rows];
  }

  /** An independent stepper that goes on from here. */
  fork(): Stepper {
    const copy = new Stepper(this.graph, this.batchSize, this.maxLength);
    copy.plan.beginAs(this.plan);
    copy.rewind(this.state);
    return copy;
  }

  /**
   * Forgets everything: the next step is the first of a new sequence. Fixed inputs stay, unless new ones are given. Throws
   * RondoError "option", "shape" or "value" for those that do not fit, and everything stays as it was.
   */
  reset(fixed?: FixedInputs): void {
    if (fixed) this.begin(fixed);
    else this.plan.reset();
  }

  /** @internal */
  begin(given: FixedInputs): void {
    const { fixed } = this.graph;
    checkOptions("a stream's fixed", given, fixed?.names ?? []);
    if (!fixed) return;
    plainly(() => {
      const values = fixed.compute(given);
      for (const key of fixed.shapes.keys()) {
        const batch = values.get(key)!.tensor.shape[0];
        if (batch === this.batchSize) continue;
        throw new RondoError("shape", "a stream needs as many fixed inputs as it has sequences", {
          received: `${batch} for batchSize ${this.batchSize}`,
          expected: "one per sequence",
        });
      }
      this.plan.begin(values);
    });
  }

  /** Frees the buffers now; otherwise the garbage collector does. */
  dispose(): void {
    this.plan.dispose();
  }

  /** At the end of a `using` block: the same as `dispose()`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * A stepper for a stack of built layers, or a graph of them. Throws RondoError "option" for layers that need later steps
 * (bidirectional, goBackwards) and where a maximum length is missing, "state" when the layers are not built.
 */
export function createStepper(model: readonly Layer[] | StreamGraph, options: StreamOptions = {}): Stepper {
  checkOptions("model.stream", options, ["batchSize", "maxLength", "fixed"]);
  const { fixed = {}, batchSize = batchOf(fixed), maxLength } = options;
  for (const [name, value] of Object.entries({ batchSize, maxLength })) {
    if (value === undefined || (Number.isInteger(value) && value >= 1)) continue;
    throw new RondoError("value", `model.stream: ${name} must be a whole number of at least 1`, {
      received: String(value),
    });
  }
  const graph = "calls" in model ? model : chain(model);
  const stepper = new Stepper(graph, batchSize, maxLength ?? null);
  stepper.begin(fixed);
  return stepper;
}

/** The number of sequences that fixed inputs are for. */
function batchOf(fixed: FixedInputs): number {
  const [first] = Object.values(fixed);
  if (first === undefined) return 1;
  return first instanceof Tensor ? (first.shape[0] ?? 1) : ((first as ArrayLike<unknown>).length ?? 1);
}
