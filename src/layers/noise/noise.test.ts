import { describe, expect, test } from "vitest";
import { setSeed } from "../../tensor/generator.js";
import { ones } from "../../tensor/ops/creation.js";
import { randomNormal } from "../../tensor/ops/random.js";
import { moments } from "../../tensor/ops/reduce.js";
import type { Tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";
import type { Layer } from "../layer.js";

const SIZE = 200 * 300;
const draw = (layer: Layer, x: Tensor) => layer.apply(x, { training: true }) as Tensor;
const numbers = (t: Tensor) => [...t.dataSync()];

/** Mean and standard deviation. */
function statistics(t: Tensor): [number, number] {
  const { mean, variance } = moments(t);
  return [mean.dataSync()[0]!, Math.sqrt(variance.dataSync()[0]!)];
}

describe("distributions, within five standard errors", () => {
  test("gaussian noise: mean of the input, deviation stddev", () => {
    const [mean, deviation] = statistics(draw(layers.gaussianNoise({ stddev: 0.7, seed: 1 }), ones([200, 300])));
    expect(Math.abs(mean - 1)).toBeLessThan((5 * 0.7) / Math.sqrt(SIZE));
    expect(Math.abs(deviation - 0.7)).toBeLessThan((5 * 0.7) / Math.sqrt(2 * SIZE));
  });

  test("gaussian dropout: factors of mean 1 and deviation sqrt(rate / (1 - rate))", () => {
    const wanted = Math.sqrt(0.2 / 0.8);
    const [mean, deviation] = statistics(draw(layers.gaussianDropout({ rate: 0.2, seed: 1 }), ones([200, 300])));
    expect(Math.abs(mean - 1)).toBeLessThan((5 * wanted) / Math.sqrt(SIZE));
    expect(Math.abs(deviation - wanted)).toBeLessThan((5 * wanted) / Math.sqrt(2 * SIZE));
  });

  test("alpha dropout: mean 0 and deviation 1 stay; the share of dropped elements is the rate", () => {
    const x = randomNormal([200, 300], 0, 1, 7);
    const y = draw(layers.alphaDropout({ rate: 0.3, seed: 2 }), x);
    const [mean, deviation] = statistics(y);
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(SIZE));
    expect(Math.abs(deviation - 1)).toBeLessThan(5 / Math.sqrt(SIZE));
    const counts = new Map<number, number>();
    for (const v of numbers(y)) counts.set(v, (counts.get(v) ?? 0) + 1);
    const dropped = Math.max(...counts.values()) / SIZE;
    expect(Math.abs(dropped - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / SIZE));
  });

  test("spatial dropout: whole features, the same at every step, of the share asked for", () => {
    const rows = draw(layers.spatialDropout1d({ rate: 0.25, seed: 3 }), ones([50, 4, 100])).arraySync() as number[][][];
    for (const steps of rows) for (const step of steps) expect(step).toEqual(steps[0]);
    const first = rows.flatMap((steps) => steps[0]!);
    expect(first.every((v) => v === 0 || Math.abs(v - 4 / 3) < 1e-6)).toBe(true);
    const dropped = first.filter((v) => v === 0).length / 5000;
    expect(Math.abs(dropped - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 5000));
    expect(new Set(rows.map((steps) => JSON.stringify(steps[0]))).size).toBe(50);
  });

  test("spatial dropout of images drops whole channels, wherever they are", () => {
    for (const dataFormat of ["channelsLast", "channelsFirst"] as const) {
      const first = dataFormat === "channelsFirst";
      const layer = layers.spatialDropout2d({ rate: 0.5, seed: 3, dataFormat });
      const y = draw(layer, ones(first ? [30, 20, 3, 4] : [30, 3, 4, 20]));
      const planes = (first ? y : y.transpose([0, 3, 1, 2])).reshape([600, 12]).arraySync() as number[][];
      for (const plane of planes) expect(new Set(plane).size).toBe(1);
      const dropped = planes.filter(([v]) => v === 0).length / 600;
      expect(Math.abs(dropped - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / 600));
    }
  });
});

const all: [string, (options: { rate: number; seed?: number; name?: string }) => Layer][] = [
  ["spatialDropout1d", (o) => layers.spatialDropout1d(o)],
  ["gaussianDropout", (o) => layers.gaussianDropout(o)],
  ["alphaDropout", (o) => layers.alphaDropout(o)],
  ["gaussianNoise", ({ rate, ...o }) => layers.gaussianNoise({ stddev: rate, ...o })],
];

describe.each(all)("%s", (_, make) => {
  const x = ones([3, 4, 5]);

  test("does nothing outside of training, nor at a strength of 0", () => {
    expect(make({ rate: 0.5 }).apply(x)).toBe(x);
    expect(make({ rate: 0 }).apply(x, { training: true })).toBe(x);
  });

  test("a seed repeats the calls and does not freeze them; the state continues them", () => {
    const layer = make({ rate: 0.5, seed: 3, name: "noise" });
    const first = numbers(draw(layer, x));
    const state = layer.getState();
    const second = numbers(draw(layer, x));
    expect(second).not.toEqual(first);
    const again = make({ rate: 0.5, seed: 3, name: "noise" });
    expect([numbers(draw(again, x)), numbers(draw(again, x))]).toEqual([first, second]);
    again.setState(JSON.parse(JSON.stringify(state)));
    expect(numbers(draw(again, x))).toEqual(second);
    setSeed(4);
    const global = numbers(draw(make({ rate: 0.5 }), x));
    setSeed(4);
    expect(numbers(draw(make({ rate: 0.5 }), x))).toEqual(global);
  });

  test("lets the mask through and checks its options", () => {
    const mask = ones([3, 4], "bool");
    expect(make({ rate: 0.5 }).computeMask(x, mask)).toBe(mask);
    expect(() => make({ rate: -0.1 })).toThrow(/at least 0/);
    expect(() => make({ rate: Number.NaN })).toThrow(/at least 0/);
  });
});
