import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/golden.js";
import { modelFromBytes, modelToBytes } from "../formats/model-file.js";
import type { Layer } from "../layers/index.js";
import { layers } from "../layers/index.js";
import { input, type SymbolicTensor } from "../layers/symbolic.js";
import { Generator, setSeed } from "../tensor/generator.js";
import { memory, type Tensor } from "../tensor/tensor.js";
import { type Functional, model } from "./functional.js";
import { sequential } from "./sequential.js";
import type { Stepper } from "./stream.js";

const TOKENS = 7;
const SIZE = 8;

/** Token numbers [batch][time]; 0 is padding where it is masked. */
const tokens = (batch: number, time: number, seed: number) => {
  const random = new Generator(seed);
  return Array.from({ length: batch }, () => Array.from({ length: time }, () => random.int(TOKENS)));
};

const sequence = (name: string) => input({ shape: [null], dtype: "int32", name });
const embed = (x: SymbolicTensor, maskZero: boolean): SymbolicTensor =>
  layers.embedding({ inputDim: TOKENS, outputDim: SIZE, maskZero, embeddingsInitializer: "randomNormal" }).apply(x);
/** Biases too, so that everything counts. */
const random = { biasInitializer: "randomNormal" } as const;
const heads = (more: object = {}) => layers.multiHeadAttention({ numHeads: 2, keyDim: 4, ...random, ...more });
const groups = (more: object = {}) =>
  layers.groupQueryAttention({ headDim: 4, numQueryHeads: 4, numKeyValueHeads: 2, ...random, ...more });

/** A model of inputs "source" and "target"; `decode` makes the output of the embedded target and the encoded source. */
function translator(
  decode: (x: SymbolicTensor, encoded: SymbolicTensor, source: SymbolicTensor) => SymbolicTensor,
  maskZero: boolean,
): Functional {
  setSeed(6);
  const [source, target] = [sequence("source"), sequence("target")];
  const read = embed(source, maskZero);
  const encoded = layers.transformerEncoder({ intermediateDim: 9, numHeads: 2, ...random }).apply(read);
  return model({ inputs: [source, target], outputs: decode(embed(target, maskZero), encoded, read) });
}

/** Outputs of all steps, [batch, time, output]. */
function stepped(stepper: Stepper, target: number[][]): number[] {
  const { outputSize: n } = stepper;
  const rows: number[][] = target.map(() => []);
  for (const t of target[0]!.keys()) {
    const y = stepper.step(target.map((row) => row[t]!));
    for (const [b, row] of rows.entries()) row.push(...y.subarray(b * n, (b + 1) * n));
  }
  return rows.flat();
}

const whole = (made: Functional, source: number[][], target: number[][]) =>
  (made.predict([source, target]) as Tensor).dataSync();

const add = (a: SymbolicTensor, b: SymbolicTensor) => layers.add().apply([a, b]);

/** A decoder block by hand: self-attention, attention to the encoder, each with a residual connection. */
function byHand(own: Layer, cross: Layer, causal = false) {
  return (x: SymbolicTensor, encoded: SymbolicTensor, read: SymbolicTensor): SymbolicTensor => {
    const looked = layers.layerNormalization().apply(add(x, own.apply([x, x], { useCausalMask: true })));
    const crossed = cross.apply([looked, encoded, read], { useCausalMask: causal });
    return layers.dense({ units: 5, activation: "gelu" }).apply(add(looked, crossed));
  };
}

const decoders: Record<string, Parameters<typeof translator>[0]> = {
  "decoder blocks": (x, encoded) => {
    const block = (more: object = {}) =>
      layers.transformerDecoder({ intermediateDim: 10, numHeads: 2, ...random, ...more });
    const positions = layers.positionEmbedding({ sequenceLength: 12, embeddingsInitializer: "randomNormal" });
    const first = block().apply([positions.apply(x), encoded]);
    return block({ normalizeFirst: true, numHeads: 4, numKeyValueHeads: 2, alibi: true }).apply([first, encoded]);
  },
  "several heads": byHand(heads(), heads({ valueDim: 3 })),
  "heads in groups": byHand(groups(), groups()),
  "rotary positions on both sides": byHand(heads({ ropeMaxWavelength: 30 }), groups({ ropeMaxWavelength: 50 })),
  "scores that fall with distance": byHand(groups({ alibi: true }), heads({ alibi: true })),
  "attention to as many steps of the encoder": byHand(heads(), heads(), true),
  "gates, and windows on both sides": byHand(
    groups({ slidingWindow: 3, useGate: true, ropeMaxWavelength: 30 }),
    heads({ slidingWindow: 2, useGate: true, valueDim: 3 }),
  ),
  "a causal window": byHand(heads({ slidingWindow: 1, alibi: true }), groups({ slidingWindow: 4, alibi: true }), true),
  "rotary positions alone": (x, encoded) =>
    heads().apply([layers.rotaryEmbedding({ maxWavelength: 20, scalingFactor: 2 }).apply(x), encoded]),
  "a recurrent decoder that starts where the encoder ended (Luong)": (x, encoded) => {
    const [, h, c] = layers.lstm({ units: 6, returnState: true }).apply(encoded);
    const decoded = layers
      .lstm({ units: 6, returnSequences: true, returnState: true })
      .apply(x, { initialState: [h!, c!] });
    const keys = layers.dense({ units: 6 }).apply(encoded);
    const context = layers.attention({ useScale: true }).apply([decoded, keys]);
    return layers.dense({ units: 4, activation: "softmax" }).apply(layers.concatenate().apply([context, decoded]));
  },
  "two cells, and what was read at every step (Bahdanau)": (x, encoded) => {
    const [, h] = layers.bidirectional({ layer: layers.gru({ units: 4, returnState: true }) }).apply(encoded);
    const cells = [layers.gruCell({ units: 4 }), layers.peepholeLSTMCell({ units: SIZE })];
    const decoded = layers.rnn({ cell: cells, returnSequences: true }).apply(x, { initialState: states(h!) });
    const context = layers.additiveAttention().apply([decoded, encoded]);
    return layers
      .multiply()
      .apply([layers.average().apply([decoded, context]), layers.globalAveragePooling1d().apply(encoded)]);
  },
  "attention without projections to earlier steps": (x, encoded) => {
    const looked = layers.attention().apply([x, layers.dense({ units: 5 }).apply(x), x], { useCausalMask: true });
    return layers.attention({ scoreMode: "concat" }).apply([looked, layers.dense({ units: 5 }).apply(encoded)]);
  },
};
/** First states of the cells above: 4, and 8 and 8. */
const states = (h: SymbolicTensor) => {
  const wide = layers.dense({ units: SIZE }).apply(h);
  return [h, wide, layers.activation({ activation: "tanh" }).apply(wide)];
};

describe("a stepper with fixed inputs gives what the whole sequences give", () => {
  test.each(Object.entries(decoders))("%s", (_, decode) => {
    for (const maskZero of [false, true]) {
      const made = translator(decode, maskZero);
      const [source, target] = [tokens(3, 5, 1), tokens(3, 9, 2)];
      const stepper = made.stream({ fixed: { source }, maxLength: 12 });
      expect([stepper.batchSize, stepper.inputSize]).toEqual([3, 1]);
      const expected = whole(made, source, target);
      expectClose(stepped(stepper, target), expected, 1e-5);
      stepper.reset();
      expectClose(stepped(stepper, target), expected, 1e-5);
      // Other sources, of another length.
      const other = tokens(3, 8, 3);
      stepper.reset({ source: other });
      expectClose(stepped(stepper, target), whole(made, other, target), 1e-5);
    }
  });

  test("two streams of one model at once", () => {
    const made = translator(byHand(heads({ ropeMaxWavelength: 30 }), heads()), true);
    const sources = [tokens(1, 4, 1), tokens(1, 6, 2)] as const;
    const targets = [tokens(1, 6, 3), tokens(1, 6, 4)] as const;
    const streams = sources.map((source) => made.stream({ fixed: { source }, maxLength: 6 }));
    const outputs: number[][] = [[], []];
    for (let t = 0; t < 6; t++) {
      for (const [i, stream] of streams.entries()) outputs[i]!.push(...stream.step(targets[i]![0]![t]!));
    }
    for (const i of [0, 1]) expectClose(outputs[i]!, whole(made, sources[i]!, targets[i]!), 1e-5);
  });

  test("an encoder's output as the fixed input, mask included, of a model that has the decoder alone", () => {
    const source = sequence("source");
    const encoder = model({
      inputs: source,
      outputs: layers.gru({ units: 5, returnSequences: true }).apply(embed(source, true)),
    });
    const [target, memory] = [sequence("target"), input({ shape: [null, 5], name: "memory" })];
    const decoder = model({ inputs: [target, memory], outputs: heads().apply([embed(target, false), memory]) });
    const both = model({ inputs: [source, target], outputs: decoder.apply([target, encoder.apply(source)]) });
    const ids = [[3, 0, 2, 0, 0]];
    const stepper = decoder.stream({ fixed: { memory: encoder.apply(ids) } });
    expectClose(stepped(stepper, [[1, 5, 2]]), whole(both, ids, [[1, 5, 2]]), 1e-5);
    // Nothing in it counts steps.
    expect(stepper.maxLength).toBe(null);
  });
});

describe("models inside", () => {
  test("encoder and decoder as models of their own, one of them twice", () => {
    setSeed(8);
    const encoder = sequential([
      layers.embedding({ inputDim: TOKENS, outputDim: SIZE, maskZero: true, inputShape: [null] }),
      layers.bidirectional({ layer: layers.gru({ units: 4, returnSequences: true }) }),
    ]);
    const [x, memory] = [sequence("x"), input({ shape: [null, SIZE], name: "memory" })];
    const block = layers.transformerDecoder({ intermediateDim: 10, numHeads: 2, ...random });
    const decoder = model({ inputs: [x, memory], outputs: block.apply([embed(x, true), memory]) });
    const refine = sequential([
      layers.dense({ units: SIZE, activation: "tanh", inputShape: [null, SIZE] }),
      layers.gru({ units: SIZE, returnSequences: true }),
    ]);
    const [source, target] = [sequence("source"), sequence("target")];
    const decoded = decoder.apply([target, encoder.apply(source)]);
    const made = model({ inputs: [source, target], outputs: refine.apply(refine.apply(decoded)) });
    const [from, to] = [tokens(2, 5, 1), tokens(2, 7, 2)];
    expectClose(stepped(made.stream({ fixed: { source: from }, maxLength: 7 }), to), whole(made, from, to), 1e-5);
  });

  test("in a stack", () => {
    setSeed(8);
    const x = input({ shape: [null, 3] });
    const residual = model({ inputs: x, outputs: add(x, layers.dense({ units: 3 }).apply(x)) });
    const inner = sequential([layers.gru({ units: 3, returnSequences: true, inputShape: [null, 3] })]);
    const made = sequential([inner.asLayer(), residual.asLayer(), layers.softmax({ axis: 2 })]);
    made.build([null, null, 3]);
    const rows = [
      [0.1, 0.2, 0.3],
      [-1, 2, 0.5],
      [0, 0, 1],
    ];
    const stepper = made.stream();
    expectClose(
      rows.flatMap((row) => [...stepper.step(row)]),
      made.predict([rows]).dataSync(),
      1e-6,
    );
  });
});

describe("graphs without fixed inputs", () => {
  test("residual connections, shared layers, states as outputs", () => {
    setSeed(2);
    const x = input({ shape: [null, 4] });
    const shared = layers.dense({ units: 4, activation: "tanh" });
    const [sequence, h, c] = layers.lstm({ units: 4, returnSequences: true, returnState: true }).apply(shared.apply(x));
    const sum = layers.add().apply([x, sequence!, shared.apply(sequence!)]);
    const last = layers.gru({ units: 4 }).apply(layers.subtract().apply([sum, x]));
    const made = model({ inputs: x, outputs: layers.concatenate().apply([last, h!, c!]) });
    const random = new Generator(4);
    const rows = Array.from({ length: 6 }, () => Array.from({ length: 4 }, () => random.uniform(-1, 1)));
    const stepper = made.stream();
    for (let t = 1; t <= 6; t++) {
      expectClose(stepper.step(rows[t - 1]!), made.predict([rows.slice(0, t)]).dataSync(), 1e-6);
    }
  });

  test("an embedding that is also used to score tokens", () => {
    setSeed(3);
    const ids = sequence("ids");
    const words = layers.reversibleEmbedding({ inputDim: TOKENS, outputDim: 4, logitSoftCap: 1.5, maskZero: true });
    const read = layers.gru({ units: 4, returnSequences: true }).apply(words.apply(ids));
    const made = model({ inputs: ids, outputs: words.apply(read, { reverse: true }) });
    const [row] = tokens(1, 6, 5) as [number[]];
    const expected = made.predict([row]);
    expect(expected.shape).toEqual([1, 6, TOKENS]);
    expectClose(stepped(made.stream(), [row]), expected.dataSync(), 1e-6);
    expect(made.countParams()).toBe(TOKENS * 4 + 3 * 4 * (4 + 4 + 2));
    const again = modelFromBytes(modelToBytes(made));
    expect((again.predict([row]) as Tensor).dataSync()).toEqual(expected.dataSync());
  });

  test("masks that are joined", () => {
    const ids = sequence("ids");
    const merged = layers.maximum().apply([embed(ids, true), embed(ids, true)]);
    const made = model({ inputs: ids, outputs: layers.gru({ units: 3, returnSequences: true }).apply(merged) });
    const [row] = tokens(1, 9, 5) as [number[]];
    expectClose(stepped(made.stream(), [row]), made.predict([row]).dataSync(), 1e-6);
  });
});

describe("the state", () => {
  const made = () => translator(byHand(heads({ ropeMaxWavelength: 30 }), heads()), true);

  test("forks look at the same sources; a state goes to a stream of equal sources", () => {
    const translated = made();
    const source = tokens(2, 5, 1);
    const stepper = translated.stream({ fixed: { source }, maxLength: 9 });
    const [a, b] = [stepper.step([1, 2]).slice(), stepper.step([3, 4]).slice()];
    const state = stepper.state;
    const fork = stepper.fork();
    const third = stepper.step([5, 6]).slice();
    expect(fork.step([5, 6])).toEqual(third);
    fork.reset();
    expect([fork.step([1, 2]).slice(), fork.step([3, 4]).slice()]).toEqual([a, b]);
    stepper.dispose();
    expect(fork.step([5, 6])).toEqual(third);
    const other = translated.stream({ fixed: { source }, maxLength: 20 });
    other.rewind(state);
    expect(other.step([5, 6])).toEqual(third);
  });

  test("steps and new sources keep no more memory; dispose frees all", () => {
    const translated = made();
    const before = memory().tensors;
    const stepper = translated.stream({ fixed: { source: tokens(1, 5, 1) }, maxLength: 9 });
    stepper.step(1);
    const running = memory();
    stepper.reset({ source: tokens(1, 5, 2) });
    for (let t = 0; t < 9; t++) stepper.step(t % TOKENS);
    expect(memory().tensors).toBe(running.tensors);
    expect(memory().bytes).toBe(running.bytes);
    stepper.dispose();
    expect(memory().tensors).toBe(before);
  });

  test("fixed inputs that do not fit are refused and change nothing", () => {
    const translated = made();
    const source = tokens(2, 5, 1);
    const stepper = translated.stream({ fixed: { source }, maxLength: 9 });
    const first = stepper.step([1, 2]).slice();
    const second = stepper.step([3, 4]).slice();
    for (const [bad, message] of [
      [{ source: tokens(3, 5, 1) }, /3 for batchSize 2/],
      [{ source: [1, 2] }, /input source[\s\S]*received: \[2\][\s\S]*expected: \[\?, \?\]/],
      [
        {
          source: [
            [1, Number.NaN],
            [2, 3],
          ],
        },
        /fixed input source[\s\S]*NaN at position 1/,
      ],
      [
        {
          source: [
            [1, TOKENS],
            [2, 3],
          ],
        },
        /7/,
      ],
      [{ sourse: source }, /did you mean "source"/],
      [{}, /source[\s\S]*nothing/],
    ] as const) {
      expect(() => stepper.reset(bad as never)).toThrow(message);
    }
    stepper.reset();
    expect(stepper.step([1, 2])).toEqual(first);
    expect(stepper.step([3, 4])).toEqual(second);
  });
});

test("what cannot be streamed is named", () => {
  const source = tokens(1, 4, 1);
  const stream = (decode: Parameters<typeof translator>[0], fixed: object = { source }) =>
    translator(decode, false).stream({ fixed: fixed as never, maxLength: 5 });
  const plain: Parameters<typeof translator>[0] = (x, encoded) => heads().apply([x, encoded]);
  expect(() => stream(plain, {})).toThrow(/one input must come step by step[\s\S]*source, target; fixed: none/);
  expect(() => stream(plain, { source, target: source })).toThrow(/one input must come step by step/);
  expect(() => stream(plain, { sorce: source })).toThrow(/no option "sorce"[\s\S]*did you mean "source"/);
  expect(() => stream((x) => heads({ name: "look" }).apply([x, x]))).toThrow(
    /look: this attention cannot[\s\S]*no useCausalMask/,
  );
  expect(() => stream((x, encoded) => heads().apply([encoded, x]))).toThrow(/a fixed query/);
  expect(() => stream((x, e) => layers.attention().apply([x, e], { useCausalMask: true }))).toThrow(
    /cannot be streamed/,
  );
  expect(() => stream((x, e) => heads().apply([x, e], { returnAttentionScores: true }))).toThrow(
    /returnAttentionScores/,
  );
  expect(() => stream((x, encoded) => add(layers.dense({ units: SIZE }).apply(x), encoded))).toThrow(
    /same step[\s\S]*a step, a sequence that is known whole/,
  );
  expect(() => stream((x, e) => layers.concatenate({ axis: 1 }).apply([x, e]))).toThrow(/axis 1[\s\S]*axis 2 or -1/);
  const own = layers.gru({ units: SIZE });
  expect(() =>
    stream((x) => layers.gru({ units: SIZE, returnSequences: true }).apply(x, { initialState: [own.apply(x)] })),
  ).toThrow(/first states come from later ones/);
  const block = layers.transformerDecoder({ intermediateDim: 4, numHeads: 1 });
  expect(() => stream((x, encoded) => block.apply([encoded, x]))).toThrow(/a fixed input, a streamed input/);
  const seq = sequential([layers.dense({ units: 2, inputShape: [null, 3] })]);
  expect(() => seq.stream({ fixed: { x: [1] } })).toThrow(/no option "x"/);
  const x = input({ shape: [null, 4] });
  const y = layers.dense({ units: 2 }).apply(x);
  expect(() => model({ inputs: x, outputs: [y, y] }).stream()).toThrow(/one output/);
});
