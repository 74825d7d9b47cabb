import { describe, expect, it } from "vitest";
import { variableGrads } from "../../autograd/index.js";
import { setSeed } from "../../tensor/generator.js";
import { add, addN, mul } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { randomNormal } from "../../tensor/ops/random.js";
import { sum } from "../../tensor/ops/reduce.js";
import { tanh } from "../../tensor/ops/unary.js";
import { profile } from "../../tensor/profile/profile.js";
import { scope } from "../../tensor/scope.js";
import { memory, type Tensor } from "../../tensor/tensor.js";
import { variable } from "../../tensor/variable.js";
import { layers } from "../index.js";
import type { RNNCell } from "./cell.js";
import type { RecurrentLayer, RecurrentOptions } from "./recurrent-layer.js";

type Make = (options: RecurrentOptions) => RecurrentLayer;
const [batch, time, inputs, units] = [3, 11, 2, 4];

/** A cell whose output is not a state, with a weight it does not tell anybody about. */
function outputCell(): RNNCell {
  const w = variable(randomNormal([inputs, units]), { name: "hidden" });
  return {
    stateSize: units,
    call(x, [h]) {
      const next = tanh(add(matMul(x, w), mul(h!, 0.5)));
      return [mul(next, add(h!, 1)), next];
    },
  };
}

const fused: [string, Make][] = [
  ["lstm", (o) => layers.lstm({ units, ...o })],
  ["lstm with dropout", (o) => layers.lstm({ units, dropout: 0.3, recurrentDropout: 0.3, ...o })],
  ["gru", (o) => layers.gru({ units, ...o })],
  ["gru, reset before", (o) => layers.gru({ units, resetAfter: false, ...o })],
  ["simpleRNN", (o) => layers.simpleRNN({ units, activation: "relu", ...o })],
  ["stacked", (o) => layers.rnn({ cell: [layers.gruCell({ units }), layers.lstmCell({ units })], ...o })],
];
const stepped: [string, Make][] = [
  ["lstm, unrolled", (o) => layers.lstm({ units, unroll: true, ...o })],
  ["lstm, a mask for each gate", (o) => layers.lstm({ units, implementation: 1, recurrentDropout: 0.3, ...o })],
  [
    "zoneout, drawn anew at every step",
    (o) => layers.rnn({ cell: layers.zoneoutCell({ cell: layers.gruCell({ units }), rates: 0.4 }), ...o }),
  ],
  ["layer norm", (o) => layers.rnn({ cell: layers.layerNormLSTMCell({ units }), ...o })],
  ["a cell of one's own", (o) => layers.rnn({ cell: outputCell(), ...o })],
];

/** Leading, trailing and long runs of masked steps, across the borders of stretches of 3 and 4 steps. */
const mask = [
  [1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0],
  [0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0],
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
];

const settings: [string, { options: RecurrentOptions; masked?: boolean; started?: boolean }][] = [
  ["the last output", { options: {} }],
  ["all outputs", { options: { returnSequences: true } }],
  ["backwards, all outputs", { options: { returnSequences: true, goBackwards: true }, started: true }],
  ["masked, the last output", { options: {}, masked: true, started: true }],
  ["masked, all outputs", { options: { returnSequences: true }, masked: true, started: true }],
  ["masked, backwards", { options: { returnSequences: true, goBackwards: true }, masked: true }],
  ["masked outputs are zero", { options: { returnSequences: true, zeroOutputForMask: true }, masked: true }],
];

/** Outputs, states and all gradients of a layer; everything random is drawn from the same seed. */
function everything(make: Make, setting: (typeof settings)[number][1], rematerialize: boolean | number) {
  setSeed(11);
  const layer = make({ ...setting.options, returnState: true, rematerialize });
  const x = variable(randomNormal([batch, time, inputs]), { name: "x" });
  layer.ensureBuilt(x.shape);
  const sizes = layer.computeOutputShapes(x.shape).slice(1);
  const starts = setting.started
    ? sizes.map((shape, i) => variable(randomNormal(shape as number[]), { name: `s${i}` }))
    : [];
  const results: number[][] = [];
  const { grads } = variableGrads(() => {
    const initialState = setting.started ? { initialState: starts } : {};
    const given = setting.masked ? { mask } : {};
    const outputs = layer.apply(x, { training: true, ...given, ...initialState }) as readonly Tensor[];
    results.push(...outputs.map((t) => [...t.dataSync()]));
    return addN(outputs.map((t) => sum(mul(t, randomNormal(t.shape)))));
  });
  const gradients = new Map([...grads].map(([v, g]) => [v.name.replace(/^.*\//, ""), [...g.dataSync()]]));
  return { results, gradients };
}

/** Most bytes in use during a training step, beyond those before. */
async function peak(make: (options: RecurrentOptions) => RecurrentLayer, length: number, rematerialize: boolean) {
  const layer = make({ rematerialize });
  const x = randomNormal([1, length, 1]);
  layer.ensureBuilt(x.shape);
  const before = memory().bytes;
  const step = () => scope(() => void variableGrads(() => sum(layer.apply(x, { training: true }) as Tensor)));
  return (await profile(step)).peakBytes - before;
}

describe("memory", () => {
  it.each<[string, Make, number]>([
    ["lstm", (o) => layers.lstm({ units: 32, ...o }), 1000],
    ["gru", (o) => layers.gru({ units: 32, ...o }), 1000],
    ["simpleRNN", (o) => layers.simpleRNN({ units: 32, ...o }), 1000],
    ["a step loop", (o) => layers.rnn({ cell: layers.minimalGatedUnitCell({ units: 32 }), ...o }), 49],
  ])("%s: grows with the square root of the length", async (_, make, length) => {
    const fixed = await peak(make, 1, true);
    const [short, middle, long] = [
      (await peak(make, length, true)) - fixed,
      (await peak(make, 4 * length, true)) - fixed,
      (await peak(make, 16 * length, true)) - fixed,
    ];
    // Twice as much for four times the length; size classes round by up to an eighth.
    expect(middle / short).toBeLessThan(2.3);
    expect(long / middle).toBeLessThan(2.3);
    expect((await peak(make, 4 * length, false)) - fixed).toBeGreaterThan(8 * middle);
  });
});

describe("the option", () => {
  it("is checked, and saved only where it is set", () => {
    for (const bad of [0, -1, 2.5, "yes"]) {
      expect(() => layers.gru({ units: 2, rematerialize: bad as number })).toThrow(
        /rematerialize must be true, false or/,
      );
    }
    expect(layers.gru({ units: 2 }).getConfig()).not.toHaveProperty("rematerialize");
    expect(layers.gru({ units: 2, rematerialize: 50 }).getConfig()).toHaveProperty("rematerialize", 50);
    expect(layers.gru({ units: 2, rematerialize: true }).clone().settings.rematerialize).toBe(true);
  });
});

describe.each([...fused, ...stepped])("%s", (name, make) => {
  const steps = stepped.some(([n]) => n === name);
  it.each(settings)("%s: the same with and without", (_, setting) => {
    const expected = everything(make, setting, false);
    // Sums of several gradients are rounded in another order where stretches meet.
    const bits = steps && !setting.masked && !setting.options.returnSequences;
    for (const length of [true, 3]) {
      const { results, gradients } = everything(make, setting, length);
      expect(results).toEqual(expected.results);
      expect([...gradients.keys()].sort()).toEqual([...expected.gradients.keys()].sort());
      for (const [variableName, values] of expected.gradients) {
        const scale = Math.max(...values.map(Math.abs), 1e-3);
        const found = gradients.get(variableName)!;
        for (const [i, value] of values.entries()) {
          if (bits) expect(found[i]).toBe(value);
          else expect(Math.abs(found[i]! - value) / scale).toBeLessThan(2e-6);
        }
      }
    }
  });
});
