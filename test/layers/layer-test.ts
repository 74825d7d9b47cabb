import { expect } from "vitest";
import { Generator, GradientTape, input, model, scope, type Tensor, tensor } from "../../src/index.js";
import { type BatchShape, deserializeLayer, type Layer, layers, serializeLayer } from "../../src/layers/index.js";
import { Tensor as TensorClass } from "../../src/tensor/tensor.js";
import { onBackend, otherBackends } from "../support/backends.js";
import { expectClose } from "../support/golden.js";

/** One way to use a layer. */
export interface LayerSample {
  readonly make: () => Layer;
  /** Shape of the input, batch axis included. */
  readonly shape: readonly number[];
  /** Shapes of further inputs, for layers that take several. */
  readonly others?: readonly (readonly number[])[];
  /** Inputs are whole numbers in [0, tokens): all of them, or those that have a number here. */
  readonly tokens?: number | readonly (number | null)[];
  /** Also with a mask that has holes. */
  readonly masked?: boolean;
}

const outputsOf = (result: Tensor | readonly Tensor[]) => (result instanceof TensorClass ? [result] : result);

/** How many whole numbers input i is drawn from; null for any numbers. */
const tokensOf = ({ tokens }: LayerSample, i: number): number | null =>
  typeof tokens === "object" ? (tokens[i] ?? null) : (tokens ?? null);

/** Numbers in (-1, 1), or whole numbers, without a pattern. */
function values(shape: readonly number[], tokens: number | null, which: number): Float32Array {
  const random = new Generator(shape.length * 100 + shape.at(-1)! + 1000 * which);
  const size = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: size }, () => (tokens ? random.int(tokens) : random.uniform(-1, 1)));
}

const inputsOf = (sample: LayerSample): Tensor[] =>
  [sample.shape, ...(sample.others ?? [])].map((shape, i) => tensor(values(shape, tokensOf(sample, i), i), shape));

const holes = (batch: number, time: number) =>
  tensor(
    Int32Array.from({ length: batch * time }, (_, i) => Number(i % 3 !== 1)),
    [batch, time],
    "bool",
  );

/** Weights by formula, so that every backend and every copy of the layer has the same. */
function setWeights(layer: Layer): void {
  for (const [k, v] of layer.weights.entries()) {
    // A variance is never negative.
    const offset = v.name.endsWith("variance") ? 1 : 0;
    v.assign(
      tensor(
        Float32Array.from({ length: v.size }, (_, i) => offset + 0.6 * Math.sin(1.3 * i + 0.21 * i * i + k + 0.5)),
        v.shape,
      ),
    );
  }
}

interface Run {
  readonly outputs: Float32Array[];
  readonly gradients: Float32Array[];
}

/** Outputs, and gradients of sum(outputs · something uneven) for all trainable weights and the input. */
function run(layer: Layer, sample: LayerSample, useMask: boolean): Run {
  return scope(() => {
    const inputs = inputsOf(sample);
    layer.ensureBuiltMany(inputs.map((input) => input.shape));
    setWeights(layer);
    const masks = inputs.map(({ shape }) => (useMask ? holes(shape[0]!, shape[1]!) : null));
    using tape = new GradientTape();
    tape.watch(...inputs);
    const outputs = outputsOf(layer.callMany(inputs, { training: false, masks }));
    const seeds = outputs.map((o, k) =>
      tensor(
        Float32Array.from({ length: o.size }, (_, i) => Math.cos(i * i + k)),
        o.shape,
      ),
    );
    const sources = [...layer.trainableWeights, ...inputs.filter((_, i) => tokensOf(sample, i) === null)];
    const gradients = sources.length === 0 ? [] : tape.gradient(outputs, sources, seeds);
    return {
      outputs: outputs.map((o) => o.dataSync() as Float32Array),
      gradients: gradients.map((g, i) => {
        expect(
          g,
          `${layer.name}: no gradient for ${i < layer.trainableWeights.length ? layer.trainableWeights[i]!.name : "the input"}`,
        ).not.toBeNull();
        return g!.dataSync() as Float32Array;
      }),
    };
  });
}

function expectSameRun(actual: Run, expected: Run, tolerance: number): void {
  expect(actual.outputs.length).toBe(expected.outputs.length);
  expect(actual.gradients.length).toBe(expected.gradients.length);
  for (const [i, o] of actual.outputs.entries()) expectClose(o, expected.outputs[i]!, tolerance);
  for (const [i, g] of actual.gradients.entries()) expectClose(g, expected.gradients[i]!, 10 * tolerance);
}

/**
 * Trains a model around the layer by `trainOnBatch`. A dense layer before it learns as well, so that a layer without
 * weights is tested too: its gradient must lead downhill.
 */
async function expectTrainingHelps(layer: Layer, sample: LayerSample): Promise<void> {
  const shapes = [sample.shape, ...(sample.others ?? [])];
  const dtype = (i: number) => (tokensOf(sample, i) === null ? "float32" : "int32");
  const x = shapes.map((shape, i) => input({ shape: shape.slice(1), dtype: dtype(i), name: `x${i}` }));
  const before = x.map((each, i) =>
    dtype(i) === "int32" ? each : layers.dense({ units: shapes[i]!.at(-1)!, name: `before_${i}` }).apply(each),
  );
  const outputs = [...layer.apply(before)];
  const trained = model({ inputs: x, outputs });
  const inputs = inputsOf(sample);
  const random = new Generator(77);
  const targets = outputs.map(({ shape }) => {
    const size = [sample.shape[0]!, ...shape.slice(1)] as number[];
    return tensor(
      Float32Array.from({ length: size.reduce((a, b) => a * b, 1) }, () => random.uniform(-1, 1)),
      size,
    );
  });
  trained.compile({ optimizer: "adam", learningRate: 0.02, loss: "meanSquaredError" });
  const run = async (train: boolean) => {
    trained.resetStates();
    return (await (train ? trained.trainOnBatch(inputs, targets) : trained.testOnBatch(inputs, targets)))["loss"]!;
  };
  // Where statistics are learned besides the weights, outputs outside of training need not follow so soon.
  const statistics = layer.nonTrainableWeights.length > 0;
  const start = await run(statistics);
  for (let step = 0; step < 12; step++) await run(true);
  expect(await run(statistics), `${layer.name}: training did not lower the loss`).toBeLessThan(start);
}

/**
 * What holds for every layer: shapes are announced as they come, the config makes an equal layer, gradients reach all
 * weights, backends agree, and training lowers a loss.
 */
export async function runLayerTest(className: string, sample: LayerSample): Promise<void> {
  const layer = sample.make();
  expect(layer.className).toBe(className);

  // Shapes: announced exactly, and also while batch and time are unknown.
  const shapes = [sample.shape, ...(sample.others ?? [])];
  const first = scope(() => {
    const inputs = inputsOf(sample);
    return outputsOf(layer.apply(inputs.length === 1 ? inputs[0]! : inputs)).map((o) => o.shape);
  });
  expect(layer.computeOutputShapesMany(shapes, {})).toEqual(first);
  if (shapes.length === 1) expect(layer.computeOutputShape(sample.shape)).toEqual(first[0]);
  const open = shapes.map(
    (shape): BatchShape => shape.map((n, axis) => (axis === 0 || (axis === 1 && shape.length > 2) ? null : n)),
  );
  for (const [i, announced] of layer.computeOutputShapesMany(open, {}).entries()) {
    expect(announced.length).toBe(first[i]!.length);
    announced.forEach((n, axis) => {
      if (n !== null) expect(n).toBe(first[i]![axis]);
    });
  }

  // Gradients reach every weight, and not all of a weight's gradient is zero.
  const reference = onBackend("reference", () => run(sample.make(), sample, false));
  for (const g of reference.gradients) expect(g.some((v) => v !== 0)).toBe(true);

  // Through JSON and back: the same config, and with the same weights the same function.
  const spec = serializeLayer(layer);
  const text = JSON.stringify(spec);
  const again = deserializeLayer(JSON.parse(text));
  expect(again.constructor).toBe(layer.constructor);
  expect(serializeLayer(again)).toEqual(JSON.parse(text));
  expectSameRun(
    onBackend("reference", () => run(deserializeLayer(JSON.parse(text)), sample, false)),
    reference,
    0,
  );

  for (const useMask of sample.masked ? [false, true] : [false]) {
    const expected = onBackend("reference", () => run(sample.make(), sample, useMask));
    for (const name of otherBackends()) {
      expectSameRun(
        onBackend(name, () => run(sample.make(), sample, useMask)),
        expected,
        1e-5,
      );
    }
  }
  await expectTrainingHelps(sample.make(), sample);
}
