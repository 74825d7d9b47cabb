import { expect } from "vitest";
import { GradientTape, scope, type Tensor, tensor } from "../../src/index.js";
import { deserializeLayer, type Layer, MultiInputLayer, registerLayer } from "../../src/layers/index.js";
import { expectClose, type GoldenArray } from "../support/golden.js";
import { ReadoutCell } from "./cells.js";

registerLayer("ReadoutCell", ReadoutCell);

interface TypedArray extends GoldenArray {
  readonly dtype: "float32" | "int32" | "bool";
}

interface GoldenCall {
  readonly call: {
    readonly training: boolean;
    readonly mask?: TypedArray;
    /** For layers with several inputs. */
    readonly masks?: readonly (TypedArray | null)[];
    /** Flags, and arrays such as attentionMask. */
    readonly arguments?: Readonly<Record<string, boolean | TypedArray>>;
    readonly initialState?: readonly GoldenArray[];
    readonly resetBefore?: boolean;
  };
  readonly inputs: readonly TypedArray[];
  readonly outputs: readonly GoldenArray[];
  readonly outputMask: TypedArray | null;
  readonly lossProjection: readonly GoldenArray[];
  readonly inputGrads: readonly (GoldenArray | null)[];
  readonly initialStateGrads?: readonly GoldenArray[];
}

export interface GoldenLayer {
  readonly className: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A case of recurrent.json, recurrent-large.json, wrappers.json or layers.json. */
export interface GoldenCase extends GoldenCall {
  readonly id: string;
  readonly layer: GoldenLayer;
  readonly weights: readonly (GoldenArray & { readonly name: string; readonly grad: readonly number[] })[];
  readonly calls?: readonly GoldenCall[];
}

const FORWARD = 1e-5;
const GRADIENT = 1e-4;

/** Keras' description as rondo's spec: { className, options } -> { className, config }, at every depth. */
function toSpec(value: unknown, changes: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((v) => toSpec(v, changes));
  if (value === null || typeof value !== "object" || !("className" in value)) return value;
  const { className, options } = value as GoldenLayer;
  if (/^L[12]/.test(className)) return { name: className.toLowerCase(), ...options };
  const config = Object.entries(options).map(([key, v]) => [key, toSpec(v, changes)]);
  const recurrent = ["LSTM", "GRU", "SimpleRNN", "RNN"].includes(className);
  const { useCudnn: _, ...rest } = Object.fromEntries(config) as Record<string, unknown>;
  return { className, config: { ...rest, ...(recurrent ? changes : {}) } };
}

/** The layers of a case: one, or the several of a sequential model. `changes` go to every recurrent layer. */
export function goldenLayers(layer: GoldenLayer, changes: Record<string, unknown> = {}): Layer[] {
  const list = layer.className === "Sequential" ? (layer.options["layers"] as GoldenLayer[]) : [layer];
  return list.map((each) => deserializeLayer(toSpec(each, changes)));
}

const toTensor = ({
  value,
  shape,
  dtype = "float32",
}: GoldenArray & { dtype?: "float32" | "int32" | "bool" }): Tensor => tensor(Float32Array.from(value), shape, dtype);

function runLayers(
  layers: readonly Layer[],
  inputs: readonly Tensor[],
  { call }: Pick<GoldenCall, "call">,
  states: readonly Tensor[],
) {
  let masks: readonly (Tensor | null)[] = call.masks
    ? call.masks.map((each) => each && toTensor(each))
    : inputs.map(() => (call.mask ? toTensor(call.mask) : null));
  let outputs = inputs;
  const given = Object.entries(call.arguments ?? {}).map(([name, v]) => [
    name,
    typeof v === "boolean" ? v : toTensor(v),
  ]);
  for (const layer of layers) {
    const xs = layer instanceof MultiInputLayer ? outputs : [outputs[0]!];
    layer.ensureBuiltMany(xs.map((x) => x.shape));
    const initialState = states.length > 0 ? { initialState: states } : {};
    const context = { training: call.training, masks, ...initialState, ...Object.fromEntries(given) };
    ({ outputs, masks } = layer.callWithMasks(xs, context));
  }
  return { outputs, mask: masks[0]! };
}

/** Runs a case and compares outputs, masks, states and all gradients with Keras. */
export function checkGolden(golden: GoldenCase, changes: Record<string, unknown> = {}): void {
  scope(() => {
    const layers = goldenLayers(golden.layer, changes);
    const calls = golden.calls ?? [golden];
    runLayers(layers, calls[0]!.inputs.map(toTensor), { call: { training: false } }, []);
    for (const layer of layers) layer.resetStates();
    const variables = layers.flatMap((layer) => layer.trainableWeights);
    expect(variables.map((v) => v.shape)).toEqual(golden.weights.map((w) => w.shape));
    for (const [i, v] of variables.entries()) v.assign(toTensor(golden.weights[i]!));

    const totals = golden.weights.map((w) => new Float64Array(w.value.length));
    for (const golden of calls) {
      if (golden.call.resetBefore) for (const layer of layers) layer.resetStates();
      const inputs = golden.inputs.map(toTensor);
      const states = (golden.call.initialState ?? []).map(toTensor);
      using tape = new GradientTape();
      const watched = inputs.filter((input) => input.dtype === "float32");
      tape.watch(...watched, ...states);
      const { outputs, mask } = runLayers(layers, inputs, golden, states);
      expect(outputs.map((o) => o.shape)).toEqual(golden.outputs.map((o) => o.shape));
      for (const [i, o] of outputs.entries()) expectClose(o.dataSync(), golden.outputs[i]!.value, FORWARD);
      expect(mask ? [...mask.dataSync()] : null).toEqual(golden.outputMask ? golden.outputMask.value : null);
      const sources = [...variables, ...watched, ...states];
      const gradients = tape.gradient(outputs, sources, golden.lossProjection.map(toTensor));
      const of = (i: number) => gradients[i]?.dataSync() ?? new Float32Array(sources[i]!.size);
      for (const [i, total] of totals.entries()) {
        for (const [k, g] of of(i).entries()) total[k]! += g;
      }
      const wantedGrads = golden.inputGrads.filter((each) => each !== null);
      for (const i of watched.keys()) expectClose(of(variables.length + i), wantedGrads[i]!.value, GRADIENT);
      for (const [i, wanted] of (golden.initialStateGrads ?? []).entries()) {
        expectClose(of(variables.length + watched.length + i), wanted.value, GRADIENT);
      }
    }
    for (const [i, w] of golden.weights.entries()) expectClose(totals[i]!, w.grad, GRADIENT);
  });
}
