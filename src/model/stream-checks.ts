import { RondoError } from "../errors.js";
import { ELU } from "../layers/activation/elu.js";
import { LeakyReLU } from "../layers/activation/leaky-relu.js";
import { ReLU } from "../layers/activation/relu.js";
import { Softmax } from "../layers/activation/softmax.js";
import { AdditiveAttention, Attention } from "../layers/attention/attention.js";
import { AttentionBase } from "../layers/attention/attention-base.js";
import { GroupQueryAttention } from "../layers/attention/group-query-attention.js";
import { MultiHeadAttention } from "../layers/attention/multi-head-attention.js";
import { ProjectedAttention } from "../layers/attention/projected-attention.js";
import { RotaryEmbedding } from "../layers/attention/rotary-embedding.js";
import { TransformerDecoder } from "../layers/attention/transformer-decoder.js";
import { ActivationLayer } from "../layers/core/activation.js";
import { ActivityRegularization } from "../layers/core/activity-regularization.js";
import { Concatenate } from "../layers/core/concatenate.js";
import { Dense } from "../layers/core/dense.js";
import { Dropout } from "../layers/core/dropout.js";
import { Embedding } from "../layers/core/embedding.js";
import { Identity } from "../layers/core/identity.js";
import { Masking } from "../layers/core/masking.js";
import { Add, Average, Maximum, Minimum, Multiply, Subtract } from "../layers/core/merge.js";
import { PositionEmbedding } from "../layers/core/position-embedding.js";
import { Rescaling } from "../layers/core/rescaling.js";
import { ReversibleEmbedding } from "../layers/core/reversible-embedding.js";
import { SinePositionEncoding } from "../layers/core/sine-position-encoding.js";
import { TimeDistributed } from "../layers/core/time-distributed.js";
import type { BatchShape, Layer } from "../layers/layer.js";
import { AlphaDropout } from "../layers/noise/alpha-dropout.js";
import { GaussianDropout } from "../layers/noise/gaussian-dropout.js";
import { GaussianNoise } from "../layers/noise/gaussian-noise.js";
import { SpatialDropout1D } from "../layers/noise/spatial-dropout1d.js";
import { BatchNormalization } from "../layers/normalization/batch-normalization.js";
import { LayerNormalization } from "../layers/normalization/layer-normalization.js";
import { RMSNormalization } from "../layers/normalization/rms-normalization.js";
import { UnitNormalization } from "../layers/normalization/unit-normalization.js";
import { Bidirectional } from "../layers/recurrent/bidirectional.js";
import { ConvLSTMCell } from "../layers/recurrent/conv-lstm-cell.js";
import { RecurrentLayer } from "../layers/recurrent/recurrent-layer.js";
import { formatShape } from "../tensor/shape.js";
import type { Key, StreamCall, StreamGraph } from "./stream-graph.js";

/** They know where a step is. */
const positional = [PositionEmbedding, RotaryEmbedding, SinePositionEncoding];
/** They take several inputs. */
const joining = [
  AdditiveAttention,
  Attention,
  GroupQueryAttention,
  MultiHeadAttention,
  ...[Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract],
];
const streamable = [
  Dropout,
  Dense,
  ActivationLayer,
  Embedding,
  Masking,
  RecurrentLayer,
  ReversibleEmbedding,
  TimeDistributed,
  TransformerDecoder,
  ...positional,
  ...joining,
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
/** They do so when they work along the last axis (see `checkOwnAxis`). */
const alongAxis = [BatchNormalization, LayerNormalization, RMSNormalization, Softmax, UnitNormalization];
/** Their output is as wide as their input. */
const sizeKeeping = [Dropout, ActivationLayer, Masking, ...positional, ...stepwise, ...alongAxis];

type Kind = { readonly prototype: Layer } & (abstract new (...options: never) => Layer);

/** Whether a layer is of this kind; a subclass with a computation of its own is not. */
export function computesAs(layer: Layer, kind: Kind): boolean {
  const { call, callMany } = kind.prototype;
  return layer instanceof kind && layer.call === call && layer.callMany === callMany;
}

/** Throws RondoError "option" for an axis of sequences (`timed`) or vectors that is not the last. */
export function checkAxis(layer: Layer, axis: number, timed: boolean): void {
  const rank = timed ? 3 : 2;
  if (axis === -1 || axis === rank - 1) return;
  throw new RondoError("option", "what works along another axis than the last cannot be streamed", {
    path: layer.describe(),
    received: `axis ${axis} of [batch, ${timed ? "time, " : ""}features]`,
    expected: `axis ${rank - 1} or -1: a step is one vector, and the steps after it are not known yet`,
  });
}

/** The same for a layer that treats steps by itself. */
export function checkOwnAxis(layer: Layer, timed: boolean): void {
  const kind = [Concatenate, ...alongAxis].find((each) => computesAs(layer, each));
  if (!kind) return;
  const { axis } = (layer as InstanceType<typeof kind>).options;
  for (const each of [axis].flat() as number[]) checkAxis(layer, each, timed);
}

/** Throws RondoError "option" for a call that needs later steps, or whose needs are not known. */
export function checkStreamable({ layer, inputs, attentionMask, flags }: StreamCall): void {
  if (layer instanceof RecurrentLayer && layer.settings.goBackwards) {
    throw new RondoError("option", "a layer that reads backwards cannot be streamed", {
      path: layer.describe(),
      received: "goBackwards: true",
      fix: "use a model that reads forwards only",
    });
  }
  if (layer instanceof TransformerDecoder && layer.cross && inputs.length < 2) {
    throw new RondoError("option", "a decoder block that looks at an encoder cannot be streamed alone", {
      path: layer.describe(),
      fix: "stream a functional model that has the encoder's output, or what it is made of, as an input that is fixed",
    });
  }
  if (attentionMask || flags.returnAttentionScores) {
    throw new RondoError("option", "attention cannot be streamed as it is called here", {
      path: layer.describe(),
      received: attentionMask ? "an attentionMask" : "returnAttentionScores: true",
      expected: "masks that come with the inputs, and outputs without scores",
    });
  }
  const shapeKept = !(layer instanceof RecurrentLayer && layer.cell instanceof ConvLSTMCell);
  if (shapeKept && [...streamable, ...stepwise, ...alongAxis].some((kind) => computesAs(layer, kind))) return;
  throw new RondoError("option", "this layer cannot be streamed", {
    path: layer.describe(),
    received: layer.className,
    expected:
      "layers that need no later step: recurrent, attention to earlier steps or to fixed inputs, dense, embedding, " +
      "positions, activations, dropout and noise, masking, normalization along the last axis, sums, timeDistributed",
    fix:
      layer instanceof Bidirectional
        ? "use a recurrent layer that reads forwards only"
        : "wrap it in layers.timeDistributed if it treats every step alike",
  });
}

/** Whether a call must know how many steps there are. */
function counts({ layer, inputs, flags }: StreamCall, fixed: ReadonlyMap<Key, BatchShape>): boolean {
  if ([TransformerDecoder, ...positional].some((kind) => layer instanceof kind)) return true;
  if (!(layer instanceof AttentionBase)) return false;
  const { alibi, slidingWindow } = layer instanceof ProjectedAttention ? layer.options : {};
  const placed = alibi || slidingWindow || (layer instanceof ProjectedAttention && layer.rotation);
  return Boolean(placed) || flags.useCausalMask === true || !inputs.slice(1).every((each) => fixed.has(each));
}

/** The most steps a stream may have: `given`, or as many as there are position embeddings. Null where nothing counts steps. */
export function capacityOf(
  calls: readonly StreamCall[],
  fixed: ReadonlyMap<Key, BatchShape>,
  given: number | null,
): number | null {
  const counting = calls.find((call) => counts(call, fixed))?.layer;
  if (!counting) return null;
  const lengths = calls.flatMap(({ layer }) =>
    layer instanceof PositionEmbedding ? [layer.options.sequenceLength] : [],
  );
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
export function inputSize({ calls, inputShape }: StreamGraph): number {
  const layers = calls.map(({ layer }) => layer);
  if (inputShape && inputShape.length > 3) {
    throw new RondoError("shape", "only steps that are vectors can be streamed", {
      path: layers[0]!.describe(),
      received: formatShape(inputShape),
      expected: "an input [batch, time, features]",
    });
  }
  const known = inputShape?.at(-1);
  if (typeof known === "number") return known;
  for (const layer of layers) {
    const inner = layer instanceof TimeDistributed ? layer.layer : layer;
    if (inner instanceof Dense) return inner.kernel.shape[0]!;
    if (inner instanceof RecurrentLayer) return inner.inputSize!;
    if (inner instanceof TransformerDecoder) return inner.output.kernel.shape[1]!;
    if (!sizeKeeping.some((kind) => inner instanceof kind)) break;
  }
  throw new RondoError("option", "the size of a step's input is not known", {
    path: layers[0]!.describe(),
    fix: "give the first layer an inputShape",
  });
}
