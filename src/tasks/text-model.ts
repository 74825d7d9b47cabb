import { CharacterVocabulary } from "../data/vocabulary.js";
import { RondoError } from "../errors.js";
import { type ModelFile, modelFileFromBytes, modelFileToBytes } from "../formats/model-file.js";
import { layers } from "../layers/index.js";
import type { Layer } from "../layers/layer.js";
import type { Model } from "../model/model.js";
import { sequential } from "../model/sequential.js";
import { generatorOf, setSeed } from "../tensor/generator.js";
import { losses } from "../training/losses/index.js";
import { optimizers } from "../training/optimizers/index.js";
import type { SavedState } from "../training/saved-state.js";
import { files } from "../util/files.js";
import { resolveTextConfig, type TextConfig } from "./text-options.js";

/**
 * A model that predicts the next character of a text, with the characters it knows.
 *
 * @example const writer: TextModel = await loadTextModel("writer.safetensors");
 */
export class TextModel {
  readonly model: Model;
  readonly vocabulary: CharacterVocabulary;
  readonly config: TextConfig;

  /** @internal Use `trainText` or `loadTextModel`. */
  constructor(model: Model, vocabulary: CharacterVocabulary, config: TextConfig) {
    this.model = model;
    this.vocabulary = vocabulary;
    this.config = config;
  }

  /** The bytes of one safetensors file; `training` is what exact continuation needs. */
  toBytes(training: SavedState | null = null): Uint8Array {
    const { characters } = this.vocabulary;
    const extras = { task: "text", characters, config: this.config };
    return modelFileToBytes({ model: this.model, extras, trainingState: training });
  }

  /** Writes the model to one safetensors file, atomically. Throws RondoError "file". @example await writer.save("w.safetensors") */
  async save(path: string): Promise<void> {
    await files().write(path, this.toBytes());
  }
}

/**
 * Embedding, recurrent layers with dropout after each, and a score for every character. Compiled with Adam and the
 * cross-entropy in nats per character. The scores begin at `logFrequencies`: how often characters occur need not be
 * learned, and a model that has seen little writes letters rather than rare signs.
 */
export function buildTextModel(
  config: TextConfig,
  vocabulary: CharacterVocabulary,
  logFrequencies: Float32Array,
): TextModel {
  const { cell, units, dropout, seed } = config;
  const make = { lstm: layers.lstm, gru: layers.gru, rnn: layers.simpleRNN }[cell];
  const stack: Layer[] = [
    layers.embedding({ name: "embedding", inputDim: vocabulary.size, outputDim: config.embedding, inputShape: [null] }),
  ];
  for (let i = 1; i <= config.layers; i++) {
    stack.push(make({ name: `${cell}_${i}`, units, returnSequences: true, stateful: true }));
    if (dropout > 0) stack.push(layers.dropout({ name: `dropout_${i}`, rate: dropout, seed: seed + i }));
  }
  stack.push(layers.dense({ name: "scores", units: vocabulary.size }));
  const model = withSeed(seed, () => sequential({ name: "text", layers: stack }));
  model.namedWeights.get("scores/bias")!.write(logFrequencies);
  model.compile({
    optimizer: optimizers.adam({
      learningRate: config.learningRate,
      globalClipNorm: config.clip > 0 ? config.clip : null,
    }),
    loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }),
  });
  return new TextModel(model, vocabulary, config);
}

/** Runs `body` with the global generator seeded, and leaves that as it was. */
function withSeed<R>(seed: number, body: () => R): R {
  const before = generatorOf().getState();
  setSeed(seed);
  try {
    return body();
  } finally {
    generatorOf().setState(before);
  }
}

/** What a text model's file holds. @internal */
export interface TextModelFile {
  readonly text: TextModel;
  readonly training: SavedState | null;
}

/** Reads `TextModel.toBytes`. Throws RondoError "format". @internal */
export function textModelFileFromBytes(bytes: Uint8Array, name: string): TextModelFile {
  const { model, extras, trainingState }: Required<ModelFile> = modelFileFromBytes(bytes, name);
  const { task, characters, config } = extras;
  if (task !== "text" || !Array.isArray(characters) || typeof config !== "object") {
    throw new RondoError("format", "this is not a text model", {
      path: name,
      received: task === undefined ? "a model without a vocabulary" : `a model for the task ${JSON.stringify(task)}`,
      expected: "a model trained by rondo train text or trainText",
    });
  }
  const vocabulary = new CharacterVocabulary(characters);
  return { text: new TextModel(model, vocabulary, resolveTextConfig(config ?? {})), training: trainingState };
}

/**
 * A text model from its bytes; `name` stands for them in messages.
 *
 * @example const writer = textModelFromBytes(bytes);
 */
export function textModelFromBytes(bytes: Uint8Array, name = "text model data"): TextModel {
  return textModelFileFromBytes(bytes, name).text;
}

/**
 * Reads a text model from a file. Throws RondoError "file" or "format".
 *
 * @example const writer = await loadTextModel("runs/text-1/best.safetensors");
 */
export async function loadTextModel(path: string): Promise<TextModel> {
  return textModelFromBytes(await files().read(path), path);
}
