import { describe, expect, test } from "vitest";
import { expectClose, type GoldenArray, readGolden, toTensor } from "../../test/support/golden.js";
import { deserializeLayer } from "../layers/serialize.js";
import { sequential } from "../model/sequential.js";
import { type Loss, losses } from "./losses/index.js";
import { optimizerFromConfig } from "./optimizers/index.js";

interface Described {
  className: string;
  options: Record<string, unknown>;
}
interface Case {
  id: string;
  model: { layers?: Described[]; options?: { layers: Described[] } };
  optimizer: Described;
  loss: Described;
  weights: { name: string; shape: number[]; value: number[]; final: number[] }[];
  batches: { x: GoldenArray; y: GoldenArray; sampleWeight?: GoldenArray }[];
  losses: number[];
  prediction: GoldenArray | number[];
}

const camel = (name: string) => (/^L\d/.test(name) ? name.toLowerCase() : `${name[0]!.toLowerCase()}${name.slice(1)}`);

/** Keras' layers are ours; its regularizers and constraints become { name, …options }. */
function layerSpec({ className, options }: Described): { className: string; config: Record<string, unknown> } {
  const config = Object.entries(options).map(([key, value]) => {
    const nested = value as Described | null;
    if (typeof nested !== "object" || nested === null || !("className" in nested)) return [key, value];
    if (/Regularizer$|Constraint$/.test(key)) return [key, { name: camel(nested.className), ...nested.options }];
    return [key, layerSpec(nested)];
  });
  return { className, config: Object.fromEntries(config) };
}

const { cases: golden } = readGolden<{ cases: Case[] }>("training");

describe("ten steps of training are Keras'", () => {
  test("there are cases", () => expect(golden.length).toBeGreaterThanOrEqual(10));

  test.each(golden.map((c) => [c.id, c] as const))("%s", async (_, c) => {
    const layers = c.model.layers ?? c.model.options!.layers;
    const model = sequential(layers.map((layer) => deserializeLayer(layerSpec(layer))));
    model.compile({
      optimizer: optimizerFromConfig({ className: c.optimizer.className, config: c.optimizer.options }),
      loss: (losses[camel(c.loss.className) as keyof typeof losses] as (options: object) => Loss)(c.loss.options),
    });
    model.build(c.batches[0]!.x.shape);
    model.setWeights(c.weights.map((w) => toTensor(w)));
    const seen: number[] = [];
    for (const { x, y, sampleWeight } of c.batches) {
      const weight = sampleWeight ? toTensor(sampleWeight) : undefined;
      seen.push((await model.trainOnBatch(toTensor(x), toTensor(y), weight)).loss!);
    }
    expectClose(seen, c.losses, 1e-5);
    model.weights.forEach((w, i) => {
      expectClose(w.dataSync(), c.weights[i]!.final, 2e-5);
    });
    const prediction = "value" in c.prediction ? c.prediction.value : c.prediction;
    expectClose(model.predict(toTensor(c.batches[0]!.x)).dataSync(), prediction, 2e-5);
  });
});
