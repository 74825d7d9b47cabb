import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/golden.js";
import { numbersLike } from "../../../test/support/sine.js";
import {
  callbacks,
  grad,
  layers,
  losses,
  type Model,
  mean,
  sequential,
  setSeed,
  type Tensor,
  tensor,
  zeros,
} from "../../index.js";
import type { StatisticsReport } from "./layer-statistics.js";

const x = tensor(numbersLike(2 * 5 * 3, 0.3), [2, 5, 3]);
const y = tensor(numbersLike(2, 0.8), [2, 1]);
const rms = (values: ArrayLike<number>) => Math.sqrt(Array.from(values).reduce((a, v) => a + v * v, 0) / values.length);

async function reportOf(model: Model, options = {}): Promise<StatisticsReport> {
  model.compile({ optimizer: "sgd", loss: "mse" });
  const statistics = callbacks.layerStatistics({ print: false, ...options });
  await model.fit(x, y, { callbacks: statistics, shuffle: false });
  return statistics.report!;
}

const make = () =>
  sequential([
    layers.lstm({ units: 4, name: "lstm", inputShape: [5, 3] }),
    layers.dropout({ rate: 0.4, name: "drop" }),
    layers.batchNormalization({ name: "norm" }),
    layers.dense({ units: 1, name: "out" }),
  ]);

describe("layerStatistics", () => {
  test("measures what the tensors are", async () => {
    setSeed(1);
    const lstm = layers.lstm({ units: 4, name: "lstm", inputShape: [5, 3], returnSequences: true });
    const model = sequential([lstm, layers.globalAveragePooling1d(), layers.dense({ units: 1, name: "out" })]);
    const hidden = lstm.apply(x) as Tensor;
    const output = model.predict(x);
    const loss = (input: Tensor) => mean(losses.meanSquaredError().call(y, model.apply(input)));
    const dx = grad(loss)(x);
    const dBias = (output.dataSync()[0]! - y.dataSync()[0]! + output.dataSync()[1]! - y.dataSync()[1]!) as number;
    const {
      layers: [first, , last],
      step,
    } = await reportOf(model);
    expect(step).toBe(0);
    expect(first!.activations.rms).toBeCloseTo(rms(hidden.dataSync()), 6);
    expect(last!.activations.rms).toBeCloseTo(rms(output.dataSync()), 6);
    expect(last!.gradients!.max).toBeGreaterThanOrEqual(Math.abs(dBias) - 1e-6);
    const at = (t: Tensor, size: number, k: number) =>
      rms([0, 1].flatMap((b) => [...t.dataSync().slice((b * 5 + k) * size, (b * 5 + k + 1) * size)]));
    expectClose(
      first!.activationsByStep!,
      [0, 1, 2, 3, 4].map((k) => at(hidden, 4, k)),
      1e-6,
    );
    expectClose(
      first!.gradientsByStep!,
      [0, 1, 2, 3, 4].map((k) => at(dx, 3, k)),
      1e-6,
    );
    expect(last!.gradientsByStep).toBeNull();
  });

  test("leaves the training as it is, to the bit", async () => {
    const train = async (options: object) => {
      setSeed(5);
      const model = make();
      model.compile({ optimizer: "adam", loss: "mse" });
      await model.fit(x, y, { epochs: 4, batchSize: 1, ...options });
      return model.getWeights().map((w) => w.dataSync());
    };
    expect(await train({ callbacks: callbacks.layerStatistics({ every: 1, print: false }) })).toEqual(await train({}));
  });

  test.each([
    ["lstm", [0, 1, 3], ["input", "forget", "output"]],
    ["gru", [0, 1], ["update", "reset"]],
  ] as const)("knows the saturated gates of a %s", async (kind, blocks, names) => {
    const layer = layers[kind]({ units: 2, name: kind, inputShape: [5, 3] });
    const model = sequential([layer, layers.dense({ units: 1 })]);
    const [kernel, recurrent, bias] = layer.getWeights() as [Tensor, Tensor, Tensor];
    // Only biases: 4 saturates a gate (sigmoid 0.982), -2 does not (0.119).
    const shifts = new Float32Array(bias.size);
    for (const [i, block] of blocks.entries()) {
      shifts[block * 2] = 4;
      shifts[block * 2 + 1] = i === 0 ? -4 : -2;
    }
    layer.setWeights([zeros(kernel.shape), zeros(recurrent.shape), tensor(shifts, bias.shape)]);
    const {
      layers: [first],
      warnings,
    } = await reportOf(model);
    expect(first!.saturation).toEqual(Object.fromEntries(names.map((name, i) => [name, i === 0 ? 1 : 0.5])));
    expect(warnings.join("\n")).toMatch(
      new RegExp(`layer 0 \\(${kind}\\): the ${names[0]} gate is saturated \\(100 %`),
    );
  });

  test("warns of gradients that vanish through time, and of dead outputs", async () => {
    const weak = layers.simpleRNN({ units: 2, name: "weak", inputShape: [5, 3], activation: "tanh" });
    const model = sequential([
      weak,
      layers.dense({ units: 3, name: "dead", activation: "relu" }),
      layers.dense({ units: 1 }),
    ]);
    weak.setWeights([
      weak.getWeights()[0]!,
      tensor([
        [0.01, 0],
        [0, 0.01],
      ]),
      zeros([2]),
    ]);
    const printed: string[] = [];
    const print = console.log;
    console.log = (line: string) => printed.push(line);
    try {
      await reportOf(model, { print: true });
      model.getLayer("dead").setWeights([zeros([2, 3]), tensor([-1, -1, -1])]);
      const { warnings } = await reportOf(model, { vanishing: 1e-3 });
      expect(warnings).toContain(`${model.getLayer("dead").describe()}: 100 % of the outputs are zero`);
      expect(warnings.join("\n")).toMatch(/layer 0 \(weak\): the gradients vanish \(0/);
    } finally {
      console.log = print;
    }
    expect(printed.join("\n")).toMatch(/step 0: .*layer 0 \(weak\): the gradients vanish through time \(.*e-/);
  });

  test("warns of gradients that explode", async () => {
    const model = sequential([
      layers.dense({ units: 1, name: "wild", inputShape: [5, 3] }),
      layers.flatten(),
      layers.dense({ units: 1 }),
    ]);
    const { warnings } = await reportOf(model, { exploding: 1e-6 });
    expect(warnings[0]).toMatch(/layer 0 \(wild\): the gradients explode/);
    expect(() => callbacks.layerStatistics({ every: 0 })).toThrow(/every/);
  });
});
