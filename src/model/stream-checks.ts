import { RondoError } from "../errors.js";
import { ELU } from "../layers/activation/elu.js";
import { LeakyReLU } from "../layers/activation/leaky-relu.js";
import { ReLU } from "../layers/activation/relu.js";
import { Softmax } from "../layers/activation/softmax.js";
import { TransformerDecoder } from "../layers/attention/transformer-decoder.js";
import { ActivationLayer } from "../layers/core/activation.js";
import { ActivityRegularization } from "../layers/core/activity-regularization.js";
import { Dense } from "../layers/core/dense.js";
import { Dropout } from "../layers/core/dropout.js";
import { Embedding } from "../layers/core/embedding.js";
import { Identity } from "../layers/core/identity.js";
import { Masking } from "../layers/core/masking.js";
import { PositionEmbedding } from "../layers/core/position-embedding.js";
import { Rescaling } from "../layers/core/rescaling.js";
import { SinePositionEncoding } from "../layers/core/sine-position-encoding.js";
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

/** They know where a step is. */
const positional = [PositionEmbedding, SinePositionEncoding];
const streamable = [
  Dropout,
  Dense,
  ActivationLayer,
  Embedding,
  Masking,
  RecurrentLayer,
  TimeDistributed,
  TransformerDecoder,
  ...positional,
];
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
const sizeKeeping = [Dropout, ActivationLayer, Masking, ...positional, ...stepwise, ...alongAxis];

type Kind = { readonly prototype: Layer } & (abstract new (...options: never) => Layer);

/** Whether a layer is of this kind; a subclass with a computation of its own is not. */
export function computesAs(layer: Layer, kind: Kind): boolean {
  const { call, callMany } = kind.prototype;
  return layer instanceof kind && layer.call === call && layer.callMany === callMany;
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
  if (layer instanceof TransformerDecoder && layer.cross) {
    throw new RondoError("option", "a decoder block that looks at an encoder cannot be streamed", {
      path: layer.describe(),
      fix: "use decoder blocks of one input",
    });
  }
  if (isStepwise(layer) || streamable.some((kind) => computesAs(layer, kind))) return;
  throw new RondoError("option", "this layer cannot be streamed", {
    path: layer.describe(),
    received: layer.className,
    expected:
      "layers that need no later step: recurrent, transformerDecoder, dense, embedding, positions, activations, " +
      "dropout and noise, masking, normalization along the last axis, timeDistributed",
    fix:
      layer instanceof Bidirectional
        ? "use a recurrent layer that reads forwards only"
        : "wrap it in layers.timeDistributed if it treats every step alike",
  });
}

/** The most steps a stream may have: `given`, or as many as there are position embeddings. Null where nothing counts steps. */
export function capacityOf(layers: readonly Layer[], given: number | null): number | null {
  const counting = layers.find((layer) => [TransformerDecoder, ...positional].some((kind) => layer instanceof kind));
  if (!counting) return null;
  const lengths = layers.flatMap((layer) => (layer instanceof PositionEmbedding ? [layer.options.sequenceLength] : []));
  const known = Math.min(...lengths);
  if (given === null && lengths.length > 0) return known;
  if (given !== null && given <= known) return given;
  throw new RondoError("option", "model.stream: the maximum length of a sequence must be given", {
    path: counting.describe(),
    received: given === null ? "no maxLength" : `maxLength ${given}`,
    expected: lengths.length > 0 ? `at most ${known}, the number of position embeddings` : "a whole number of steps",
    fix: "model.stream({ maxLength: … }): memory for keys and values is taken once, for that many steps",
  });
}

/** Size of the input's last axis, which the first layer that has weights knows. */
export function inputSize(layers: readonly Layer[]): number {
  for (const layer of layers) {
    const inner = layer instanceof TimeDistributed ? layer.layer : layer;
    if (inner instanceof Dense) return inner.kernel.shape[0]!;
    if (inner instanceof RecurrentLayer) return inner.inputSize!;
    if (inner instanceof TransformerDecoder) return inner.output.kernel.shape[1]!;
    if (!sizeKeeping.some((kind) => inner instanceof kind)) break;
  }
  const size = layers[0]!.inputShape?.at(-1);
  if (typeof size === "number") return size;
  throw new RondoError("option", "the size of a step's input is not known", {
    path: layers[0]!.describe(),
    fix: "give the first layer an inputShape",
  });
}
