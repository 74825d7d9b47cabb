import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/golden.js";
import { sequential } from "../../model/sequential.js";
import { ones, zeros } from "../../tensor/ops/creation.js";
import { randomNormal } from "../../tensor/ops/random.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";
import type { Cell } from "./cell.js";

const numbers = (t: unknown) => [...(t as Tensor).dataSync()];
const all: [string, () => Cell][] = [
  ["peepholeLSTMCell", () => layers.peepholeLSTMCell({ units: 3 })],
  ["coupledLSTMCell", () => layers.coupledLSTMCell({ units: 3 })],
  ["projectedLSTMCell", () => layers.projectedLSTMCell({ units: 3, projectionUnits: 2 })],
  ["layerNormLSTMCell", () => layers.layerNormLSTMCell({ units: 3 })],
  ["layerNormGRUCell", () => layers.layerNormGRUCell({ units: 3 })],
  ["minimalGatedUnitCell", () => layers.minimalGatedUnitCell({ units: 3 })],
  ["jordanCell", () => layers.jordanCell({ units: 3, outputUnits: 2 })],
  ["tripleGatedCell", () => layers.tripleGatedCell({ units: 3, inputUnits: 5, outputUnits: 2 })],
  ["chainedTanhCell", () => layers.chainedTanhCell({ units: 3, outputUnits: 2 })],
  ["zoneoutCell", () => layers.zoneoutCell({ cell: layers.lstmCell({ units: 3 }), rates: 0.2, seed: 1 })],
];

describe.each(all)("%s", (_, make) => {
  test("lowers a loss, in both directions, with dropout", async () => {
    const wrapped = layers.bidirectional({ layer: layers.rnn({ cell: make() }), inputShape: [null, 2] });
    const model = sequential([wrapped, layers.dense({ units: 1 })]);
    model.compile({ optimizer: "adam", loss: "meanSquaredError", learningRate: 0.05 });
    const x = randomNormal([16, 4, 2], 0, 1, 3);
    const { history } = await model.fit(x, ones([16, 1]), { epochs: 8, verbose: 0 });
    const losses = history["loss"] as number[];
    expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!);
  });

  test("masked steps change nothing", () => {
    const layer = layers.rnn({ cell: make() });
    const x = randomNormal([2, 3, 2], 0, 1, 4);
    const padded = layers.zeroPadding1d({ padding: [0, 2] }).apply(x) as Tensor;
    const mask = [
      [1, 1, 1, 0, 0],
      [1, 1, 1, 0, 0],
    ];
    expectClose(numbers(layer.apply(padded, { mask })), numbers(layer.apply(x)), 1e-6);
  });
});

test("peepholes of 0 are an LSTM, and a cell that shows its memory is not", () => {
  const x = randomNormal([2, 4, 3], 0, 1, 5);
  const cell = layers.peepholeLSTMCell({ units: 3 });
  const layer = layers.rnn({ cell });
  layer.ensureBuilt(x.shape);
  const plain = layers.lstm({ units: 3 });
  plain.ensureBuilt(x.shape);
  plain.setWeights(layer.getWeights().slice(0, 3));
  expect(numbers(layer.apply(x))).not.toEqual(numbers(plain.apply(x)));
  cell.peepholeKernel.assign(zeros([3, 3]));
  expectClose(numbers(layer.apply(x)), numbers(plain.apply(x)), 1e-6);
});

test("the forget gate starts open where there is one", () => {
  for (const cell of [
    layers.peepholeLSTMCell({ units: 2 }),
    layers.projectedLSTMCell({ units: 2, projectionUnits: 1 }),
    layers.layerNormLSTMCell({ units: 2 }),
  ]) {
    cell.ensureBuilt([null, 1]);
    expect(numbers(cell.bias)).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  }
});

test("recurrent dropout has the size of what is fed back", () => {
  for (const implementation of [1, 2] as const) {
    const options = { units: 3, recurrentDropout: 0.5, dropout: 0.2, implementation, seed: 1 };
    const variants = [
      layers.jordanCell({ ...options, outputUnits: 2 }),
      layers.projectedLSTMCell({ ...options, projectionUnits: 2 }),
      layers.minimalGatedUnitCell(options),
      layers.tripleGatedCell({ ...options, inputUnits: 4, outputUnits: 2 }),
      layers.chainedTanhCell(options),
      layers.layerNormGRUCell(options),
    ];
    for (const cell of variants) {
      const layer = layers.rnn({ cell });
      const x = ones([1, 3, 2]);
      expect(numbers(layer.apply(x, { training: true }))).not.toEqual(numbers(layer.apply(x)));
    }
  }
});

describe("zoneout", () => {
  /** From zeros, whose states stay zero where they are held back. */
  const share = (rates: number | number[], state: number) => {
    const cell = layers.zoneoutCell({ cell: layers.lstmCell({ units: 400 }), rates, seed: 2 });
    const layer = layers.rnn({ cell, returnState: true });
    const results = layer.apply(ones([50, 1, 2]), { training: true }) as readonly Tensor[];
    const values = numbers(results[1 + state]);
    return values.filter((v) => v === 0).length / values.length;
  };

  test("holds back the share asked for, of each state", () => {
    const error = (rate: number) => 5 * Math.sqrt((rate * (1 - rate)) / 20000);
    expect(Math.abs(share([0.3, 0.6], 0) - 0.3)).toBeLessThan(error(0.3));
    expect(Math.abs(share([0.3, 0.6], 1) - 0.6)).toBeLessThan(error(0.6));
    expect(share(0, 0)).toBe(0);
  });

  test("the output is the held state; a seed repeats the calls and its place is saved", () => {
    const make = () => {
      const cell = layers.zoneoutCell({ cell: layers.gruCell({ units: 8 }), rates: 0.5, seed: 2 });
      const layer = layers.rnn({ cell, returnState: true, name: "held" });
      layer.ensureBuilt([null, null, 2]);
      layer.setWeights(weights);
      return layer;
    };
    const weights = [randomNormal([2, 24], 0, 1, 1), randomNormal([8, 24], 0, 1, 2), zeros([2, 24])];
    const x = randomNormal([2, 5, 2], 0, 1, 3);
    const layer = make();
    const call = (of: typeof layer) => (of.apply(x, { training: true }) as readonly Tensor[]).map(numbers);
    const first = call(layer);
    expect(first[0]).toEqual(first[1]);
    const state = layer.getState();
    const second = call(layer);
    expect(second).not.toEqual(first);
    const again = make();
    expect(call(again)).toEqual(first);
    again.setState(JSON.parse(JSON.stringify(state)));
    expect(call(again)).toEqual(second);
  });

  test("rates that do not fit are refused", () => {
    const cell = layers.lstmCell({ units: 2 });
    expect(() => layers.zoneoutCell({ cell, rates: [0.1] })).toThrow(/2 for LSTMCell/);
    expect(() => layers.zoneoutCell({ cell, rates: 1 })).toThrow(/below 1/);
    expect(() => layers.zoneoutCell({ cell: 3 as never, rates: 0 })).toThrow(/zoneoutCell cannot use this as a cell/);
  });
});

test("a Jordan network by hand: h = 2 x + y, y = 3 h", () => {
  const layer = layers.rnn({
    cell: layers.jordanCell({ units: 1, outputUnits: 1, activation: "linear", useBias: false }),
    returnSequences: true,
  });
  layer.ensureBuilt([null, null, 1]);
  layer.setWeights([tensor([[2]]), tensor([[1]]), tensor([[3]])]);
  expect(numbers(layer.apply([[[1], [0], [1]]]))).toEqual([6, 18, 60]);
});
