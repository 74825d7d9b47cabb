import { GradientTape } from "../autograd/gradient-tape.js";
import type { Batch } from "../data/batches.js";
import type { Layer } from "../layers/layer.js";
import { RecurrentLayer } from "../layers/recurrent/recurrent-layer.js";
import { StandardCell } from "../layers/recurrent/standard-cell.js";
import type { Model } from "../model/model.js";
import { add } from "../tensor/ops/arithmetic.js";
import { matMul } from "../tensor/ops/linalg.js";
import { reverse } from "../tensor/ops/movement.js";
import { gruSequence, lstmSequence } from "../tensor/ops/recurrent.js";
import { scope } from "../tensor/scope.js";
import { Tensor, tensor } from "../tensor/tensor.js";
import { computeLoss } from "./step.js";

/** How large numbers are and how many of them do nothing. */
export interface Magnitudes {
  /** Root of the mean square. */
  readonly rms: number;
  /** Largest absolute value. */
  readonly max: number;
  /** Share of zeros, 0 to 1. */
  readonly zeros: number;
}

/** What goes through one layer, forwards and backwards, on one batch. */
export interface LayerStatistics {
  /** The layer's place in the model. */
  readonly layer: string;
  readonly className: string;
  readonly activations: Magnitudes;
  /** Of the loss by all of the layer's weights; null without trainable ones. */
  readonly gradients: Magnitudes | null;
  /** Root mean square of the output at every time step, for outputs [batch, time, features]. */
  readonly activationsByStep: readonly number[] | null;
  /** Root mean square of the gradient by the layer's input at every time step, for inputs [batch, time, features]. */
  readonly gradientsByStep: readonly number[] | null;
  /** LSTM and GRU: share of values below 0.05 or above 0.95 in each gate; padded steps count too. */
  readonly saturation: Readonly<Record<string, number>> | null;
}

function magnitudes(parts: readonly Tensor[]): Magnitudes {
  let [squares, max, zeros, count] = [0, 0, 0, 0];
  for (const part of parts) {
    for (const v of part.view()) {
      squares += v * v;
      max = Math.max(max, Math.abs(v));
      if (v === 0) zeros++;
    }
    count += part.size;
  }
  return count === 0 ? { rms: 0, max: 0, zeros: 0 } : { rms: Math.sqrt(squares / count), max, zeros: zeros / count };
}

/** Root mean square over batch and features at every step of [batch, time, features]; null for other shapes. */
function byStep(t: Tensor | null | undefined): number[] | null {
  if (t?.rank !== 3) return null;
  const [batch, time, features] = t.shape as [number, number, number];
  const values = t.view();
  return Array.from({ length: time }, (_, step) => {
    let squares = 0;
    for (let b = 0; b < batch; b++) {
      const from = (b * time + step) * features;
      for (let i = from; i < from + features; i++) squares += values[i]! * values[i]!;
    }
    return Math.sqrt(squares / (batch * features));
  });
}

/** Where a sigmoid is above 0.95 (or below 0.05, with the sign changed). */
const SATURATED = Math.log(0.95 / 0.05);

/** Shares of gate values near 0 or 1, computed anew from the layer's input and outputs. */
function saturation(layer: Layer, input: Tensor | undefined): Record<string, number> | null {
  if (!(layer instanceof RecurrentLayer) || !(layer.cell instanceof StandardCell) || input?.rank !== 3) return null;
  const { kernel, recurrentKernel: recurrent, bias, recurrence } = layer.cell;
  if (recurrence === null || recurrence.kind === "rnn") return null;
  const x = layer.settings.goBackwards ? reverse(input, 1) : input;
  const all = { x, kernel, recurrent, bias, sequences: true };
  const { output } =
    recurrence.kind === "lstm" ? lstmSequence(all) : gruSequence({ ...all, resetAfter: recurrence.resetAfter });
  const [batch, time, units] = output.shape as [number, number, number];
  const before = new Float32Array(output.size);
  for (let b = 0; b < batch; b++) {
    const from = b * time * units;
    before.set(output.view().subarray(from, from + (time - 1) * units), from + units);
  }
  const sums = add(matMul(x, kernel), matMul(tensor(before, output.shape), recurrent)).view();
  const gates = recurrence.kind === "lstm" ? { input: 0, forget: 1, output: 3 } : { update: 0, reset: 1 };
  const width = recurrent.shape[1]!;
  const biases = bias?.view();
  const shares = Object.entries(gates).map(([name, gate]) => {
    let count = 0;
    for (let row = 0; row < batch * time; row++) {
      for (let u = gate * units; u < (gate + 1) * units; u++) {
        // The bias of a GRU has a second row when the reset gate comes after the recurrent product.
        const shift = biases ? biases[u]! + (biases.length > width ? biases[width + u]! : 0) : 0;
        if (Math.abs(sums[row * width + u]! + shift) > SATURATED) count++;
      }
    }
    return [name, count / output.size];
  });
  return Object.fromEntries(shares);
}

/**
 * Runs a batch through a built, compiled model and back, and says what happens in every layer. Training is not touched:
 * weights, states and random numbers stay as they are.
 */
export function measureLayers(model: Model, batch: Batch): LayerStatistics[] {
  const states = model.layers.map((layer) => layer.getState());
  const moving = model.nonTrainableWeights.map((v) => [v, v.dataSync()] as const);
  try {
    return scope(() => {
      const { x, y, sampleWeight } = batch.read();
      model.prepare(x);
      const calls: { layer: Layer; input: Tensor | undefined; output: Tensor }[] = [];
      using tape = new GradientTape();
      tape.watch(...x.filter(({ dtype }) => dtype === "float32"));
      const { outputs } = model.forward(x, {
        training: true,
        observe: (layer, output, [input]) => calls.push({ layer, input, output }),
      });
      const loss = computeLoss(
        model,
        y as Tensor[],
        outputs,
        sampleWeight.every((w) => w) ? (sampleWeight as Tensor[]) : null,
      );
      const weights = calls.map(({ layer }) => layer.trainableWeights);
      const inputs = calls.map(({ input }) => (input?.dtype === "float32" ? input : null));
      const sources = [...weights.flat(), ...inputs.filter((each) => each instanceof Tensor)];
      const grads = new Map(tape.gradient(loss, sources).map((g, i) => [sources[i]!, g]));
      return calls.map(({ layer, input, output }, i): LayerStatistics => {
        const own = weights[i]!.map((w) => grads.get(w)).filter((g) => g instanceof Tensor);
        return {
          layer: layer.describe(),
          className: layer.className,
          activations: magnitudes([output]),
          gradients: own.length > 0 ? magnitudes(own) : null,
          activationsByStep: byStep(output),
          gradientsByStep: byStep(inputs[i] && grads.get(inputs[i])),
          saturation: saturation(layer, input),
        };
      });
    });
  } finally {
    model.layers.forEach((layer, i) => {
      layer.setState(states[i]!);
    });
    for (const [v, values] of moving) v.write(values);
  }
}
