import { RondoError } from "../errors.js";
import { modelFromJSON } from "../model/from-json.js";
import type { Model, Outputs } from "../model/model.js";
import { type DType, formatShape, sameShape } from "../tensor/shape.js";
import { type Tensor, tensor } from "../tensor/tensor.js";
import { compileOptionsFromConfig } from "../training/compile.js";
import type { SavedState } from "../training/saved-state.js";
import { files } from "../util/files.js";
import { readSafetensors, type StoredTensor, type StoredType, writeSafetensors } from "./safetensors.js";

/** Version of the layout that `modelFileToBytes` writes. Files of later versions are refused. */
const version = 1;
/** Begins the names of tensors that are not weights; no weight's name begins so. */
const statePrefix = "@training/";

const storedTypes: Readonly<Record<DType, StoredType>> = { float32: "F32", int32: "I32", bool: "BOOL" };
const tensorTypes: Readonly<Record<StoredType, DType>> = { F32: "float32", I32: "int32", U8: "int32", BOOL: "bool" };

/** What a model file holds. */
export interface ModelFile {
  readonly model: Model;
  /** What else belongs to the model, as JSON values: a vocabulary, a scaler. */
  readonly extras?: Readonly<Record<string, unknown>>;
  /** What exact continuation of the training needs. */
  readonly trainingState?: SavedState | null;
}

/** Options of `model.save` and `modelToBytes`. */
export interface SaveOptions {
  /** Also keep what exact continuation of the training needs (about three times the size with Adam). Default false. */
  includeTrainingState?: boolean;
  /** Anything else that belongs to the model, as JSON values. */
  extras?: Readonly<Record<string, unknown>>;
}

/**
 * The bytes of one safetensors file. Weights are stored under their names ("lstm/recurrent_kernel"), the tensors of the
 * training state under "@training/…". The metadata holds `format` ("rondo"), `version`, and as JSON `model` (the
 * architecture), `compile` (optimizer, loss and metrics, when compiled), `training` (the state's other values) and
 * `extras`. Throws RondoError "state" for a model without weights yet.
 */
export function modelFileToBytes({ model, extras, trainingState }: ModelFile): Uint8Array {
  if (!model.built) {
    throw new RondoError("state", `${model.name} cannot be saved before its weights exist`, {
      fix: "give the first layer an inputShape, call model.build([null, …]), or train it",
    });
  }
  const tensors = new Map<string, StoredTensor>();
  const put = (name: string, t: Tensor) => {
    tensors.set(name, { dtype: storedTypes[t.dtype], shape: t.shape, data: t.dataSync() });
  };
  for (const [name, weight] of model.namedWeights) put(name, weight);
  for (const [name, t] of Object.entries(trainingState?.tensors ?? {})) put(statePrefix + name, t);
  const parts = {
    model: model.toJSON(),
    compile: model.isCompiled ? model.compiled.getConfig() : undefined,
    training: trainingState?.values,
    extras,
  };
  const metadata: Record<string, string> = { format: "rondo", version: String(version) };
  for (const [name, value] of Object.entries(parts)) if (value) metadata[name] = JSON.stringify(value);
  return writeSafetensors({ tensors, metadata });
}

/**
 * Reads what `modelFileToBytes` wrote. Runs no code from the file. `name` is the file's, for messages. Throws RondoError
 * "format" for damaged and foreign files.
 */
export function modelFileFromBytes(bytes: Uint8Array, name = "model data"): Required<ModelFile> {
  const { tensors, metadata } = readSafetensors(bytes, name);
  checkOrigin(metadata, tensors, name);
  const json = (field: string): unknown => {
    const text = metadata[field];
    if (text === undefined) return null;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw damaged(name, `its "${field}" is not JSON`, (cause as Error).message, cause);
    }
  };
  const config = json("model");
  if (!isObject(config) || typeof config.className !== "string" || !isObject(config.config)) {
    throw damaged(name, "it does not describe a model", metadata["model"] ?? "no description");
  }
  const model = rebuild(name, () => modelFromJSON(config as { className: string; config: Record<string, unknown> }));
  const compile = json("compile");
  if (compile) rebuild(name, () => model.compile(compileOptionsFromConfig(compile as never)));

  const weights = model.namedWeights;
  for (const [weight, variable] of weights) {
    const stored = tensors.get(weight);
    const received = stored ? `${stored.dtype} ${formatShape(stored.shape)}` : "no such tensor";
    const fits = stored && sameShape(stored.shape, variable.shape) && tensorTypes[stored.dtype] === variable.dtype;
    if (!fits) throw damaged(name, `the weight "${weight}" does not fit the model`, received);
    variable.write(stored.data);
  }
  const state: SavedState = { tensors: {}, values: (json("training") ?? {}) as Record<string, unknown> };
  for (const [key, { dtype, shape, data }] of tensors) {
    if (weights.has(key)) continue;
    if (!key.startsWith(statePrefix)) throw damaged(name, "it has a tensor the model does not know", key);
    state.tensors[key.slice(statePrefix.length)] = tensor(data, shape, tensorTypes[dtype]);
  }
  const extras = (json("extras") ?? {}) as Record<string, unknown>;
  return { model, extras, trainingState: metadata["training"] === undefined ? null : state };
}

function checkOrigin(
  metadata: Readonly<Record<string, string>>,
  tensors: ReadonlyMap<string, unknown>,
  path: string,
): void {
  if (metadata["format"] !== "rondo") {
    const names = [...tensors.keys()].slice(0, 4).join(", ");
    throw new RondoError("format", "this safetensors file was not written by rondo", {
      path,
      received: `${metadata["format"] ? `format "${metadata["format"]}"` : "no format"} and the tensors ${names || "(none)"}`,
      expected: 'a file saved with model.save(), which has the format "rondo" in its metadata',
      fix: "to use its weights, read them with readSafetensors and give them to model.setWeights",
    });
  }
  const found = Number(metadata["version"]);
  if (Number.isInteger(found) && found >= 1 && found <= version) return;
  throw new RondoError("format", "this file has a layout that this version of rondo cannot read", {
    path,
    received: `version ${metadata["version"]}`,
    expected: `version 1 to ${version}`,
    fix: "update rondo",
  });
}

/** Names the file in whatever goes wrong while a description becomes objects. */
function rebuild<R>(name: string, make: () => R): R {
  try {
    return make();
  } catch (cause) {
    throw damaged(name, "its description cannot be used", (cause as Error).message.split("\n").join("; "), cause);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function damaged(path: string, summary: string, received: string, cause?: unknown): RondoError {
  return new RondoError("format", `this model file is damaged: ${summary}`, {
    path,
    received,
    fix: "use another copy, or an earlier checkpoint",
    cause,
  });
}

/**
 * A model as bytes, to keep wherever there are no files: in a database, in a browser's storage.
 *
 * @example const bytes = modelToBytes(model);
 */
export function modelToBytes(model: Model, options: SaveOptions = {}): Uint8Array {
  const trainingState = options.includeTrainingState ? model.getTrainingState() : null;
  return modelFileToBytes({ model, extras: options.extras, trainingState });
}

/**
 * A model from `modelToBytes`. When it was saved with its training state, the next `fit` goes on exactly where the
 * training stopped. `name` stands for the bytes in messages.
 *
 * @example const model = modelFromBytes(new Uint8Array(await response.arrayBuffer()));
 */
export function modelFromBytes<Out extends Outputs = Tensor>(bytes: Uint8Array, name?: string): Model<Out> {
  const { model, trainingState } = modelFileFromBytes(bytes, name);
  if (trainingState) model.setTrainingState(trainingState);
  return model as Model<Out>;
}

/**
 * Writes a model to one safetensors file. Whatever happens, the file is the old one or the new one, never a part of it.
 * Throws RondoError "file".
 *
 * @example await saveModel(model, "model.safetensors", { includeTrainingState: true });
 */
export async function saveModel(model: Model, path: string, options?: SaveOptions): Promise<void> {
  await files().write(path, modelToBytes(model, options));
}

/**
 * Reads a model from a file, as `modelFromBytes` does. A model with several outputs is a `loadModel<Tensor[]>(…)`.
 *
 * @example const model = await loadModel("model.safetensors");
 */
export async function loadModel<Out extends Outputs = Tensor>(path: string): Promise<Model<Out>> {
  return modelFromBytes<Out>(await files().read(path), path);
}
