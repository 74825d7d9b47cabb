import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/golden.js";
import type { TransformerDecoderOptions } from "../layers/attention/transformer-decoder.js";
import { layers } from "../layers/index.js";
import { input } from "../layers/symbolic.js";
import { Generator, setSeed } from "../tensor/generator.js";
import { memory, tensor } from "../tensor/tensor.js";
import { model } from "./functional.js";
import { type Sequential, sequential } from "./sequential.js";
import { createStepper, StreamState } from "./stream.js";

const TOKENS = 7;
const block = (more: Partial<TransformerDecoderOptions> = {}) =>
  layers.transformerDecoder({ intermediateDim: 10, numHeads: 2, biasInitializer: "randomNormal", ...more });

/** A model of decoder blocks over tokens, with random weights everywhere. */
function make(more: Partial<TransformerDecoderOptions> = {}, positions = true, maskZero = false): Sequential {
  setSeed(3);
  const made = sequential([
    layers.embedding({
      inputDim: TOKENS,
      outputDim: 8,
      maskZero,
      embeddingsInitializer: "randomNormal",
      inputShape: [null],
    }),
    ...(positions ? [layers.positionEmbedding({ sequenceLength: 12, embeddingsInitializer: "randomNormal" })] : []),
    block(more),
    block(more),
    layers.layerNormalization(),
    layers.dense({ units: TOKENS }),
  ]);
  return made;
}

const tokens = (batch: number, time: number) => {
  const random = new Generator(batch);
  return Array.from({ length: batch }, () => Array.from({ length: time }, () => random.int(TOKENS)));
};

/** Every step's output, [batch][time][output]. */
function stepped(made: Sequential, ids: number[][], maxLength?: number): number[][][] {
  const stepper = made.stream({ batchSize: ids.length, ...(maxLength ? { maxLength } : {}) });
  const rows: number[][][] = ids.map(() => []);
  for (const t of ids[0]!.keys()) {
    const y = stepper.step(ids.map((row) => row[t]!));
    for (const [b, row] of rows.entries()) row.push([...y.subarray(b * TOKENS, (b + 1) * TOKENS)]);
  }
  return rows;
}

describe("a stepper gives what the whole sequence gives", () => {
  const variants: Record<string, Partial<TransformerDecoderOptions>> = {
    default: {},
    "normalization first": { normalizeFirst: true, activation: "gelu" },
    "shared heads and rotary positions": { numHeads: 4, numKeyValueHeads: 2, ropeMaxWavelength: 30 },
    "scores that fall with distance": { alibi: true, numHeads: 1, dropout: 0.3 },
  };
  test.each(Object.entries(variants))("%s", (_, more) => {
    for (const maskZero of [false, true]) {
      const made = make(more, true, maskZero);
      const ids = tokens(3, 12);
      expectClose(stepped(made, ids).flat(2), made.predict(ids).dataSync(), 1e-5);
    }
  });

  test("sinusoidal positions, features instead of tokens, blocks beside recurrent layers", () => {
    setSeed(4);
    const made = sequential([
      layers.sinePositionEncoding({ inputShape: [null, 4] }),
      block(),
      layers.gru({ units: 4, returnSequences: true }),
      block({ numHeads: 1 }),
    ]);
    const x = new Generator(1);
    const rows = Array.from({ length: 6 }, () => Array.from({ length: 4 }, () => x.uniform(-1, 1)));
    const stepper = made.stream({ maxLength: 6 });
    expect(stepper.inputSize).toBe(4);
    const y = rows.flatMap((row) => [...stepper.step(row)]);
    expectClose(y, made.predict([rows]).dataSync(), 1e-5);
  });

  test("a functional model that is a chain", () => {
    setSeed(5);
    const ids = input({ shape: [null], dtype: "int32" });
    const x = layers.embedding({ inputDim: TOKENS, outputDim: 8 }).apply(ids);
    const made = model({ inputs: ids, outputs: block().apply(x) });
    const stepper = made.stream({ maxLength: 3 });
    const y = [4, 2, 2].flatMap((id) => [...stepper.step(id)]);
    expectClose(y, made.predict([[4, 2, 2]]).dataSync(), 1e-5);
  });
});

describe("the state is a value", () => {
  test("rewind, fork, bytes, reset", () => {
    const made = make({ ropeMaxWavelength: 100 }, false);
    const [ids] = tokens(1, 8) as [number[]];
    const stepper = made.stream({ maxLength: 8 });
    const first = ids.map((id) => stepper.step(id).slice());
    stepper.reset();
    for (const id of ids.slice(0, 3)) stepper.step(id);
    const before = stepper.state;
    const fork = stepper.fork();
    expect(fork.maxLength).toBe(8);
    expect(stepper.step(ids[3]!)).toEqual(first[3]);
    stepper.step((ids[4]! + 1) % TOKENS);
    stepper.rewind(before);
    expect(stepper.state).toEqual(before);
    for (const t of [3, 4, 5]) expect(stepper.step(ids[t]!)).toEqual(first[t]);
    expect(fork.step(ids[3]!)).toEqual(first[3]);
    // Only the steps so far are kept; a longer stream takes them too.
    expect(before.values.length).toBe(1 + 2 * 2 * 3 * 8);
    const other = made.stream({ maxLength: 20 });
    other.rewind(StreamState.fromBytes(before.toBytes()));
    expect(other.step(ids[3]!)).toEqual(first[3]);
  });

  test("states that do not fit are refused and change nothing", () => {
    const made = make();
    const stepper = made.stream({ maxLength: 4 });
    stepper.step(1);
    const before = stepper.state;
    const longer = made.stream({ maxLength: 8 });
    for (let t = 0; t < 6; t++) longer.step(1);
    expect(() => stepper.rewind(longer.state)).toThrow(/6 steps[\s\S]*at most 4 steps/);
    const cut = new StreamState(before.layout, before.values.slice(0, -1));
    expect(() => stepper.rewind(cut)).toThrow(/does not fit/);
    const odd = new StreamState(
      before.layout,
      Float32Array.from(before.values, (v, i) => (i === 0 ? -1 : v)),
    );
    expect(() => stepper.rewind(odd)).toThrow(/does not fit/);
    stepper.rewind(before);
    expect(stepper.state).toEqual(before);
  });
});

test("a step keeps nothing", () => {
  const stepper = make({ ropeMaxWavelength: 50, normalizeFirst: true }).stream();
  stepper.step(1);
  const before = memory();
  for (let t = 1; t < 12; t++) stepper.step(t % TOKENS);
  expect(memory().tensors).toBe(before.tensors);
  expect(memory().bytes).toBe(before.bytes);
});

test("limits and mistakes are named", () => {
  const made = make();
  const stepper = made.stream();
  expect(stepper.maxLength).toBe(12);
  for (let t = 0; t < 12; t++) stepper.step(1);
  const before = stepper.state;
  expect(() => stepper.step(1)).toThrow(/maximum length[\s\S]*step 13[\s\S]*at most 12 steps/);
  expect(stepper.state).toEqual(before);
  stepper.reset();
  stepper.step(1);
  expect(() => made.stream({ maxLength: 13 })).toThrow(/maxLength 13[\s\S]*at most 12/);
  expect(() => made.stream({ maxLength: 0 })).toThrow(/maxLength must be/);
  expect(() => make({}, false).stream()).toThrow(/maximum length[\s\S]*no maxLength/);
  const encoder = sequential([layers.transformerEncoder({ intermediateDim: 4, numHeads: 1, inputShape: [null, 4] })]);
  expect(() => encoder.stream({ maxLength: 4 })).toThrow(/TransformerEncoder/);
  const crossed = layers.transformerDecoder({ intermediateDim: 4, numHeads: 1, name: "crossed" });
  const x = tensor(new Float32Array(8), [1, 2, 4]);
  crossed.apply([x, x]);
  expect(() => createStepper([crossed], { maxLength: 4 })).toThrow(/crossed: a decoder block that looks at an encoder/);
  const dense = sequential([layers.dense({ units: 4, inputShape: [null, 4] })]);
  expect(dense.stream({ maxLength: 4 }).maxLength).toBe(null);
});
