import { checkOptions, RondoError } from "../errors.js";
import type { Layer } from "../layers/layer.js";
import { StreamPlan } from "./stream-plan.js";
import { StreamState } from "./stream-state.js";

export { StreamState } from "./stream-state.js";

export interface StreamOptions {
  /** Number of sequences that advance together. Default: 1. */
  batchSize?: number;
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
  private readonly layers: readonly Layer[];
  private readonly plan: StreamPlan;
  private readonly result: Float32Array;
  private floats!: Float32Array;
  private integers!: Int32Array;

  /** @internal Use `model.stream()`. */
  constructor(layers: readonly Layer[], batchSize: number) {
    this.layers = layers;
    this.batchSize = batchSize;
    this.plan = new StreamPlan(layers, batchSize);
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
   * (`slice()`) to keep it. Throws RondoError "shape" or "value" for bad input, and the state stays as it was.
   */
  step(input: number | ArrayLike<number>): Float32Array {
    this.refresh();
    const { plan } = this;
    this.read(input);
    for (let i = 0; i < plan.actions.length; i++) plan.actions[i]!();
    this.refresh();
    const from = plan.output().offset / 4;
    for (let i = 0; i < this.result.length; i++) this.result[i] = this.floats[from + i]!;
    for (let i = 0; i < plan.states.length; i++) {
      const state = plan.states[i]!;
      const { current } = state;
      state.current = state.next;
      state.next = current;
    }
    return this.result;
  }

  private read(input: number | ArrayLike<number>): void {
    const { tokens, input: buffer } = this.plan;
    const count = typeof input === "number" ? 1 : input.length;
    if (count !== buffer.size) throw this.badLength(count);
    const at = buffer.offset / 4;
    for (let i = 0; i < count; i++) {
      const value = typeof input === "number" ? input : input[i]!;
      if (tokens ? !(Number.isInteger(value) && value >= 0 && value < tokens.count) : !Number.isFinite(value)) {
        throw this.badValue(value, i);
      }
      if (tokens) this.integers[at + i] = value;
      else this.floats[at + i] = value;
    }
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
    const { states, layout } = this.plan;
    const values = new Float32Array(states.reduce((sum, { current }) => sum + current.size, 0));
    let at = 0;
    for (const { current } of states) {
      values.set(current.view(), at);
      at += current.size;
    }
    return new StreamState(layout, values);
  }
  set state(state: StreamState) {
    this.rewind(state);
  }

  /** Goes back to a state of this or an equal model. Throws RondoError "state" when it does not fit. */
  rewind(state: StreamState): void {
    const { states, layout } = this.plan;
    if (!(state instanceof StreamState) || state.layout !== layout) {
      throw new RondoError("state", "this state belongs to another model", {
        received: state instanceof StreamState ? state.layout : String(state),
        expected: layout,
      });
    }
    let at = 0;
    for (const { current } of states) {
      current.write(state.values.subarray(at, at + current.size));
      at += current.size;
    }
  }

  /** An independent stepper that goes on from here. */
  fork(): Stepper {
    const copy = new Stepper(this.layers, this.batchSize);
    copy.rewind(this.state);
    return copy;
  }

  /** Forgets everything: the next step is the first of a new sequence. */
  reset(): void {
    this.plan.reset();
  }

  /** Frees the buffers now; otherwise the garbage collector does. */
  dispose(): void {
    this.plan.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * A stepper for a stack of built layers. Throws RondoError "option" for layers that need later steps (bidirectional,
 * goBackwards), "state" when the layers are not built.
 */
export function createStepper(layers: readonly Layer[], options: StreamOptions = {}): Stepper {
  checkOptions("model.stream", options, ["batchSize"]);
  const { batchSize = 1 } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RondoError("value", "model.stream: batchSize must be a whole number of at least 1", {
      received: String(batchSize),
    });
  }
  return new Stepper(layers, batchSize);
}
