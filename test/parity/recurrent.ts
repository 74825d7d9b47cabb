import { type KernelName, kernelTable, type OpCode, opCode } from "../../src/backend/kernels.js";
import type { Bench, Tolerance } from "./bench.js";

export type Layer =
  | { cell: "rnn"; activation: OpCode<"activation"> }
  | { cell: "lstm" }
  | { cell: "gru"; resetAfter: boolean };

/** What goes into a layer and its gradient, all optional but the first three. */
export interface LayerInputs {
  /** This or `indices`. */
  x?: Float32Array;
  indices?: Int32Array;
  kernel: Float32Array;
  recurrent: Float32Array;
  bias?: Float32Array;
  h0?: Float32Array;
  c0?: Float32Array;
  mask?: Int32Array;
  recurrentMask?: Float32Array;
  dy?: Float32Array;
  dhT?: Float32Array;
  dcT?: Float32Array;
}

export interface LayerRun {
  layer: Layer;
  batch: number;
  time: number;
  inputs: number;
  units: number;
  sequences: boolean;
  goBackwards: boolean;
  zeroOutputForMask: boolean;
  arrays: LayerInputs;
  /** Inference keeps its arrangement of the weights from call to call. */
  keepsPacked?: boolean;
  /** The optional outputs of the backward kernel to ask for. */
  gradients: readonly ("dx" | "dBias" | "dh0" | "dc0")[];
}

const gates = { rnn: 1, lstm: 4, gru: 3 };

/** Elements of every array of a layer, by the names of the kernel table. */
export function layerLengths(run: Omit<LayerRun, "arrays" | "gradients" | "keepsPacked">) {
  const { layer, batch, time, inputs, units, sequences } = run;
  const width = gates[layer.cell] * units;
  const state = batch * units;
  const x = batch * time * inputs;
  const y = sequences ? time * state : state;
  const kernel = inputs * width;
  const recurrent = units * width;
  const bias = layer.cell === "gru" && layer.resetAfter ? 2 * width : width;
  const states = { h0: state, c0: state, hT: state, cT: state, recurrentMask: state };
  const stateGradients = { dh0: state, dc0: state, dhT: state, dcT: state };
  const gradients = { dx: x, dKernel: kernel, dRecurrent: recurrent, dBias: bias, dy: y };
  return { x, kernel, recurrent, bias, y, mask: batch * time, ...states, ...stateGradients, ...gradients };
}

/** Calls a kernel with its arguments by name; what is missing is 0, "not given". */
export function call(bench: Bench, kernel: KernelName, values: Record<string, number>): number {
  const names = kernelTable[kernel].parameters.map((parameter) => parameter.replace(/\??:.*/, ""));
  return (bench.kernels[kernel] as (...args: number[]) => number)(...names.map((name) => values[name] ?? 0));
}

/** Runs the forward kernel and, if asked for, the backward kernel of a layer. */
export function runLayer(bench: Bench, run: LayerRun, backward: boolean, tolerance: Tolerance): void {
  const { layer, arrays } = run;
  const lengths = layerLengths(run);
  const settings: Record<string, number> = {
    ...{ batch: run.batch, time: run.time, inputs: run.inputs, units: run.units },
    sequences: Number(run.sequences),
    goBackwards: Number(run.goBackwards),
    zeroOutputForMask: Number(run.zeroOutputForMask),
    backward: 0,
    indexed: Number(arrays.indices !== undefined),
  };
  if (layer.cell === "rnn") settings.activation = opCode("activation", layer.activation);
  if (layer.cell === "gru") settings.resetAfter = Number(layer.resetAfter);
  const inputs: Record<string, number> = {};
  for (const [name, values] of Object.entries(arrays)) {
    inputs[name] = values instanceof Int32Array ? bench.ints(values) : bench.floats(values);
  }
  const outputs = (names: readonly (keyof typeof lengths)[]) =>
    Object.fromEntries(names.map((name) => [name, bench.outFloats(name, lengths[name], tolerance)]));

  const saved = backward ? bench.workspace(call(bench, `${layer.cell}SavedSize`, settings)) : 0;
  const keeps = !backward && run.keepsPacked;
  const packedSize = keeps ? call(bench, `${layer.cell}PackedSize`, settings) : 0;
  const packed = packedSize > 0 ? bench.workspace(packedSize) : 0;
  if (packed) new Float32Array(bench.backend.memory.buffer, packed, packedSize).fill(0);
  const scratch = bench.workspace(
    call(bench, `${layer.cell}ScratchSize`, { ...settings, packed: Number(packed !== 0) }),
  );
  const given = {
    ...{ ...settings, ...inputs, saved, packed, scratch },
    ...outputs(layer.cell === "lstm" ? ["y", "hT", "cT"] : ["y", "hT"]),
  };
  if (packed) {
    // Kept for other weights first, which must not be mistaken for these.
    const kernel = bench.floats(arrays.kernel.map((value, i) => (i === arrays.kernel.length - 1 ? value + 1 : value)));
    call(bench, `${layer.cell}Forward`, { ...given, kernel });
    call(bench, `${layer.cell}Forward`, given);
  }
  call(bench, `${layer.cell}Forward`, given);
  if (!backward) return;
  const backwardScratch = bench.workspace(call(bench, `${layer.cell}ScratchSize`, { ...settings, backward: 1 }));
  call(bench, `${layer.cell}Backward`, {
    ...{ ...settings, ...inputs, saved, scratch: backwardScratch },
    ...outputs(["dKernel", "dRecurrent", ...run.gradients]),
  });
}
