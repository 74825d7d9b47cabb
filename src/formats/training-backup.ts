import { RondoError } from "../errors.js";
import type { BatchShape } from "../layers/layer.js";
import type { Model } from "../model/model.js";
import { sameShape } from "../tensor/shape.js";
import { type Tensor, tensor } from "../tensor/tensor.js";
import type { SavedState } from "../training/saved-state.js";
import { readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.js";

const FORMAT = "rondo-training";
const [WEIGHT, STATE] = ["weights/", "state/"];
const storedTypes = { float32: "F32", int32: "I32", bool: "BOOL" } as const;
const tensorTypes: Readonly<Record<string, "float32" | "int32" | "bool">> = {
  F32: "float32",
  I32: "int32",
  BOOL: "bool",
};

/**
 * Weights and training state of a model as bytes, without its architecture: for a program that makes the same model
 * itself, whatever it is made of. @internal
 */
export function trainingToBytes(model: Model): Uint8Array {
  const tensors = new Map<string, StoredTensor>();
  const put = (name: string, t: Tensor) =>
    tensors.set(name, { dtype: storedTypes[t.dtype], shape: t.shape, data: t.dataSync() });
  for (const [name, weight] of model.namedWeights) put(WEIGHT + name, weight);
  const state = model.getTrainingState();
  for (const [name, t] of Object.entries(state.tensors)) put(STATE + name, t);
  const inputShapes = model.builtFor;
  const metadata = { format: FORMAT, inputShapes: JSON.stringify(inputShapes), values: JSON.stringify(state.values) };
  return writeSafetensors({ tensors, metadata });
}

/**
 * Puts the weights and the training state of `trainingToBytes` into an equal model, which is built if need be; its next
 * `fit` goes on exactly there. `name` is the file's, for messages. Throws RondoError "format" and changes nothing when the
 * bytes are of another model. @internal
 */
export function trainingFromBytes(model: Model, bytes: Uint8Array, name = "training data"): void {
  const { tensors, metadata } = readSafetensors(bytes, name);
  if (metadata["format"] !== FORMAT) {
    throw new RondoError("format", "this is not the backup of a training", {
      path: name,
      received: `format ${metadata["format"] ?? "(none)"}`,
      expected: FORMAT,
      fix: "name another file, or remove this one",
    });
  }
  if (!model.built) model.buildFor(JSON.parse(metadata["inputShapes"]!) as BatchShape[]);
  const weights = model.namedWeights;
  const stored = [...tensors].filter(([key]) => key.startsWith(WEIGHT));
  const describe = (entries: readonly (readonly [string, { readonly shape: readonly number[] }])[]) =>
    entries.map(([key, { shape }]) => `${key} [${shape.join(", ")}]`).join(", ");
  const fits = ([key, { shape }]: (typeof stored)[number]) => {
    const own = weights.get(key.slice(WEIGHT.length));
    return own !== undefined && sameShape(shape, own.shape);
  };
  if (stored.length !== weights.size || !stored.every(fits)) {
    throw new RondoError("format", "this is the backup of another model's training", {
      path: name,
      received: describe(stored.map(([key, value]) => [key.slice(WEIGHT.length), value])),
      expected: describe([...weights]),
      fix: "make the model as it was, with the same layer names; or remove the backup to start anew",
    });
  }
  const state: SavedState = { tensors: {}, values: JSON.parse(metadata["values"]!) as Record<string, unknown> };
  for (const [key, { dtype, shape, data }] of tensors) {
    if (key.startsWith(STATE)) state.tensors[key.slice(STATE.length)] = tensor(data, shape, tensorTypes[dtype]);
  }
  model.setTrainingState(state);
  for (const [key, { data }] of stored) weights.get(key.slice(WEIGHT.length))!.write(data);
}
