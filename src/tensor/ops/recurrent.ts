import { type OpCode, opCodes } from "../../backend/kernels.js";
import { checkOptions, lookUp, RondoError } from "../../errors.js";
import { type RecurrentCell, type RecurrentOperand, recurrentOperands } from "../forward/recurrent.js";
import { run } from "../run.js";
import { formatShape, type Shape, sameShape } from "../shape.js";
import type { Tensor, TensorLike } from "../tensor.js";
import { bool, checkRank, float, indices as indicesBelow } from "./operands.js";

/** What every fused recurrence takes. Sizes: batch, time, inputs, units; a cell has g gates (RNN 1, GRU 3, LSTM 4). */
export interface SequenceOptions {
  /** [batch, time, inputs], time at least 1. Either this or `indices`. */
  x?: TensorLike | null;
  /**
   * [batch, time], whole numbers: each step picks that row of `kernel`. The same as an x of zeros with a one at the index,
   * without the product.
   */
  indices?: TensorLike | null;
  /** Input weights [inputs, g units]. */
  kernel: TensorLike;
  /** Recurrent weights [units, g units]. */
  recurrent: TensorLike;
  /** [g units]; for a GRU with resetAfter [2, 3 units]. */
  bias?: TensorLike | null;
  /** State before the first step, [batch, units] each: [h], or [h, c] for an LSTM. Zeros by default. */
  initialState?: readonly TensorLike[] | null;
  /** [batch, time]; a step where it is 0 keeps the state and repeats the previous output (zeros before the first). */
  mask?: TensorLike | null;
  /** [batch, units], multiplies h before the recurrent product at every step (recurrent dropout). */
  recurrentMask?: TensorLike | null;
  /** All outputs [batch, time, units] instead of the last [batch, units]. */
  sequences?: boolean;
  /** Read from the last step to the first; outputs stay in the order of processing. */
  goBackwards?: boolean;
  /** Masked steps put out zeros instead of repeating the previous output. */
  zeroOutputForMask?: boolean;
}

/** What a fused recurrence gives back. */
export interface SequenceResult {
  /** [batch, time, units] with `sequences`, else [batch, units]. */
  output: Tensor;
  /** State after the last step, [batch, units] each. */
  states: Tensor[];
}

const optionNames: readonly (keyof SequenceOptions)[] = [
  "x",
  "indices",
  "kernel",
  "recurrent",
  "bias",
  "initialState",
  "mask",
  "recurrentMask",
  "sequences",
  "goBackwards",
  "zeroOutputForMask",
];

/** What the steps read: x, or rows of a kernel of so many. */
function steps(where: string, { x, indices }: SequenceOptions, rows: number) {
  const both = x !== undefined && x !== null && indices !== undefined && indices !== null;
  if (both || (!x && !indices)) {
    throw new RondoError("option", `${where} takes x or indices`, { received: both ? "both" : "neither" });
  }
  if (indices) {
    const chosen = indicesBelow(indices, rows, where);
    checkRank(chosen, 2, where, "indices", "[batch, time]");
    return { x: null, indices: chosen, shape: [chosen.shape[0]!, chosen.shape[1]!, rows] as const };
  }
  const given = float(x!);
  checkRank(given, 3, where, "x", "[batch, time, inputs]");
  return { x: given, indices: null, shape: given.shape as readonly [number, number, number] };
}

function sequence(where: string, cell: RecurrentCell, options: SequenceOptions): SequenceResult {
  const gates = { rnn: 1, lstm: 4, gru: 3 }[cell.kind];
  const kernel = float(options.kernel);
  checkRank(kernel, 2, where, "kernel", `[inputs, ${gates} units]`);
  const { x, indices, shape } = steps(where, options, kernel.shape[0]!);
  const recurrent = float(options.recurrent);
  checkRank(recurrent, 2, where, "recurrent", `[units, ${gates} units]`);
  const [batch, time, inputs] = shape;
  const units = recurrent.shape[0]!;
  if (time === 0 || units === 0) {
    throw new RondoError("shape", `${where} needs at least one step and one unit`, {
      received: `${x ? "x" : "indices"} ${formatShape((x ?? indices!).shape)}, units ${units}`,
    });
  }
  const states = options.initialState ?? [];
  const wantedStates = cell.kind === "lstm" ? 2 : 1;
  if (states.length !== 0 && states.length !== wantedStates) {
    throw new RondoError("value", `${where}: wrong number of initial states`, {
      received: String(states.length),
      expected: wantedStates === 2 ? "[h, c]" : "[h]",
    });
  }
  const biasShape = cell.kind === "gru" && cell.resetAfter ? [2, gates * units] : [gates * units];
  const given: { readonly [K in RecurrentOperand]: TensorLike | null | undefined } = {
    x,
    indices,
    kernel,
    recurrent,
    bias: options.bias,
    h0: states[0],
    c0: states[1],
    mask: options.mask,
    recurrentMask: options.recurrentMask,
  };
  const shapes: { readonly [K in RecurrentOperand]: Shape } = {
    x: shape,
    indices: [batch, time],
    kernel: [inputs, gates * units],
    recurrent: [units, gates * units],
    bias: biasShape,
    h0: [batch, units],
    c0: [batch, units],
    mask: [batch, time],
    recurrentMask: [batch, units],
  };
  const operands = recurrentOperands.filter((name) => given[name] !== undefined && given[name] !== null);
  const tensors = operands.map((name) => {
    const t = name === "indices" ? indices! : name === "mask" ? bool(given[name]!) : float(given[name]!);
    if (sameShape(t.shape, shapes[name])) return t;
    throw new RondoError("shape", `${where}: ${name} has the wrong shape`, {
      received: formatShape(t.shape),
      expected: `${formatShape(shapes[name])} (batch ${batch}, time ${time}, inputs ${inputs}, units ${units})`,
    });
  });
  const { sequences = false, goBackwards = false, zeroOutputForMask = false } = options;
  const [output, ...final] = run("recurrent", tensors, { cell, operands, sequences, goBackwards, zeroOutputForMask });
  return { output: output!, states: final };
}

/**
 * A long short-term memory over a whole sequence in one call; gates in the order i, f, c, o, with sigmoid gates and tanh
 * activation (Hochreiter and Schmidhuber 1997). It has first derivatives only.
 *
 * @example const { output, states: [h, c] } = lstmSequence({ x, kernel, recurrent, bias, sequences: true });
 */
export function lstmSequence(options: SequenceOptions): SequenceResult {
  checkOptions("lstmSequence", options, optionNames);
  return sequence("lstmSequence", { kind: "lstm" }, options);
}

/**
 * A gated recurrent unit over a whole sequence in one call; gates in the order z, r, h (Cho et al. 2014). `resetAfter`
 * (default true, as in Keras) applies the reset gate after the recurrent product. It has first derivatives only.
 *
 * @example const { output } = gruSequence({ x, kernel, recurrent, bias });
 */
export function gruSequence(options: SequenceOptions & { resetAfter?: boolean }): SequenceResult {
  checkOptions("gruSequence", options, [...optionNames, "resetAfter"]);
  return sequence("gruSequence", { kind: "gru", resetAfter: options.resetAfter ?? true }, options);
}

/**
 * h = activation(x · kernel + h · recurrent + bias) over a whole sequence in one call; activation "tanh" (default),
 * "relu", "sigmoid" or "linear". It has first derivatives only.
 *
 * @example const { output } = simpleRnnSequence({ x, kernel, recurrent, activation: "relu" });
 */
export function simpleRnnSequence(options: SequenceOptions & { activation?: OpCode<"activation"> }): SequenceResult {
  checkOptions("simpleRnnSequence", options, [...optionNames, "activation"]);
  const { activation = "tanh" } = options;
  lookUp("activation", activation, Object.fromEntries(opCodes.activation.map((name) => [name, true])));
  return sequence("simpleRnnSequence", { kind: "rnn", activation }, options);
}
