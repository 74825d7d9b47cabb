import { type OpCode, opCode } from "../../backend/kernels.js";
import type { Engine } from "../engine.js";
import { allocate, type Tensor } from "../tensor.js";
import { Variable } from "../variable.js";
import type { Forward } from "./table.js";

/** Which recurrence runs, with what only it has. */
export type RecurrentCell =
  | { readonly kind: "rnn"; readonly activation: OpCode<"activation"> }
  | { readonly kind: "lstm" }
  | { readonly kind: "gru"; readonly resetAfter: boolean };

/** The operands of a recurrence; an operation's inputs are those that are present, in this order. */
export const recurrentOperands = [
  "x",
  "indices",
  "kernel",
  "recurrent",
  "bias",
  "h0",
  "c0",
  "mask",
  "recurrentMask",
] as const;
export type RecurrentOperand = (typeof recurrentOperands)[number];

export interface RecurrentAttributes {
  readonly cell: RecurrentCell;
  /** Names of the inputs, one each. */
  readonly operands: readonly RecurrentOperand[];
  /** y is [batch, time, units] rather than the last output [batch, units]. */
  readonly sequences: boolean;
  readonly goBackwards: boolean;
  readonly zeroOutputForMask: boolean;
}

/** What the backward kernel of a recurrence reads beyond the operands, and which gradients it is asked for. */
export interface RecurrentGradAttributes extends RecurrentAttributes {
  /** Names of the inputs after the operands: the block kept by forward and the gradients that arrived. */
  readonly incoming: readonly ("saved" | "dy" | "dhT" | "dcT")[];
  /** Operands whose gradient is wanted; kernel and recurrent always are. */
  readonly wanted: readonly RecurrentOperand[];
}

type Flags = readonly [sequences: number, goBackwards: number, zeroOutputForMask: number];
type Sizes = readonly [batch: number, time: number, inputs: number, units: number];

function flagsOf(a: RecurrentAttributes): Flags {
  return [a.sequences ? 1 : 0, a.goBackwards ? 1 : 0, a.zeroOutputForMask ? 1 : 0];
}

/** Inputs by name. */
function byName<N extends string>(names: readonly N[], tensors: readonly Tensor[]): { readonly [K in N]?: Tensor } {
  return Object.fromEntries(names.map((name, i) => [name, tensors[i]])) as { [K in N]?: Tensor };
}

/** Offset for a kernel: 0 says "not given". */
const at = (t: Tensor | null | undefined) => t?.offset ?? 0;

function sizesOf(o: { readonly [K in RecurrentOperand]?: Tensor }): Sizes {
  const [batch, time] = (o.indices ?? o.x!).shape;
  return [batch!, time!, o.kernel!.shape[0]!, o.recurrent!.shape[0]!];
}

function savedSize({ kernels }: Engine, cell: RecurrentCell, sizes: Sizes): number {
  if (cell.kind === "lstm") return kernels.lstmSavedSize(...sizes);
  if (cell.kind === "gru") return kernels.gruSavedSize(cell.resetAfter ? 1 : 0, ...sizes);
  return kernels.rnnSavedSize(...sizes);
}

/** Where a kernel may keep its arrangement of the weights from call to call: next to weights that last. Else 0. */
function packedAt({ kernels }: Engine, cell: RecurrentCell, sizes: Sizes, indexed: 0 | 1, weights: Tensor): number {
  if (!(weights instanceof Variable)) return 0;
  const elements =
    cell.kind === "lstm"
      ? kernels.lstmPackedSize(...sizes, indexed)
      : cell.kind === "gru"
        ? kernels.gruPackedSize(cell.resetAfter ? 1 : 0, ...sizes, indexed)
        : kernels.rnnPackedSize(...sizes, indexed);
  return elements === 0 ? 0 : weights.storage.remember(4 * elements);
}

interface ScratchUse {
  readonly backward: 0 | 1;
  readonly indexed: 0 | 1;
  readonly packed: 0 | 1;
}

/** Lends working memory to a kernel for the duration of `call`. */
function withScratch(
  engine: Engine,
  cell: RecurrentCell,
  sizes: Sizes,
  { backward, indexed, packed }: ScratchUse,
  call: (scratch: number) => void,
) {
  const { kernels, arena } = engine;
  const use = [backward, indexed, packed] as const;
  const elements =
    cell.kind === "lstm"
      ? kernels.lstmScratchSize(...sizes, ...use)
      : cell.kind === "gru"
        ? kernels.gruScratchSize(cell.resetAfter ? 1 : 0, ...sizes, ...use)
        : kernels.rnnScratchSize(...sizes, ...use);
  const bytes = Math.max(4, elements * 4);
  const scratch = arena.allocate(bytes);
  try {
    call(scratch);
  } finally {
    arena.release(scratch, bytes);
  }
}

/** A whole sequence through a cell: outputs y, hT and, for an LSTM, cT. */
export const recurrent: Forward<RecurrentAttributes> = (inputs, attributes, keep) => {
  const { cell, operands, sequences } = attributes;
  const o = byName(operands, inputs);
  const sizes = sizesOf(o);
  const [batch, time, , units] = sizes;
  const { engine } = o.recurrent!.storage;
  const { kernels } = engine;
  const y = allocate(sequences ? [batch, time, units] : [batch, units]);
  const hT = allocate([batch, units]);
  const cT = cell.kind === "lstm" ? allocate([batch, units]) : null;
  const outputs = cT ? [y, hT, cT] : [y, hT];
  const saved = keep ? allocate([batch === 0 ? 0 : savedSize(engine, cell, sizes)]) : null;
  if (batch > 0) {
    const indexed = o.indices ? 1 : 0;
    // Beside the recurrent weights: those of the input may be a table's product, made anew for every call.
    const packed = keep ? 0 : packedAt(engine, cell, sizes, indexed, o.recurrent!);
    withScratch(engine, cell, sizes, { backward: 0, indexed, packed: packed ? 1 : 0 }, (scratch) => {
      const weights = [o.kernel!.offset, o.recurrent!.offset, at(o.bias)] as const;
      const given = [at(o.x), at(o.indices), ...weights, at(o.h0)] as const;
      const masks = [at(o.mask), at(o.recurrentMask)] as const;
      const made = [at(saved), packed, scratch, ...sizes, ...flagsOf(attributes)] as const;
      if (cell.kind === "lstm") kernels.lstmForward(...given, at(o.c0), ...masks, y.offset, hT.offset, at(cT), ...made);
      else if (cell.kind === "gru") {
        kernels.gruForward(cell.resetAfter ? 1 : 0, ...given, ...masks, y.offset, hT.offset, ...made);
      } else {
        const activation = opCode("activation", cell.activation);
        kernels.rnnForward(activation, ...given, ...masks, y.offset, hT.offset, ...made);
      }
    });
  }
  return { outputs, saved: saved ? [saved] : [] };
};

/** Gradients of `recurrent`: one output per wanted operand, in the operands' order. */
export const recurrentGrad: Forward<RecurrentGradAttributes> = (inputs, attributes) => {
  const { cell, operands, incoming, wanted } = attributes;
  const o = byName(operands, inputs);
  const d = byName(incoming, inputs.slice(operands.length));
  const sizes = sizesOf(o);
  const { engine } = o.recurrent!.storage;
  const { kernels } = engine;
  const g: { [K in RecurrentOperand]?: Tensor } = {};
  for (const name of wanted) g[name] = allocate(o[name]!.shape);
  if (sizes[0] === 0) {
    for (const t of Object.values(g)) kernels.fill(t.offset, t.size, 0);
    return { outputs: wanted.map((name) => g[name]!) };
  }
  withScratch(engine, cell, sizes, { backward: 1, indexed: o.indices ? 1 : 0, packed: 0 }, (scratch) => {
    const weights = [at(o.x), at(o.indices), o.kernel!.offset, o.recurrent!.offset] as const;
    const masks = [at(o.mask), at(o.recurrentMask), d.saved!.offset] as const;
    const arrived = [at(d.dy), at(d.dhT)] as const;
    const made = [at(g.x), g.kernel!.offset, g.recurrent!.offset, at(g.bias), at(g.h0)] as const;
    const rest = [scratch, ...sizes, ...flagsOf(attributes)] as const;
    if (cell.kind === "lstm") {
      kernels.lstmBackward(...weights, at(o.h0), at(o.c0), ...masks, ...arrived, at(d.dcT), ...made, at(g.c0), ...rest);
    } else if (cell.kind === "gru") {
      const resetAfter = cell.resetAfter ? 1 : 0;
      kernels.gruBackward(resetAfter, ...weights, at(o.bias), at(o.h0), ...masks, ...arrived, ...made, ...rest);
    } else {
      const activation = opCode("activation", cell.activation);
      kernels.rnnBackward(activation, ...weights, at(o.h0), ...masks, ...arrived, ...made, ...rest);
    }
  });
  return { outputs: wanted.map((name) => g[name]!) };
};
