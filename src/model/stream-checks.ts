import { RondoError } from "../errors.js";
import { ActivationLayer } from "../layers/core/activation.js";
import { Dense } from "../layers/core/dense.js";
import { Dropout } from "../layers/core/dropout.js";
import { Embedding } from "../layers/core/embedding.js";
import { Masking } from "../layers/core/masking.js";
import { TimeDistributed } from "../layers/core/time-distributed.js";
import type { Layer } from "../layers/layer.js";
import { Bidirectional } from "../layers/recurrent/bidirectional.js";
import { RecurrentLayer } from "../layers/recurrent/recurrent-layer.js";

const streamable = [Dropout, Dense, ActivationLayer, Embedding, Masking, RecurrentLayer, TimeDistributed];
/** Their output is as wide as their input. */
const sizeKeeping = [Dropout, ActivationLayer, Masking];

/** Whether a layer is of this kind; a subclass with a computation of its own is not. */
export function computesAs(layer: Layer, kind: (typeof streamable)[number]): boolean {
  return layer instanceof kind && layer.call === kind.prototype.call;
}

/** Throws RondoError "option" for a layer that needs later steps, or whose needs are not known. */
export function checkStreamable(layer: Layer): void {
  if (layer instanceof RecurrentLayer && layer.settings.goBackwards) {
    throw new RondoError("option", "a layer that reads backwards cannot be streamed", {
      path: layer.describe(),
      received: "goBackwards: true",
      fix: "use a model that reads forwards only",
    });
  }
  if (streamable.some((kind) => computesAs(layer, kind))) return;
  throw new RondoError("option", "this layer cannot be streamed", {
    path: layer.describe(),
    received: layer.className,
    expected:
      "layers that need no later step: recurrent, dense, embedding, activation, dropout, masking, timeDistributed",
    fix:
      layer instanceof Bidirectional
        ? "use a recurrent layer that reads forwards only"
        : "wrap it in layers.timeDistributed if it treats every step alike",
  });
}

/** Size of the input's last axis, which the first layer that has weights knows. */
export function inputSize(layers: readonly Layer[]): number {
  for (const layer of layers) {
    const inner = layer instanceof TimeDistributed ? layer.layer : layer;
    if (inner instanceof Dense) return inner.kernel.shape[0]!;
    if (inner instanceof RecurrentLayer) return inner.inputSize!;
    if (!sizeKeeping.some((kind) => inner instanceof kind)) break;
  }
  const size = layers[0]!.inputShape?.at(-1);
  if (typeof size === "number") return size;
  throw new RondoError("option", "the size of a step's input is not known", {
    path: layers[0]!.describe(),
    fix: "give the first layer an inputShape",
  });
}
