import { RondoError } from "../errors.js";
import { ELU } from "../layers/activation/elu.js";
import { LeakyReLU } from "../layers/activation/leaky-relu.js";
import { ReLU } from "../layers/activation/relu.js";
import { Softmax } from "../layers/activation/softmax.js";
import { ActivationLayer } from "../layers/core/activation.js";
import { ActivityRegularization } from "../layers/core/activity-regularization.js";
import { Dense } from "../layers/core/dense.js";
import { Dropout } from "../layers/core/dropout.js";
import { Embedding } from "../layers/core/embedding.js";
import { Identity } from "../layers/core/identity.js";
import { Masking } from "../layers/core/masking.js";
import { Rescaling } from "../layers/core/rescaling.js";
import { TimeDistributed } from "../layers/core/time-distributed.js";
import type { Layer } from "../layers/layer.js";
import { AlphaDropout } from "../layers/noise/alpha-dropout.js";
import { GaussianDropout } from "../layers/noise/gaussian-dropout.js";
import { GaussianNoise } from "../layers/noise/gaussian-noise.js";
import { SpatialDropout1D } from "../layers/noise/spatial-dropout1d.js";
import { BatchNormalization } from "../layers/normalization/batch-normalization.js";
import { LayerNormalization } from "../layers/normalization/layer-normalization.js";
import { RMSNormalization } from "../layers/normalization/rms-normalization.js";
import { UnitNormalization } from "../layers/normalization/unit-normalization.js";
import { Bidirectional } from "../layers/recurrent/bidirectional.js";
import { RecurrentLayer } from "../layers/recurrent/recurrent-layer.js";

const streamable = [Dropout, Dense, ActivationLayer, Embedding, Masking, RecurrentLayer, TimeDistributed];
/** Outside of training they treat every step alike and by itself. */
const stepwise = [
  ActivityRegularization,
  AlphaDropout,
  ELU,
  GaussianDropout,
  GaussianNoise,
  Identity,
  LeakyReLU,
  ReLU,
  Rescaling,
  SpatialDropout1D,
];
/** They do so when they work along the last axis. */
const alongAxis = [BatchNormalization, LayerNormalization, RMSNormalization, Softmax, UnitNormalization];
/** Their output is as wide as their input. */
const sizeKeeping = [Dropout, ActivationLayer, Masking, ...stepwise, ...alongAxis];

type Kind = { readonly prototype: Layer } & (abstract new (...options: never) => Layer);

/** Whether a layer is of this kind; a subclass with a computation of its own is not. */
export function computesAs(layer: Layer, kind: Kind): boolean {
  return layer instanceof kind && layer.call === kind.prototype.call;
}

/** Whether a layer gives for a step alone what it gives for that step in a sequence. */
function isStepwise(layer: Layer): boolean {
  if (stepwise.some((kind) => computesAs(layer, kind))) return true;
  if (!alongAxis.some((kind) => computesAs(layer, kind))) return false;
  const { axis } = (layer as InstanceType<(typeof alongAxis)[number]>).options;
  return [axis].flat().every((each) => each === -1);
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
  if (isStepwise(layer) || streamable.some((kind) => computesAs(layer, kind))) return;
  throw new RondoError("option", "this layer cannot be streamed", {
    path: layer.describe(),
    received: layer.className,
    expected:
      "layers that need no other step: recurrent, dense, embedding, activations, dropout and noise, masking, " +
      "normalization along the last axis, timeDistributed",
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
