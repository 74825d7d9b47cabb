import { describe, expect, test } from "vitest";
import { OwnGatedUnitCell, ReadoutCell } from "../../test/layers/cells.js";
import { expectClose } from "../../test/support/golden.js";
import { RondoError } from "../errors.js";
import { Dense, type Layer, layers } from "../layers/index.js";
import { Generator, setSeed } from "../tensor/generator.js";
import { add, mul } from "../tensor/ops/arithmetic.js";
import { greater } from "../tensor/ops/comparison.js";
import { ones } from "../tensor/ops/creation.js";
import { scope } from "../tensor/scope.js";
import { memory, type Tensor, tensor } from "../tensor/tensor.js";
import { Sequential } from "./sequential.js";
import { createStepper, type Stepper, StreamState } from "./stream.js";

const TIME = 7;
const FEATURES = 3;

/** Numbers without a pattern. */
function numbers(count: number, seed = 1): Float32Array {
  const random = new Generator(seed);
  return Float32Array.from({ length: count }, () => random.uniform(-1, 1));
}

/** The output of a stack for the first `steps` steps of x [batch, time, …], whole sequences at once. */
function whole(stack: readonly Layer[], x: Tensor): Float32Array {
  return scope(() => {
    let output = x;
    let mask: Tensor | null = null;
    for (const layer of stack) {
      layer.ensureBuilt(output.shape);
      const next = layer.call(output, { training: false, mask }) as Tensor;
      mask = layer.computeMask(output, mask);
      output = next;
    }
    return output.dataSync() as Float32Array;
  });
}

/** Feeds x [batch, time, width] step by step; outputs [batch, time, size]. */
function stepwise(stepper: Stepper, x: Float32Array, time: number): Float32Array {
  const { batchSize: batch, outputSize } = stepper;
  const width = x.length / batch / time;
  const all = new Float32Array(batch * time * outputSize);
  for (let t = 0; t < time; t++) {
    const rows = Array.from({ length: batch }, (_, b) =>
      x.subarray((b * time + t) * width, (b * time + t + 1) * width),
    );
    const y = stepper.step(rows.flatMap((row) => [...row]));
    for (let b = 0; b < batch; b++) {
      all.set(y.subarray(b * outputSize, (b + 1) * outputSize), (b * time + t) * outputSize);
    }
  }
  return all;
}

const sequences = { returnSequences: true };
const stacks: Record<string, () => Layer[]> = {
  lstm: () => [layers.lstm({ units: 5, ...sequences })],
  "gru, reset after": () => [layers.gru({ units: 5, ...sequences })],
  "gru, reset before": () => [layers.gru({ units: 5, resetAfter: false, ...sequences })],
  "simple rnn": () => [layers.simpleRNN({ units: 5, activation: "relu", ...sequences })],
  "no bias": () => [
    layers.lstm({ units: 5, useBias: false, ...sequences }),
    layers.dense({ units: 2, useBias: false }),
  ],
  "a deep stack": () => [
    layers.dropout({ rate: 0.3 }),
    layers.lstm({ units: 6, dropout: 0.2, recurrentDropout: 0.2, ...sequences }),
    layers.gru({ units: 5, ...sequences }),
    layers.simpleRNN({ units: 4, ...sequences }),
    layers.timeDistributed({ layer: layers.dense({ units: 3, activation: "gelu" }) }),
    layers.activation({ activation: "swish" }),
    layers.dense({ units: 4, activation: "softmax" }),
    layers.activation({ activation: "logSoftmax" }),
  ],
  "layers that treat every step by itself": () => [
    layers.layerNormalization({ epsilon: 0.1 }),
    layers.rescaling({ scale: 2, offset: [0, 1, -1] }),
    layers.identity(),
    layers.activityRegularization({ l1: 1 }),
    layers.spatialDropout1d({ rate: 0.3 }),
    layers.gru({ units: 4, ...sequences }),
    layers.batchNormalization({ movingMeanInitializer: "ones" }),
    layers.gaussianNoise({ stddev: 1 }),
    layers.leakyReLU(),
    layers.rmsNormalization(),
    layers.softmax(),
  ],
  "the last axis by its number": () => [
    layers.layerNormalization({ axis: 2 }),
    layers.dense({ units: 4, activation: { name: "softmax", axis: 2 } }),
    layers.timeDistributed({ layer: layers.dense({ units: 6, activation: { name: "sparsemax", axis: 1 } }) }),
    layers.activation({ activation: { name: "glu", axis: 2 } }),
    layers.softmax({ axis: 2 }),
  ],
  "cells with variations": () => [
    layers.rnn({ cell: layers.peepholeLSTMCell({ units: 3 }), ...sequences }),
    layers.rnn({ cell: layers.zoneoutCell({ cell: layers.lstmCell({ units: 3 }), rates: 0.3 }), ...sequences }),
    layers.rnn({ cell: layers.jordanCell({ units: 3, outputUnits: 2 }), ...sequences }),
    layers.rnn({ cell: layers.tripleGatedCell({ units: 3, outputUnits: 2 }), ...sequences }),
    layers.rnn({ cell: layers.chainedTanhCell({ units: 3, outputUnits: 2 }), ...sequences }),
  ],
  "activations without a kernel": () => [
    layers.lstm({ units: 4, activation: "softsign", ...sequences }),
    layers.dense({ units: 3, activation: { name: "leakyRelu", negativeSlope: 0.1 } }),
    layers.activation({ activation: (x) => mul(x, add(x, 1)) }),
    layers.activation({ activation: "exponential" }),
    layers.dense({ units: 4, activation: "glu" }),
    layers.activation({ activation: "glu" }),
    layers.dense({ units: 4, activation: "sparsemax" }),
  ],
  "cells of all kinds": () => [
    layers.rnn({ cell: [layers.lstmCell({ units: 3 }), new OwnGatedUnitCell({ units: 4 })], ...sequences }),
    layers.rnn({ cell: new ReadoutCell({ units: 3, outputUnits: 2 }), ...sequences }),
    layers.rnn({ cell: layers.gruCell({ units: 3 }), ...sequences }),
  ],
  "a cell that does not start at zero": () => [
    layers.rnn({
      cell: {
        stateSize: FEATURES,
        getInitialState: (batch) => [ones([batch, FEATURES])],
        call: (x, [s]) => {
          const next = add(x, mul(s!, 0.5));
          return [next, next];
        },
      },
      ...sequences,
    }),
  ],
};

describe("a stepper gives what the whole sequence gives", () => {
  test.each(Object.entries(stacks))("%s", (_, make) => {
    for (const batch of [1, 3]) {
      const stack = make();
      const x = numbers(batch * TIME * FEATURES, batch);
      const expected = whole(stack, tensor(x, [batch, TIME, FEATURES]));
      const stepper = createStepper(stack, { batchSize: batch });
      expect(stepper.inputSize).toBe(FEATURES);
      expectClose(stepwise(stepper, x, TIME), expected, 1e-6);
      stepper.reset();
      expectClose(stepwise(stepper, x, TIME), expected, 1e-6);
    }
  });

  test("layers that return their last output only: the output as if the sequence ended here", () => {
    const stack = [layers.lstm({ units: 4, ...sequences }), layers.gru({ units: 3 }), layers.dense({ units: 2 })];
    const x = numbers(TIME * FEATURES);
    whole(stack, tensor(x, [1, TIME, FEATURES]));
    const stepper = createStepper(stack);
    for (let t = 1; t <= TIME; t++) {
      const y = stepper.step(x.subarray((t - 1) * FEATURES, t * FEATURES));
      expectClose(y, whole(stack, tensor(x.slice(0, t * FEATURES), [1, t, FEATURES])), 1e-6);
    }
  });

  test("after the last output there is no time: the second axis is the last", () => {
    const activation = { name: "softmax", axis: 1 } as const;
    const stack = [layers.gru({ units: 4 }), layers.dense({ units: 3, activation }), layers.softmax({ axis: 1 })];
    const x = numbers(TIME * FEATURES);
    const expected = whole(stack, tensor(x, [1, TIME, FEATURES]));
    expectClose(stepwise(createStepper(stack), x, TIME).slice(-3), expected, 1e-6);
    const wrong = [layers.gru({ units: 4 }), layers.activation({ activation: { name: "softmax", axis: 0 } })];
    whole(wrong, tensor(x, [1, TIME, FEATURES]));
    expect(() => createStepper(wrong)).toThrow(/axis 0 of \[batch, features\]/);
  });

  const ids = Float32Array.from([0, 3, 1, 0, 0, 4, 2, 4, 0, 1, 1, 2, 0, 0]);
  test.each([
    ["no mask", false, {}],
    ["mask", true, {}],
    ["mask and zero output", true, { zeroOutputForMask: true }],
  ])("tokens: %s", (_, maskZero, options) => {
    const stack = [
      layers.embedding({ inputDim: 5, outputDim: 4, maskZero, embeddingsInitializer: "randomNormal" }),
      layers.lstm({ units: 4, ...sequences, ...options }),
      layers.rnn({ cell: new ReadoutCell({ units: 3, outputUnits: 2 }), ...sequences, ...options }),
      layers.gru({ units: 4, activation: "relu", ...sequences, ...options }),
      layers.dense({ units: 5 }),
    ];
    const expected = whole(stack, tensor(ids, [2, TIME]));
    expectClose(stepwise(createStepper(stack, { batchSize: 2 }), ids, TIME), expected, 1e-6);
  });

  test("steps that a masking layer hides", () => {
    const x = numbers(2 * TIME * FEATURES);
    for (const step of [0, 2, 3, TIME + 5]) x.fill(-1, step * FEATURES, (step + 1) * FEATURES);
    const stack = [layers.masking({ maskValue: -1 }), layers.gru({ units: 4, ...sequences })];
    const expected = whole(stack, tensor(x, [2, TIME, FEATURES]));
    expectClose(stepwise(createStepper(stack, { batchSize: 2 }), x, TIME), expected, 1e-6);
  });

  test("weights that change while streaming are used at once", () => {
    const stack = [layers.dense({ units: 1, useBias: false, inputShape: [1] })];
    stack[0]!.ensureBuilt([null, 1]);
    const stepper = createStepper(stack);
    stack[0]!.setWeights([[[2]]]);
    expect(stepper.step(3)[0]).toBe(6);
    stack[0]!.setWeights([[[5]]]);
    expect(stepper.step(3)[0]).toBe(15);
  });
});

describe("the state is a value", () => {
  const x = numbers(20 * FEATURES);
  const at = (t: number) => x.subarray(t * FEATURES, (t + 1) * FEATURES);
  function make() {
    setSeed(5);
    const stack = [layers.lstm({ units: 4, ...sequences }), layers.gru({ units: 3, ...sequences })];
    whole(stack, tensor(x, [1, 20, FEATURES]));
    return createStepper(stack);
  }

  test("rewind goes back, fork goes on independently, reset starts again", () => {
    const stepper = make();
    const first = [0, 1, 2, 3, 4].map((t) => stepper.step(at(t)).slice());
    stepper.reset();
    stepper.step(at(0));
    stepper.step(at(1));
    const before = stepper.state;
    const fork = stepper.fork();
    expect(stepper.step(at(2))).toEqual(first[2]);
    stepper.step(at(9));
    stepper.rewind(before);
    expect(stepper.step(at(2))).toEqual(first[2]);
    expect(stepper.step(at(3))).toEqual(first[3]);
    expect(fork.step(at(2))).toEqual(first[2]);
    expect(fork.step(at(3))).toEqual(first[3]);
    expect(fork.step(at(4))).toEqual(first[4]);
    stepper.state = before;
    expect(stepper.state).toEqual(before);
  });

  test("bytes carry it to another stepper of an equal model", () => {
    const stepper = make();
    for (let t = 0; t < 5; t++) stepper.step(at(t));
    const bytes = stepper.state.toBytes();
    const other = make();
    other.rewind(StreamState.fromBytes(bytes));
    expect(other.state).toEqual(stepper.state);
    expect(other.step(at(5))).toEqual(stepper.step(at(5)));
  });

  test("bytes that are not a state, or belong to another model, are refused and change nothing", () => {
    const stepper = make();
    stepper.step(at(0));
    const before = stepper.state;
    const bytes = before.toBytes();
    expect(() => StreamState.fromBytes(new Uint8Array(5))).toThrow(/not the state of a stream/);
    expect(() => StreamState.fromBytes(bytes.slice(0, -1))).toThrow(/cut off/);
    const nan = bytes.slice();
    nan.set(new Uint8Array(Float32Array.of(Number.NaN).buffer), nan.length - 4);
    expect(() => StreamState.fromBytes(nan)).toThrow(/not finite/);
    const wider = [layers.lstm({ units: 5 })];
    whole(wider, tensor(x, [1, 20, FEATURES]));
    expect(() => stepper.rewind(createStepper(wider).state)).toThrow(/belongs to another model/);
    expect(() => stepper.rewind(createStepper(wider, { batchSize: 2 }).state)).toThrow(RondoError);
    expect(stepper.state).toEqual(before);
  });
});

describe("memory", () => {
  test("steps leave nothing behind, and growing memory does not disturb them", () => {
    const stack = [layers.lstm({ units: 8, ...sequences }), layers.dense({ units: 3, activation: "softmax" })];
    const x = numbers(TIME * FEATURES);
    const expected = whole(stack, tensor(x, [1, TIME, FEATURES]));
    const stepper = createStepper(stack);
    const before = memory();
    for (let i = 0; i < 1000; i++) stepper.step(x.subarray(0, FEATURES));
    expect(memory().tensors).toBe(before.tensors);
    expect(memory().bytes).toBe(before.bytes);
    stepper.reset();
    stepper.step(x.subarray(0, FEATURES));
    const large = ones([memory().reserved / 4 + 1000]);
    stepper.reset();
    expectClose(stepwise(stepper, x, TIME), expected, 1e-6);
    large.dispose();
  });

  test("cells without a kernel free their temporaries", () => {
    const stack = [layers.rnn({ cell: new OwnGatedUnitCell({ units: 4 }) })];
    const x = numbers(TIME * FEATURES);
    whole(stack, tensor(x, [1, TIME, FEATURES]));
    const stepper = createStepper(stack);
    stepper.step(x.subarray(0, FEATURES));
    const before = memory().tensors;
    for (let i = 0; i < 100; i++) stepper.step(x.subarray(0, FEATURES));
    expect(memory().tensors).toBe(before);
  });

  test("dispose frees the buffers; a stepper made within a scope survives it", () => {
    const stack = [layers.gru({ units: 4, ...sequences })];
    const x = numbers(TIME * FEATURES);
    const expected = whole(stack, tensor(x, [1, TIME, FEATURES]));
    const before = memory().tensors;
    const holder: Stepper[] = [];
    scope(() => void holder.push(createStepper(stack)));
    expectClose(stepwise(holder[0]!, x, TIME), expected, 1e-6);
    holder[0]!.dispose();
    expect(memory().tensors).toBe(before);
    expect(() => holder[0]!.step(x.subarray(0, 3))).toThrow(RondoError);
  });
});

describe("errors", () => {
  const built = (stack: Layer[], shape: number[] = [1, 2, 3]) => {
    const model = new Sequential({ layers: stack });
    model.build(shape);
    return stack;
  };

  test("layers that need later steps are refused by name", () => {
    const lstm = () => layers.lstm({ units: 2, returnSequences: true });
    expect(() => createStepper(built([layers.bidirectional({ layer: lstm(), name: "both" })]))).toThrow(
      /both\): this layer cannot be streamed[\s\S]*reads forwards only/,
    );
    expect(() => createStepper(built([layers.lstm({ units: 2, goBackwards: true })]))).toThrow(/reads backwards/);
    expect(() => createStepper(built([lstm(), layers.flatten()]))).toThrow(/Flatten/);
    const alongTime = [layers.layerNormalization({ axis: [1, 2] }), layers.softmax({ axis: 1 })];
    for (const layer of [...alongTime, layers.conv1d({ filters: 2, kernelSize: 2 })]) {
      expect(() => createStepper(built([lstm(), layer]))).toThrow(/cannot be streamed/);
    }
    for (const activation of [
      { name: "softmax", axis: 1 },
      { name: "logSoftmax", axis: -2 },
    ] as const) {
      expect(() => createStepper(built([lstm(), layers.activation({ activation })]))).toThrow(/axis 2 or -1/);
      expect(() => createStepper(built([lstm(), layers.dense({ units: 2, activation })]))).toThrow(/axis 2 or -1/);
    }
    const images = layers.convLSTM1d({ filters: 2, kernelSize: 1 });
    expect(() => createStepper(built([images], [1, 2, 3, 1]))).toThrow(/ConvLSTM1D/);
    expect(() => createStepper([lstm()])).toThrow(/must be built/);
    expect(() => createStepper([])).toThrow(/must be built/);
    expect(() => createStepper(built([lstm()]), { batchsize: 2 } as never)).toThrow(/did you mean "batchSize"/);
    expect(() => createStepper(built([lstm()]), { batchSize: 0 })).toThrow(/at least 1/);
  });

  test("a layer with a computation of its own must say that it treats every step alike", () => {
    class Doubling extends Dense {
      override call(input: Tensor): Tensor {
        return mul(super.call(input), 2);
      }
    }
    const doubling = () => new Doubling({ units: 2 });
    expect(() => createStepper(built([doubling()]))).toThrow(/wrap it in layers\.timeDistributed/);
    const wrapped = layers.timeDistributed({ layer: doubling(), inputShape: [null, 3] });
    const stack = built([wrapped, layers.gru({ units: 2, ...sequences })]);
    const x = numbers(TIME * FEATURES);
    const expected = whole(stack, tensor(x, [1, TIME, FEATURES]));
    expectClose(stepwise(createStepper(stack), x, TIME), expected, 1e-6);
  });

  test("bad steps are refused and leave the state as it was", () => {
    const stepper = createStepper(built([layers.gru({ units: 2 })]));
    stepper.step([1, 2, 3]);
    const before = stepper.state;
    expect(() => stepper.step([1, 2])).toThrow(/2 numbers[\s\S]*1 x 3 numbers/);
    expect(() => stepper.step(1)).toThrow(/1 number\n/);
    expect(() => stepper.step([1, Number.NaN, 3])).toThrow(/NaN at position 1/);
    const tokens = createStepper(built([layers.embedding({ inputDim: 4, outputDim: 2, name: "words" })], [1, 3]));
    for (const bad of [4, -1, 1.5, Number.NaN]) expect(() => tokens.step(bad)).toThrow(/words[\s\S]*from 0 to 3/);
    expect(stepper.state).toEqual(before);
  });

  test("a cell that fails in the middle of a step leaves the state as it was", () => {
    let failing = false;
    const cell = {
      stateSize: 2,
      call: (x: Tensor, [s]: readonly Tensor[]): [Tensor, Tensor] => {
        if (failing) throw new Error("no");
        const next = add(mul(s!, 0.5), mul(greater(x, 0), 1));
        return [next, next];
      },
    };
    const stepper = createStepper(built([layers.gru({ units: 2, ...sequences }), layers.rnn({ cell })]));
    stepper.step([1, 2, 3]);
    const before = stepper.state;
    failing = true;
    expect(() => stepper.step([1, 2, 3])).toThrow("no");
    expect(stepper.state).toEqual(before);
  });
});
